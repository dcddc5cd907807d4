"""The backfill planner: which periods of history are to be run, in chunks of a sensible size.

It decides and changes nothing; the chunks are run like any other work (orchestration.runs).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from govpipes.catalogue.model import Contract
from govpipes.days import period, today
from govpipes.pipeline.work import Work
from govpipes.pipeline.workspace import Workspace

CHUNK_ROWS, CHUNK_PERIODS = 500_000, 62
"""The largest chunk: rows (as far as they are known) and periods. A kill costs one chunk at most."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive periods of one dataset. rows: how many are expected; None when nobody has counted them."""

    work: Work
    rows: int | None

    @property
    def dataset(self) -> str:
        """The one dataset of the work."""
        return self.work.datasets[0]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Periods of a dataset that are not run, and why."""

    dataset: str
    first: date
    last: date
    periods: int
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backfill does: chunks in the order they are run, and what it leaves out."""

    chunks: tuple[Chunk, ...]
    skipped: tuple[Skipped, ...]

    @property
    def periods(self) -> int:
        """How many dataset-days the chunks have together."""
        return sum(len(chunk.work.days) for chunk in self.chunks)


def plan(ws: Workspace, first: date, last: date, datasets: Sequence[str] | None = None, *, again: bool = False) -> Plan:
    """The periods that close from `first` to `last` (calendar days, Asia/Shanghai) and are not published yet.

    datasets: only these. again: also what is published under the contract as it is now; what the source has lost
    since stays. Chunks are in order of time over all datasets, so that they advance together.
    """
    chunks: list[Chunk] = []
    skipped: list[Skipped] = []
    for contract in ws.catalogue.contracts.values():
        if datasets and contract.dataset not in datasets:
            continue
        days = closing_within(contract, first, last)
        unreadable = [] if shows_its_past(contract) else days[:-1] if days[-1:] == [_newest(contract)] else days
        done = set() if again else ws.ledger.published_days(contract.dataset, contract.sha256)
        skipped += _skipped(contract, sorted(done.intersection(days)), "published already")
        lost = [day for day in unreadable if day not in done]
        skipped += _skipped(contract, lost, "the source shows only its present state")
        todo = [day for day in days if day not in done and day not in unreadable]
        chunks += _chunks(contract, todo, days, ws.ledger.rows_read(contract.dataset))
    return Plan(tuple(sorted(chunks, key=lambda chunk: (chunk.work.days[0], chunk.dataset))), tuple(skipped))


def closing_within(contract: Contract, first: date, last: date) -> list[date]:
    """First days of the contract's periods that end from `first` to `last`, the newest ended one at most."""
    last = min(last, today() - timedelta(days=1))
    start, end = period(contract.update.cycle, max(first, contract.first_day))
    found = []
    while end <= last + timedelta(days=1):
        found.append(start)
        start, end = period(contract.update.cycle, end)
    return found


def shows_its_past(contract: Contract) -> bool:
    """Whether a past period can still be read: not from a dump that has only the present."""
    return contract.source.mode != "snapshot" or "%" in (contract.source.file or "")


def _newest(contract: Contract) -> date:
    start, _ = period(contract.update.cycle, today())
    return period(contract.update.cycle, start - timedelta(days=1))[0]


def _skipped(contract: Contract, days: Sequence[date], why: str) -> list[Skipped]:
    return [Skipped(contract.dataset, days[0], days[-1], len(days), why)] if days else []


def _chunks(
    contract: Contract, todo: Sequence[date], calendar: Sequence[date], known: dict[date, int]
) -> Iterator[Chunk]:
    """Neighbours in the calendar together, as long as they are small enough."""
    place = {day: n for n, day in enumerate(calendar)}
    days: list[date] = []
    rows = 0
    for day in todo:
        expected = known.get(day, 0)
        follows = bool(days) and place[day] == place[days[-1]] + 1
        if days and (not follows or len(days) == CHUNK_PERIODS or rows + expected > CHUNK_ROWS):
            yield _chunk(contract, days, known)
            days, rows = [], 0
        days.append(day)
        rows += expected
    if days:
        yield _chunk(contract, days, known)


def _chunk(contract: Contract, days: Sequence[date], known: dict[date, int]) -> Chunk:
    rows = sum(known[day] for day in days) if all(day in known for day in days) else None
    return Chunk(Work((contract.dataset,), tuple(days)), rows)
