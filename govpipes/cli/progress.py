"""A progress bar where somebody watches; plain lines where the output goes to a file.

What is reported is up to the caller; nothing here knows what a step is.
"""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from govpipes.cli.output import messages

if TYPE_CHECKING:
    from govpipes.pipeline.work import Work


class Reporter:
    """Progress on stderr, so that results on stdout stay clean. Used as a context manager.

    quiet: show nothing at all.
    """

    def __init__(self, *, total: int | None = None, quiet: bool = False) -> None:
        self._console = messages()
        self._quiet = quiet
        self._began = self._opened = time.monotonic()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[now]}", style="dim", markup=False),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total, now="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def start(self, what: str) -> None:
        """Something larger begins."""
        self._began = time.monotonic()
        self._bar.update(self._task, description=what, now="")

    def step(self, what: str) -> None:
        """Something small happens within it."""
        self._bar.update(self._task, now=what)

    def ended(self, work: "Work") -> None:
        """A piece of work has ended."""
        days = f"{work.days[0]} … {work.days[-1]}" if len(work.days) > 1 else str(work.days[0])
        self.done(f"{', '.join(work.datasets)} {days}", len(work.days))

    def done(self, what: str, parts: int = 1) -> None:
        """So many parts of the whole have ended: advance, and leave a line, with the time left where it is known."""
        self._bar.advance(self._task, parts)
        task = self._bar.tasks[0]
        seconds = time.monotonic() - self._began
        left = ""
        if task.total is not None and parts < task.total and 0 < task.completed < task.total:
            remaining = (time.monotonic() - self._opened) / task.completed * (task.total - task.completed)
            left = f"; {task.completed:.0f} of {task.total:.0f}, about {remaining:.0f} s left"
        if not self._quiet:
            self._console.print(f"{what} ({seconds:.1f} s{left})", markup=False, soft_wrap=True)
        self._began = time.monotonic()
