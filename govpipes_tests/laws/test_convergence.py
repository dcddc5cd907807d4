"""Convergence, conservation, idempotence (DESIGN.md D6) over random histories of a department and its pipeline.

`make test` runs 34 histories of each of six kinds of department, `make soak` thousands.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from govpipes.errors import GateError, SourceError
from govpipes.ledger import tables as t
from govpipes.pipeline import land, publish, read_together, standardize, verify
from govpipes.registries import fuse
from govpipes.settings import Settings
from govpipes_tests.laws.towns import DAYS, FUTURE, KEYS, KINDS, NAMES, Row, Town, Towns

# the package exports functions of these names
standardize_module = sys.modules["govpipes.pipeline.standardize"]
verify_module = sys.modules["govpipes.pipeline.verify"]
HISTORIES = {"house": 34, "soak": 800}
"""Of each kind of department."""


class Killed(Exception):
    """What stands for the end of the process, where it is thrown."""


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A record as a department may write it: some have a wrong number, a wrong time of change, or say it is deleted."""
    day = draw(st.sampled_from([*DAYS, *DAYS, *DAYS, FUTURE, None]))
    at = None if day is None else datetime.combine(day, draw(hours))
    number = draw(st.sampled_from([0, 1, 2, 3, None]))
    deleted = draw(st.sampled_from([False, False, False, False, True]))
    return Row(draw(st.sampled_from(KEYS)), at, draw(st.sampled_from(NAMES)), number, deleted)


hours = st.sampled_from([time(0), time(9), time(23)])


class History(RuleBasedStateMachine):
    """A department lives while its days are landed, judged and published in any order, again, and half."""

    towns: ClassVar[Towns]

    def __init__(self) -> None:
        super().__init__()
        self.town: Town = next(self.towns)

    days = st.sampled_from(DAYS)

    @rule(rows=st.lists(rows(), min_size=1, max_size=4), day=days)
    def the_department_writes(self, rows: list[Row], day: date) -> None:
        """Any time of change: on time, late, gone back."""
        self.town.write(rows, day)

    @rule(key=st.sampled_from(KEYS), day=days, hour=hours)
    def the_department_erases(self, key: int, day: date, hour: time) -> None:
        self.town.erase(key, datetime.combine(day, hour))

    @rule(day=days)
    def a_day_is_landed(self, day: date) -> None:
        if not self.town.readable(day):
            with pytest.raises(SourceError):
                land(self.town.ws, self.town.contract, day, "law")
            return
        land(self.town.ws, self.town.contract, day, "law")
        self.town.read(day)

    @rule(first=st.integers(0, 2), last=st.integers(0, 2))
    def days_are_landed_as_a_chunk(self, first: int, last: int) -> None:
        chunk = DAYS[min(first, last) : max(first, last) + 1]
        with read_together(self.town.ws, self.town.contract, chunk) as read:
            for day in chunk:
                if self.town.readable(day):
                    land(self.town.ws, self.town.contract, day, "law", read)
                    self.town.read(day)

    @rule(day=days)
    def a_day_is_swept(self, day: date) -> None:
        if day in self.town.landed:
            self.town.sweep(day)

    @rule(day=days)
    def a_day_is_judged(self, day: date) -> None:
        if day in self.town.landed:
            standardize(self.town.ws, self.town.contract, day, "law")
            verify(self.town.ws, self.town.contract, day, "law")

    @rule(day=days)
    def a_day_is_published(self, day: date) -> None:
        try:
            publish(self.town.ws, self.town.contract, day, "law")
        except GateError:  # it has not been judged
            candidate = self.town.ws.ledger.latest(t.candidates, self.town.contract.dataset, day)
            verdict = self.town.ws.ledger.latest(t.verdicts, self.town.contract.dataset, day)
            assert not (candidate and verdict and candidate["sha256"] == verdict["candidate_sha256"])

    @rule(day=days, committed=st.booleans())
    def a_publication_is_killed(self, day: date, committed: bool) -> None:
        """Before its transaction ends, or between the lake and the ledger."""
        ws = self.town.ws

        def die(*_: object) -> Any:
            raise Killed

        broken = "record" if committed else "next_publication_id"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ws.ledger, broken, die)
            with suppress(GateError, Killed):
                publish(ws, self.town.contract, day, "law")

    @rule()
    def golden_records_are_made(self) -> None:
        fuse(self.town.ws, "population", self.town.contract.entity, "law")

    def teardown(self) -> None:
        """Bring everything to its end; compare with what was read; do it again; make all golden records anew."""
        town = self.town
        self._finish()
        snapshot = town.ws.lake.snapshot_id()
        claims = _claims(town)
        assert sorted(map(str, (c[:6] for c in claims))) == sorted(map(str, town.claims()))
        current = _current(town, claims)
        assert _view(town) == {(key, c[6]) for key, c in current.items() if not c[3]}
        golden = _golden(town)
        assert _on(golden, None) == _expected_golden(town, claims)
        for day in DAYS:
            assert _on(golden, day) == _expected_golden(town, claims, day), day
        ours = [line for line in town.ws.ledger.balance() if line["dataset"] == town.contract.dataset]
        assert all(line["balanced"] for line in ours)
        assert {line["day"] for line in ours} == set(town.landed)
        self._finish()
        assert town.ws.lake.snapshot_id() == snapshot, "running everything again changed the warehouse"
        town.ws.con.execute("DELETE FROM lake.pipeline.fusions WHERE entity = ?", [town.contract.entity])
        assert fuse(town.ws, "population", town.contract.entity, "law").changed == 0, "made anew, they are others"
        self._everybody_gone_is_found()

    def _everybody_gone_is_found(self) -> None:
        """After a sweep those who are current are those who are in the source."""
        town = self.town
        if town.kind != "swept" or not town.landed:
            return
        town.sweep(max(town.landed))
        self._finish()
        there = {key for key, _ in _view(town)}
        usable = {one for keys in town.landed.values() for found in keys.values() for one in found}
        assert there <= set(town.table), "gone, and still there"
        assert {one[0] for one in map(_as_said, town.table.values()) if one in usable} <= there, "there, and gone"

    def _finish(self) -> None:
        for day in sorted(self.town.landed):
            standardize(self.town.ws, self.town.contract, day, "law")
            verify(self.town.ws, self.town.contract, day, "law")
            publish(self.town.ws, self.town.contract, day, "law")
        fuse(self.town.ws, "population", self.town.contract.entity, "law")


Claim = tuple[date, int, datetime, bool, str | None, str | None, int]
Golden = tuple[str, str, date, date | None]


def _as_said(row: Row) -> tuple[int, datetime | None, bool, str, str]:
    return row.key, row.cursor, row.deleted, row.name, row.citizen


def _claims(town: Town) -> list[Claim]:
    """day, key, cursor, deleted, name, citizen number, row_hash: what is claimed now."""
    if not town.landed:
        return []
    return town.ws.con.execute(
        "SELECT source_day, source_key::INTEGER, cursor, is_deleted, name, citizen_id, row_hash "
        f"FROM lake.claims.{town.contract.dataset} WHERE recorded_to IS NULL"
    ).fetchall()


def _newest(claims: Iterable[Claim]) -> dict[int, Claim]:
    """Of each key the version with the newest cursor, ties by content."""
    return {claim[1]: claim for claim in sorted(claims, key=lambda c: (c[2], c[6]))}


def _current(town: Town, claims: list[Claim], on: date | None = None) -> dict[int, Claim]:
    """Of each key what held on a day, or holds last; of dumps the newest, with the time since when it says this."""
    if town.contract.source.mode != "snapshot":
        return _newest(c for c in claims if on is None or c[2].date() <= on)
    current: dict[int, Claim] = {}
    for day in sorted(day for day in town.landed if on is None or day <= on):
        dump = _newest(c for c in claims if c[0] == day)
        current = {key: current[key] if key in current and current[key][6] == c[6] else c for key, c in dump.items()}
    return current


def _view(town: Town) -> set[tuple[int, int]]:
    if not town.landed:
        return set()
    rows = town.ws.con.execute(f"SELECT source_key::INTEGER, row_hash FROM lake.current.{town.contract.dataset}")
    return set(rows.fetchall())


def _golden(town: Town) -> list[Golden]:
    """citizen number, name, valid from, valid to: what is known now."""
    if not town.landed:
        return []
    return town.ws.con.execute(
        f"SELECT entity_key, name, valid_from, valid_to FROM lake.population.{town.contract.entity}_history "
        "WHERE recorded_to IS NULL"
    ).fetchall()


def _on(golden: list[Golden], day: date | None) -> list[tuple[str, str]]:
    """The golden records that held on a day, or hold last."""
    held = [g for g in golden if (g[3] is None if day is None else g[2] <= day and (g[3] is None or g[3] > day))]
    return sorted((number, name) for number, name, _, _ in held)


def _expected_golden(town: Town, claims: list[Claim], on: date | None = None) -> list[tuple[str | None, str | None]]:
    """Of each citizen the name the newest of its records says."""
    living = [c for c in _current(town, claims, on).values() if not c[3]]
    return sorted({c[5]: c[4] for c in sorted(living, key=lambda c: (c[2], c[6]))}.items(), key=str)


def _settings(histories: int, **more: Any) -> settings:
    return settings(max_examples=histories, stateful_step_count=12, suppress_health_check=list(HealthCheck), **more)


@contextmanager
def _towns(server: Settings, kind: str) -> Iterator[None]:
    """Histories of that kind of town. The contract's own checks are left out: half the time, and not these laws."""
    History.towns = Towns(server, kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify_module, "judge", lambda *_: [])
        yield
    History.towns.close()


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", KINDS)
def test_any_history_converges(kind: str, postgres_settings: Settings) -> None:
    with _towns(postgres_settings, kind):
        run_state_machine_as_test(History, settings=_settings(HISTORIES[settings.get_current_profile_name()]))


def test_the_histories_find_a_broken_law(postgres_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were only the newest reading of a day kept, what a mutable source has forgotten would be lost."""
    real = standardize_module.day_rows
    monkeypatch.setattr(standardize_module, "day_rows", lambda contract, landings: real(contract, landings[-1:]))
    with _towns(postgres_settings, "marked"), pytest.raises(AssertionError):
        run_state_machine_as_test(
            History,
            settings=_settings(200, report_multiple_bugs=False, phases=[Phase.generate], derandomize=True),
        )
