"""Reconcile: what should be, compared with what is; the difference is asked for, nothing else (DESIGN.md D5).

What should be: the contracts' calendar, the source's own rows over the contract's window, the contract as it is now.
What is: the ledger and the landings. It changes nothing but `ledger.looks`; the work itself is for orchestration.
History older than a dataset's first run is the backfill's, not the reconciler's.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from govpipes import days as calendar
from govpipes import sources
from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Contract
from govpipes.days import SHANGHAI, next_first_day, period
from govpipes.errors import SourceError
from govpipes.files import new_id
from govpipes.ledger import tables as t
from govpipes.pipeline import datum
from govpipes.pipeline.backfill import shows_its_past
from govpipes.pipeline.budget import slot
from govpipes.pipeline.land import day_rows, landings_of, window_of
from govpipes.pipeline.standardize_sql import source_key_sql
from govpipes.pipeline.work import Work
from govpipes.pipeline.workspace import Workspace
from govpipes.sources import Profile, Slice
from govpipes.sql import ident, literal

_AT_WORK = timedelta(minutes=15)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=15), timedelta(days=1)


class Cause(StrEnum):
    """Why a dataset-day is to be run again."""

    MISSED = "missed"
    UNFINISHED = "unfinished"
    FAILED = "failed"
    HELD = "held"
    LATE = "late"
    REPLACED = "replaced"
    CONTRACT = "contract"
    LOST = "lost"
    DATUM = "datum"


@dataclass(frozen=True, slots=True)
class Difference:
    """A dataset-day to be run. rows: how many rows are late, where that is the cause. steps: run for it so far."""

    dataset: str
    registry: str
    day: date
    cause: Cause
    detail: str
    rows: int | None = None
    steps: int = 0

    @property
    def from_landing(self) -> bool:
        """Whether the source need not be read: only the rules have changed, or what is known beside it."""
        return self.cause in (Cause.CONTRACT, Cause.DATUM)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What cannot be asked for now, and why; day None: the whole dataset."""

    dataset: str
    day: date | None
    detail: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Differences, newest day first, and the same as work: datasets of one calendar and day together.

    more: how many were left for the next time. waiting: what somebody should know.
    """

    differences: list[Difference]
    works: list[Work]
    waiting: list[Waiting]
    more: int


@dataclass(slots=True)
class _Found:
    remember: bool
    differences: list[Difference] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)


def reconcile(
    ws: Workspace, datasets: Sequence[str] | None = None, limit: int = 50, *, remember: bool = True
) -> Reconciliation:
    """Find what has to be run; at most `limit` dataset-days, newest first.

    remember: write down what was seen in the sources, so that only changes are looked into the next time; off when
    nobody will run what is found. A system that cannot be reached is asked once, and its datasets wait.
    """
    found = _Found(remember)
    unreachable: dict[str, str] = {}
    for contract in ws.catalogue.contracts.values():
        if not datasets or contract.dataset in datasets:
            _dataset(ws, contract, found, unreachable)
    differences = sorted(found.differences, key=lambda d: (-d.day.toordinal(), d.dataset))
    chosen, more = differences[:limit], max(0, len(differences) - limit)
    return Reconciliation(chosen, _works(ws.catalogue, chosen), found.waiting, more)


def _works(catalogue: Catalogue, differences: Sequence[Difference]) -> list[Work]:
    groups: dict[tuple[date, bool, str, date], list[str]] = {}
    for found in differences:
        contract = catalogue.contracts[found.dataset]
        together = (found.day, found.from_landing, contract.update.cycle, contract.first_day)
        groups.setdefault(together, []).append(found.dataset)
    return [Work(tuple(names), (day,), from_landing) for (day, from_landing, *_), names in groups.items()]


def _dataset(ws: Workspace, contract: Contract, found: _Found, unreachable: dict[str, str]) -> None:
    standing = {row["day"]: row for row in ws.ledger.standing(contract.dataset)}
    due = _due(contract, standing)
    asked: dict[date, Cause] = {}
    for day in due:
        cause = _known_cause(ws, contract, standing.get(day))
        if cause is not None and cause in _WORDS:
            found.differences.append(_difference(contract, day, cause, _WORDS[cause], standing.get(day)))
        elif cause is not None:
            asked[day] = cause
        elif standing[day]["step"] == "publish" and _in_window(contract, day):  # else somebody is at work on it
            asked[day] = Cause.LATE
    if not asked:
        return
    system = contract.source.system
    if system in unreachable:
        found.waiting.append(Waiting(contract.dataset, None, unreachable[system]))
        return
    try:
        profile = _profile(ws, contract, list(asked))
    except SourceError as error:
        unreachable[system] = str(error)
        found.waiting.append(Waiting(contract.dataset, None, str(error)))
        return
    if profile.future:
        told = f"{profile.future} rows have a time of change in the future: they are rejected until it has come"
        found.waiting.append(Waiting(contract.dataset, None, told))
    for day, cause in asked.items():
        _compare(ws, contract, day, cause, profile, standing[day], found)


def _due(contract: Contract, standing: dict[date, Any]) -> list[date]:
    """The periods that should have been run by now, newest first, from the dataset's first run on."""
    now = calendar.now()
    day = calendar.first_day(contract.update.cycle, now.date())
    newest = None
    while newest is None:
        day = calendar.first_day(contract.update.cycle, day - timedelta(days=1))
        if day < contract.first_day:
            return sorted(standing, reverse=True)
        at = datetime.combine(next_first_day(contract.update.cycle, day), contract.update.due_time, SHANGHAI)
        newest = day if at + timedelta(hours=contract.update.grace_hours) <= now else None
    first = min(standing, default=newest)
    days = {newest, *standing}
    if not standing and contract.source.mode == "incremental":
        days.add(contract.first_day)  # the opening stock
    if shows_its_past(contract):
        while first <= newest:
            days.add(first)
            first = next_first_day(contract.update.cycle, first)
    return sorted(days, reverse=True)


def _known_cause(ws: Workspace, contract: Contract, row: dict[str, Any] | None) -> Cause | None:
    """What the ledger alone says; None: the day is published, and only its source can say more."""
    if row is None:
        return Cause.MISSED
    if _lost(ws, contract, row["day"]):
        return Cause.LOST
    if row["contract_sha256"] is not None and row["contract_sha256"] != contract.sha256:
        return Cause.CONTRACT
    if row["outcome"] != "ok":
        return Cause(row["outcome"])
    if row["step"] != "publish":
        return Cause.UNFINISHED if calendar.now() - row["at"] > _AT_WORK else None
    return Cause.DATUM if datum.waits(ws, contract, row["day"]) else None


def _lost(ws: Workspace, contract: Contract, day: date) -> bool:
    """Whether a landing the newest candidate was made of is gone from the disk."""
    candidate = ws.ledger.latest(t.candidates, contract.dataset, day)
    used = set(candidate["landing_ids"]) if candidate else set()
    landings = ws.ledger.landings_of(contract.dataset, day)
    return any(row["landing_id"] in used and not Path(row["path"]).is_file() for row in landings)


def _in_window(contract: Contract, day: date) -> bool:
    """Whether rows of this period may still change unannounced: late rows of a table, a file that is replaced."""
    _, end = period(contract.update.cycle, day)
    recent = end > calendar.today() - timedelta(days=contract.source.lag_days + 1)
    return recent and contract.source.mode != "snapshot"


def _profile(ws: Workspace, contract: Contract, days: Sequence[date]) -> Profile:
    system = sources.resolve(ws.settings, ws.catalogue.data_dir, contract.source.system)
    with slot(ws, contract):
        return sources.profile(system, contract.source, {day: window_of(contract, day) for day in days})


def _compare(
    ws: Workspace,
    contract: Contract,
    day: date,
    cause: Cause,
    profile: Profile,
    row: dict[str, Any],
    found: _Found,
) -> None:
    """One day's source as it is now against the last look at it."""
    now = profile.slices[day]
    if now is None:
        found.waiting.append(Waiting(contract.dataset, day, "its file is not delivered"))
        return
    last = ws.ledger.latest(t.looks, contract.dataset, day)
    same = last is not None and last["fingerprint"] == now.fingerprint
    if cause == Cause.LATE:
        if not (same and last is not None and last["missing"] == 0):
            _news(ws, contract, day, now, row, found)
        return
    # The first look after a run is what later ones are compared with, until the next run.
    if found.remember and (last is None or last["at"] < row["at"]):
        _look(ws, contract, day, now, 0)
    changed = last is not None and not same
    wait = min(_FIRST_WAIT * 4 ** max(0, row["failures"] - 1), _LONGEST_WAIT)
    if changed:
        found.differences.append(_difference(contract, day, cause, f"{cause}; the source has changed since", row))
    elif cause == Cause.HELD:
        found.waiting.append(Waiting(contract.dataset, day, "held; the source has not changed since"))
    elif calendar.now() - row["at"] >= wait:
        found.differences.append(_difference(contract, day, cause, "failed; it is tried again", row))
    else:
        again = (row["at"] + wait).astimezone(SHANGHAI)
        found.waiting.append(Waiting(contract.dataset, day, f"failed; tried again from {again:%Y-%m-%d %H:%M}"))


def _news(ws: Workspace, contract: Contract, day: date, now: Slice, row: dict[str, Any], found: _Found) -> None:
    """A published day whose source is not as last seen: rows that are not landed, or another file."""
    landings = landings_of(ws, contract, day)
    if contract.source.file is not None:
        known = landings[-1]["detail"]["files"] if landings else []
        missing = int(all(file["sha256"] != now.fingerprint for file in known))
        cause, words = Cause.REPLACED, "its file was delivered again with other contents"
    else:
        missing, older = _not_landed(ws, contract, day, landings)
        cause, words = Cause.LATE, f"{missing} rows have come late"
        if older:
            words += f"; of {older} records the time of change has gone back"
    if found.remember:
        _look(ws, contract, day, now, missing)
    if missing:
        found.differences.append(_difference(contract, day, cause, words, row, missing))


def _not_landed(ws: Workspace, contract: Contract, day: date, landings: list[dict[str, Any]]) -> tuple[int, int]:
    """How many rows of the day the source has and the landing has not; of how many a newer version is known."""
    if not landings:
        return 1, 0
    system = sources.resolve(ws.settings, ws.catalogue.data_dir, contract.source.system)
    names = ", ".join(ident(name) for name in (*contract.source.key, str(contract.source.cursor)))
    cursor = ident(str(contract.source.cursor))
    key = source_key_sql(contract)
    with _scratch(ws) as file:
        with slot(ws, contract):
            sources.keys(ws.con, system, contract.source, window_of(contract, day), file)
        there = f"SELECT {names} FROM read_parquet({literal(file)}) WHERE {cursor} IS NOT NULL"
        ws.con.execute(
            f"CREATE OR REPLACE TEMP TABLE late AS {there} "
            f"EXCEPT ALL SELECT {names} FROM ({day_rows(contract, landings)})"
        )
    missing = int(ws.lake.one("SELECT count(*) FROM late"))
    older = 0
    if missing and contract.dataset in ws.lake.tables("claims"):
        older = int(
            ws.lake.one(
                f"SELECT count(DISTINCT source_key) FROM lake.claims.{ident(contract.dataset)} "
                f"WHERE recorded_to IS NULL AND source_day > {literal(day)} AND source_key IN (SELECT {key} FROM late)"
            )
        )
    ws.con.execute("DROP TABLE late")
    return missing, older


@contextmanager
def _scratch(ws: Workspace) -> Iterator[Path]:
    made = ws.settings.temp_dir / new_id()
    made.mkdir(parents=True, mode=0o700)
    try:
        yield made / "keys.parquet"
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _look(ws: Workspace, contract: Contract, day: date, now: Slice, missing: int) -> None:
    facts = {"dataset": contract.dataset, "registry": contract.registry, "day": day, "run_id": "reconcile"}
    seen = {"fingerprint": now.fingerprint, "rows": now.rows, "missing": missing}
    ws.ledger.record(t.looks, {**facts, "seconds": 0.0, **seen})


def _difference(
    contract: Contract, day: date, cause: Cause, detail: str, row: dict[str, Any] | None, rows: int | None = None
) -> Difference:
    steps = int(row["steps"]) if row else 0
    return Difference(contract.dataset, contract.registry, day, cause, detail, rows, steps)


_WORDS = {
    Cause.MISSED: "it is due and was never run",
    Cause.UNFINISHED: "its run ended in the middle",
    Cause.CONTRACT: "the contract has changed since it was standardized",
    Cause.LOST: "a landed file is gone; what the source has forgotten since is lost",
    Cause.DATUM: "its datum could not be told then; what its points are compared with has come since",
}
