"""The errors a person can act on.

Every failure that can be expected (a wrong password, a typo in a contract, a held day) is raised as a
`GovpipesError`; its text is the whole message, shown without a traceback. Programming errors stay ordinary exceptions.
What does not belong here: catching, logging or printing; the CLI and orchestration do that.
"""

import errno
import os
from collections.abc import Sequence
from datetime import date

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class GovpipesError(Exception):
    """An expected failure: what happened, where, what was found, what is allowed, what to do.

    `exit_code` is what the `govpipes` command ends with when this error reaches it.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        dataset: str | None = None,
        day: date | None = None,
        found: str | None = None,
        allowed: str | None = None,
        next_step: str | None = None,
    ) -> None:
        self.message = message
        self.dataset = dataset
        self.day = day
        self.found = found
        self.allowed = allowed
        self.next_step = next_step
        super().__init__(self._text())

    def _text(self) -> str:
        place = " ".join(str(part) for part in (self.dataset, self.day) if part is not None)
        lines = [f"{place}: {self.message}" if place else self.message]
        labelled = (("found", self.found), ("allowed", self.allowed), ("next", self.next_step))
        lines += [f"  {label}: {text}" for label, text in labelled if text]
        return "\n".join(lines)

    def located(self, dataset: str, day: date) -> "GovpipesError":
        """The same error, saying which dataset and day it concerns; for code that knows them only later."""
        self.dataset = self.dataset or dataset
        self.day = self.day or day
        self.args = (self._text(),)
        return self


class CatalogueError(GovpipesError):
    """The catalogue cannot be used; `problems` holds every problem found, not just the first."""

    exit_code = 3

    def __init__(self, problems: Sequence[object], *, next_step: str | None = None) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"the catalogue has {count} problem{'' if count == 1 else 's'}\n{lines}", next_step=next_step)


class SourceError(GovpipesError):
    """A department's system cannot be read as its contract says."""

    exit_code = 4


class SchemaError(SourceError):
    """The source's columns are not those of the contract."""


class GateError(GovpipesError):
    """A dataset-day is held: there is no passing verdict for exactly these bytes."""

    exit_code = 5


class WarehouseError(GovpipesError):
    """The warehouse or a release cannot be written or read."""

    exit_code = 6


class SettingsError(GovpipesError):
    """A setting is missing or cannot be used."""

    exit_code = 7


def disk_is_full(error: BaseException) -> bool:
    """Whether the system or a library says that there is no room left: on the disk, in a quota, or for a file."""
    text = str(error)
    return getattr(error, "errno", None) in _FULL or any(os.strerror(number) in text for number in _FULL)
