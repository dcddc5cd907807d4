"""What a reading is asked for and what it gives back; plain values, no behaviour beyond small helpers."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from govpipes.days import SHANGHAI


@dataclass(frozen=True, slots=True)
class Window:
    """The cursor values [start, end) to read. Times without a zone are Asia/Shanghai.

    start None: everything before `end` (the opening stock). Rows without a cursor come with every reading, and with
    `future` those whose cursor is at or after that moment: no window would have them, so that nobody would see them.
    """

    start: datetime | None
    end: datetime
    future: datetime | None = None

    def bounds(self, zone: str) -> tuple[datetime | None, datetime]:
        """Start and end as aware times in `zone`, the zone of the source's clock."""
        return (None if self.start is None else _in_zone(self.start, zone)), _in_zone(self.end, zone)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it was landed: the source's own name and its DuckDB type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class FileRead:
    """A delivered file that was read: name below the system's folder, SHA-256 of its bytes, length in bytes."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Slice:
    """What a source has for one period: rows, and a fingerprint that changes when a key or a cursor does.

    A fingerprint is only ever compared with an earlier one of the same source.
    """

    rows: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What a source has, by period (None: a file that is not delivered). future: rows whose cursor has yet to come."""

    slices: dict[date, Slice | None]
    future: int = 0


class Skipped(TypedDict):
    """A line of a file that is no record: where, why (`note`, `total`, …) and its text."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Extract:
    """What one reading wrote.

    statement: what was asked of the source, without secrets. skipped: lines of files that are no records.
    notes: what a person should know about the delivery although it could be read.
    """

    rows: int
    columns: tuple[Column, ...]
    files: tuple[FileRead, ...]
    statement: str
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


def _in_zone(moment: datetime, zone: str) -> datetime:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=SHANGHAI)
    return aware.astimezone(ZoneInfo(zone))
