"""A progress bar where somebody watches; plain lines where the output goes to a file.

What is reported is up to the caller; nothing here knows what a step is.
"""

import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from govpipes.cli.output import messages


class Reporter:
    """Progress on stderr, so that results on stdout stay clean. Used as a context manager.

    quiet: show nothing at all.
    """

    def __init__(self, *, total: int | None = None, quiet: bool = False) -> None:
        self._console = messages()
        self._quiet = quiet
        self._began = time.monotonic()
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

    def done(self, what: str) -> None:
        """The larger thing has ended: advance, and leave a line."""
        self._bar.advance(self._task)
        if not self._quiet:
            seconds = time.monotonic() - self._began
            self._console.print(f"{what} ({seconds:.1f} s)", markup=False, soft_wrap=True)
