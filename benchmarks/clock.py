"""How time is taken inside a contestant: wall and CPU seconds (all threads of the process) of each named step."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Clock:
    """steps: name -> [wall seconds, CPU seconds], added up where a name comes twice; facts: what else is to be told."""

    steps: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of what is done within."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        before = self.steps.get(name, [0.0, 0.0])
        self.steps[name] = [before[0] + time.perf_counter() - wall, before[1] + time.process_time() - cpu]

    def write(self, file: Path) -> None:
        """Hand the times over to the process that started this one."""
        file.write_text(json.dumps({"steps": self.steps, "facts": self.facts}), encoding="utf-8")
