"""The command, run in this process as a person would type it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from govpipes.cli import app

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def govpipes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path) -> Run:
    """Run the command in a home of its own; gives exit code, stdout, stderr."""
    monkeypatch.setenv("GOVPIPES_HOME", str(home))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["govpipes", *arguments])
        with pytest.raises(SystemExit) as end:
            app.run()
        written = capsys.readouterr()
        return int(end.value.code or 0), written.out, written.err

    return run
