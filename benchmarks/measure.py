"""One contestant, one process: wall seconds, CPU seconds and peak memory of it and all it starts; medians of runs.

CPU seconds are user + system of the process and its children, not of PostgreSQL, which runs by itself.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
UNCOUNTED = ("start", "compare", "fuse")
"""Steps told by themselves, but no part of the sum: imports and connections, comparison of contents, fusion."""


class Broken(Exception):
    """A contestant that ended with an error; the message has the end of what it said."""


@dataclass(frozen=True, slots=True)
class Run:
    """steps: name -> (wall, CPU) seconds; wall, cpu: of the counted steps; peak_mb: of the whole process."""

    steps: dict[str, tuple[float, float]]
    facts: dict[str, Any]
    process_wall: float
    process_cpu: float
    peak_mb: float

    @property
    def wall(self) -> float:
        """Wall seconds of the counted steps."""
        return sum(taken[0] for name, taken in self.steps.items() if name not in UNCOUNTED)

    @property
    def cpu(self) -> float:
        """CPU seconds of the counted steps."""
        return sum(taken[1] for name, taken in self.steps.items() if name not in UNCOUNTED)


@dataclass
class Contestant:
    """name: as the table shows it; command: from the file for its result to what runs after the interpreter."""

    name: str
    command: Callable[[Path], Sequence[str]] = lambda result: []
    python: str = sys.executable
    runs: list[Run] = field(default_factory=list)

    def run(self, result: Path, variables: dict[str, str] | None = None) -> Run:
        """Run once, remember and return what it took. Raises Broken."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("GOVPIPES_", "DAGSTER_"))}
        environment |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"} | (variables or {})
        said = result.with_suffix(".log")
        started = time.perf_counter()
        with said.open("wb") as log:
            process = subprocess.Popen(
                [self.python, *self.command(result)], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            end = said.read_text(encoding="utf-8", errors="replace")[-1500:]
            raise Broken(f"{self.name} ended with {process.returncode}:\n{end}")
        told = json.loads(result.read_text(encoding="utf-8"))
        steps = {name: (taken[0], taken[1]) for name, taken in told["steps"].items()}
        run = Run(steps, told["facts"], wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        self.runs.append(run)
        return run

    def row(self) -> dict[str, Any]:
        """The medians of its runs: seconds, CPU seconds, peak memory in MB, and of each step."""
        names = {name: None for run in self.runs for name in run.steps}
        return {
            "contestant": self.name,
            "runs": len(self.runs),
            "seconds": round(median(run.wall for run in self.runs), 3),
            "cpu_seconds": round(median(run.cpu for run in self.runs), 3),
            "peak_mb": round(max(run.peak_mb for run in self.runs)),
            "steps": {name: self._step(name) for name in names},
        }

    def _step(self, name: str) -> dict[str, float]:
        taken = [run.steps[name] for run in self.runs if name in run.steps]
        return {"seconds": round(median(t[0] for t in taken), 3), "cpu_seconds": round(median(t[1] for t in taken), 3)}


def module(name: str, *arguments: object, after: Sequence[str] = ()) -> Callable[[Path], Sequence[str]]:
    """The command `python -m benchmarks.<name> <arguments> <result> <after>`."""
    return lambda result: ["-m", f"benchmarks.{name}", *map(str, arguments), str(result), *after]


def interleaved(contestants: Sequence[Contestant], round_number: int, result: Path) -> list[Run]:
    """Run each once, starting with another one each round, and see that all did the same work.

    Raises Broken when their rows or contents differ: then no figure counts.
    """
    turned = [*contestants[round_number % len(contestants) :], *contestants[: round_number % len(contestants)]]
    runs = {contestant.name: contestant.run(result) for contestant in turned}
    said = {name: run.facts for name, run in runs.items()}
    if len({json.dumps(facts, sort_keys=True) for facts in said.values()}) > 1:
        raise Broken(f"the contestants did not do the same work: {json.dumps(said)}")
    return [runs[contestant.name] for contestant in contestants]
