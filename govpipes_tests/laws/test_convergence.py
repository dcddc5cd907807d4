"""Convergence, conservation, idempotence (DESIGN.md D6) over random histories of a department and its pipeline.

`make test` runs 200 histories, `make soak` thousands.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from govpipes.errors import GateError
from govpipes.ledger import tables as t
from govpipes.pipeline import land, publish, read_together, standardize, verify
from govpipes.registries import fuse
from govpipes.settings import Settings
from govpipes_tests.laws.towns import DAYS, KEYS, NAMES, Row, Town, Towns

standardize_module = sys.modules["govpipes.pipeline.standardize"]  # the package exports the function of that name
HISTORIES = {"house": 200, "soak": 5000}


class Killed(Exception):
    """What stands for the end of the process, where it is thrown."""


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A record as a department may write it; one in five has a wrong number, one in five says it is deleted."""
    at = datetime.combine(draw(st.sampled_from(DAYS)), time(draw(st.sampled_from([0, 9, 23]))))
    number = draw(st.sampled_from([0, 1, 2, 3, None]))
    deleted = draw(st.sampled_from([False, False, False, False, True]))
    return Row(draw(st.sampled_from(KEYS)), at, draw(st.sampled_from(NAMES)), number, deleted)


class History(RuleBasedStateMachine):
    """A department lives while its days are landed, judged and published in any order, again, and half."""

    towns: ClassVar[Towns]

    def __init__(self) -> None:
        super().__init__()
        self.town: Town = next(self.towns)

    days = st.sampled_from(DAYS)

    @rule(rows=st.lists(rows(), min_size=1, max_size=4))
    def the_department_writes(self, rows: list[Row]) -> None:
        """Any time of change: on time, late, gone back."""
        for row in rows:
            self.town.write(row)

    @rule(key=st.sampled_from(KEYS))
    def the_department_erases(self, key: int) -> None:
        self.town.erase(key)

    @rule(day=days)
    def a_day_is_landed(self, day: date) -> None:
        land(self.town.ws, self.town.contract, day, "law")
        self.town.read(day)

    @rule(first=st.integers(0, 2), last=st.integers(0, 2))
    def days_are_landed_as_a_chunk(self, first: int, last: int) -> None:
        chunk = DAYS[min(first, last) : max(first, last) + 1]
        with read_together(self.town.ws, self.town.contract, chunk) as read:
            for day in chunk:
                land(self.town.ws, self.town.contract, day, "law", read)
                self.town.read(day)

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
        """Bring everything to its end; compare with what was read, then do it again."""
        town = self.town
        self._finish()
        snapshot = town.ws.lake.snapshot_id()
        claims = _claims(town)
        said = {(day, row.key, row.cursor, row.deleted, row.name) for day, row in town.claims()}
        assert {c[:5] for c in claims} == said
        assert len(claims) == len(said)
        current = _current(claims)
        assert _view(town) == {(key, c[5]) for key, c in current.items() if not c[3]}
        assert _golden(town) == _expected_golden(current)
        ours = [line for line in town.ws.ledger.balance() if line["dataset"] == town.contract.dataset]
        assert all(line["balanced"] for line in ours)
        assert {line["day"] for line in ours} == set(town.landed)
        self._finish()
        assert town.ws.lake.snapshot_id() == snapshot, "running everything again changed the warehouse"

    def _finish(self) -> None:
        for day in sorted(self.town.landed):
            standardize(self.town.ws, self.town.contract, day, "law")
            verify(self.town.ws, self.town.contract, day, "law")
            publish(self.town.ws, self.town.contract, day, "law")
        fuse(self.town.ws, "population", self.town.contract.entity, "law")


Claim = tuple[date, int, datetime, bool, str, int, str]


def _claims(town: Town) -> list[Claim]:
    """day, key, cursor, deleted, name, row_hash, citizen number: what is claimed now."""
    if not town.landed:
        return []
    return town.ws.con.execute(
        "SELECT source_day, source_key::INTEGER, cursor, is_deleted, name, row_hash, citizen_id "
        f"FROM lake.claims.{town.contract.dataset} WHERE recorded_to IS NULL"
    ).fetchall()


def _current(claims: list[Claim]) -> dict[int, Claim]:
    """Of each key the version with the newest cursor, ties by content."""
    newest: dict[int, Claim] = {}
    for claim in sorted(claims, key=lambda c: (c[2], c[5])):
        newest[claim[1]] = claim
    return newest


def _view(town: Town) -> set[tuple[int, int]]:
    if not town.landed:
        return set()
    rows = town.ws.con.execute(f"SELECT source_key::INTEGER, row_hash FROM lake.current.{town.contract.dataset}")
    return set(rows.fetchall())


def _golden(town: Town) -> set[tuple[str, str]]:
    if not town.landed:
        return set()
    return set(town.ws.con.execute(f"SELECT entity_key, name FROM lake.population.{town.contract.entity}").fetchall())


def _expected_golden(current: dict[int, Claim]) -> set[tuple[str, str]]:
    """Of each citizen the name the newest of its records says."""
    living = sorted((c for c in current.values() if not c[3]), key=lambda c: (c[2], c[5]))
    return {(number, name) for number, name in {c[6]: c[4] for c in living}.items()}


def _settings(histories: int, **more: Any) -> settings:
    return settings(max_examples=histories, stateful_step_count=12, suppress_health_check=list(HealthCheck), **more)


@pytest.fixture
def towns(postgres_settings: Settings) -> Iterator[Towns]:
    supply = Towns(postgres_settings)
    yield supply
    supply.close()


@pytest.mark.timeout(0)
def test_any_history_converges(towns: Towns) -> None:
    History.towns = towns
    run_state_machine_as_test(History, settings=_settings(HISTORIES[settings.get_current_profile_name()]))


def test_the_histories_find_a_broken_law(towns: Towns, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were only the newest reading of a day kept, what a mutable source has forgotten would be lost."""
    real = standardize_module.day_rows
    monkeypatch.setattr(standardize_module, "day_rows", lambda contract, landings: real(contract, landings[-1:]))
    History.towns = towns
    with pytest.raises(AssertionError):
        run_state_machine_as_test(History, settings=_settings(200, report_multiple_bugs=False, phases=[Phase.generate]))
