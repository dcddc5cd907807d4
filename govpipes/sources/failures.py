"""Turning what drivers and the file system say into messages a department's staff can act on.

Passwords never pass: every text from a driver goes through `redact`.
"""

import difflib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from govpipes.catalogue.model import Budget
from govpipes.errors import SchemaError, SourceError, disk_is_full
from govpipes.sources.systems import System

_SHOWN = 12


def redact(text: str, system: System) -> str:
    """`text` without the system's password, in one line per sentence."""
    secret = system.password
    cleaned = text.strip()
    return cleaned.replace(secret, "***") if secret else cleaned


def nearest(name: str, names: Iterable[str]) -> str:
    """The names most like `name`, for a message; else the first of them."""
    known = sorted(set(names))
    by_fold = {other.casefold(): other for other in known}
    close = [by_fold[hit] for hit in difflib.get_close_matches(name.casefold(), by_fold, n=3, cutoff=0.5)]
    if close:
        return f"nearest: {', '.join(close)}"
    return listed(known) if known else "nothing"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" … ({len(names) - _SHOWN} more)" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def require_columns(where: str, needed: Iterable[str], found: Sequence[str]) -> None:
    """Raise SchemaError when a key, cursor or delete column is not among the source's columns."""
    missing = [name for name in dict.fromkeys(needed) if name not in found]
    if missing:
        raise SchemaError(
            f"{where} has no column {', '.join(missing)}",
            found=f"{len(found)} columns: {listed(list(found))}",
            allowed="; ".join(f"{name} ({nearest(name, found)})" for name in missing),
            next_step="correct key, cursor or deletes in the contract, or ask the department what it changed",
        )


@contextmanager
def reading(system: System, what: str, target: Path | None = None, budget: Budget | None = None) -> Iterator[None]:
    """Everything between asking a source and having its Parquet file: expected failures become SourceErrors."""
    try:
        yield
    except SourceError as error:
        if budget is None or not _took_too_long(error.found or ""):
            raise
        raise _over_budget(what, budget) from error
    except duckdb.OutOfMemoryException as error:
        raise SourceError(
            f"{what} does not fit into the memory allowed",
            found=_first_line(redact(str(error), system)),
            next_step="raise GOVPIPES_MEMORY",
        ) from error
    except (duckdb.Error, OSError, UnicodeError) as error:
        if disk_is_full(error):
            raise _disk_full(target) from error
        if budget is not None and (isinstance(error, duckdb.InterruptException) or _took_too_long(str(error))):
            raise _over_budget(what, budget) from error
        raise SourceError(
            f"{what} cannot be read", found=_first_line(redact(str(error), system)) or type(error).__name__
        ) from error


_TOO_LONG = ("statement timeout", "max_statement_time", "maximum statement execution time", "interrupted")
"""What the products say when they end a statement for its time."""


def _took_too_long(words: str) -> bool:
    return any(sign in words.casefold() for sign in _TOO_LONG)


def _over_budget(what: str, budget: Budget) -> SourceError:
    return SourceError(
        f"{what} was not read: it took longer than its department allows",
        found=f"ended after {budget.timeout_seconds} s",
        allowed=f"budget.timeout_seconds: {budget.timeout_seconds}",
        next_step="ask the department for an index on the cursor or a quieter hour, or agree on a larger budget",
    )


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines)[:500]


def _disk_full(target: Path | None) -> SourceError:
    folder = target.parent if target is not None else None
    free = f"{shutil.disk_usage(folder).free:,} bytes free for {folder} after cleaning up" if folder else None
    return SourceError(
        "the disk is full; nothing was landed",
        found=free,
        next_step="free space or move GOVPIPES_HOME to a larger disk, then run the day again",
    )
