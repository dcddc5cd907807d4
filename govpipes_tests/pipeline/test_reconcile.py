"""What the reconciler finds: every cause on a tiny installation, and that what it asks for brings what was lacking."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from govpipes.days import SHANGHAI
from govpipes.errors import GateError, GovpipesError
from govpipes.ledger import tables as t
from govpipes.pipeline import Workspace, land, standardize
from govpipes.pipeline.reconcile import Cause, Reconciliation, reconcile
from govpipes_tests.tiny import BAD_CHECK, DAY, GOOD, Tiny, contract, day_of

DAYS = [DAY + timedelta(days=n) for n in range(5)]


class Clock:
    """The time in Asia/Shanghai, which stands still until it is told."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.at = datetime(2026, 1, 6, 13, tzinfo=SHANGHAI)
        patch.setattr("govpipes.days.now", lambda: self.at)

    def noon_after(self, day: date) -> None:
        """One o'clock on the day after `day`: it is due, and the grace is over."""
        self.at = datetime(day.year, day.month, day.day, 13, tzinfo=SHANGHAI) + timedelta(days=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def ws(tiny: Tiny, clock: Clock) -> Iterator[Workspace]:
    tiny.add("people")
    put(tiny, (0, f"{DAY} 09:00:00"))
    with tiny.open() as opened:
        yield opened


def put(tiny: Tiny, *rows: tuple[int, str], citizen: str | None = None) -> None:
    tiny.put("people", [(str(n), citizen or GOOD[n], "王芳", "", "0", at) for n, at in rows])


def causes(found: Reconciliation) -> list[tuple[date, Cause]]:
    return [(difference.day, difference.cause) for difference in found.differences]


def run(ws: Workspace, found: Reconciliation) -> list[Any]:
    """What is asked for, run."""
    return [day_of(ws, ws.catalogue.contracts[d.dataset], d.day) for d in found.differences]


def test_missed_days_are_found_newest_first_and_bounded(ws: Workspace, clock: Clock) -> None:
    people = ws.catalogue.contracts["people"]
    assert causes(reconcile(ws)) == [(DAY, Cause.MISSED)]
    day_of(ws, people, DAY)
    clock.noon_after(DAYS[3])
    found = reconcile(ws, limit=2)
    assert causes(found) == [(DAYS[3], Cause.MISSED), (DAYS[2], Cause.MISSED)]
    assert found.more == 1
    run(ws, found)
    run(ws, reconcile(ws))
    assert reconcile(ws).differences == []
    assert [(row["day"], row["state"]) for row in ws.ledger.dataset_days()] == [(d, "published") for d in DAYS[:4]]
    assert ws.ledger.counts(["publications"]) == {"publications": 4}, "each day once"


def test_a_day_is_not_missed_before_it_is_due(ws: Workspace, clock: Clock) -> None:
    clock.at = datetime(2026, 1, 6, 11, 59, tzinfo=SHANGHAI)  # due at 06:00, six hours of grace
    assert reconcile(ws).differences == []


def test_late_rows_are_landed_and_counted(tiny: Tiny, ws: Workspace, clock: Clock) -> None:
    clock.noon_after(DAYS[3])
    for day in DAYS[:4]:
        day_of(ws, ws.catalogue.contracts["people"], day)
    assert reconcile(ws).differences == []
    put(tiny, (1, f"{DAYS[1]} 23:00:00"), (2, f"{DAYS[1]} 23:30:00"))
    found = reconcile(ws)
    assert [(d.day, d.cause, d.rows) for d in found.differences] == [(DAYS[1], Cause.LATE, 2)]
    assert reconcile(ws).differences == found.differences, "what nobody has run yet is found again"
    assert [done.late for done in run(ws, found)] == [2]
    assert reconcile(ws).differences == []
    assert {row["day"]: row["rows_late"] for row in ws.ledger.dataset_days()}[DAYS[1]] == 2


def test_a_row_that_left_its_day_is_no_difference_and_is_looked_into_once(
    tiny: Tiny, ws: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = ws.catalogue.contracts["people"]
    day_of(ws, people, DAY)
    put(tiny, (0, f"{DAYS[1]} 08:00:00"))
    day_of(ws, people, DAYS[1])
    clock.noon_after(DAYS[1])
    assert reconcile(ws).differences == []
    asked: list[object] = []
    monkeypatch.setattr("govpipes.sources.keys", lambda *_: asked.append(_))
    assert reconcile(ws).differences == []
    assert asked == [], "nothing has changed since the last look"


def test_a_time_of_change_that_goes_back_is_told(tiny: Tiny, ws: Workspace, clock: Clock) -> None:
    people = ws.catalogue.contracts["people"]
    put(tiny, (0, f"{DAYS[1]} 08:00:00"))
    for day in DAYS[:2]:
        day_of(ws, people, day)
    clock.noon_after(DAYS[1])
    put(tiny, (0, f"{DAY} 08:00:00"), citizen=GOOD[3])
    found = reconcile(ws)
    assert "of 1 records the time of change has gone back" in found.differences[0].detail
    assert run(ws, found)[0].superseded == 1


def test_a_plan_remembers_nothing(tiny: Tiny, ws: Workspace, clock: Clock) -> None:
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    reconcile(ws, remember=False)
    assert ws.ledger.counts(["looks"]) == {"looks": 0}


def test_a_held_day_is_run_again_when_its_source_has_changed(tiny: Tiny, ws: Workspace, clock: Clock) -> None:
    put(tiny, (0, f"{DAY} 09:00:00"), citizen=BAD_CHECK)
    with pytest.raises(GateError):
        day_of(ws, ws.catalogue.contracts["people"], DAY)
    assert reconcile(ws).differences == []
    assert "held" in reconcile(ws).waiting[0].detail
    put(tiny, (0, f"{DAY} 09:30:00"))
    found = reconcile(ws)
    assert causes(found) == [(DAY, Cause.HELD)]
    assert run(ws, found)[0].inserted == 1


def test_a_failed_day_is_tried_again_after_a_while(tiny: Tiny, ws: Workspace, clock: Clock) -> None:
    tiny.sql("ALTER TABLE people RENAME COLUMN id TO nr")
    with pytest.raises(GovpipesError):
        day_of(ws, ws.catalogue.contracts["people"], DAY)
    ended = ws.ledger.standing("people")[0]["at"]
    tiny.sql("ALTER TABLE people RENAME COLUMN nr TO id")
    clock.at = max(clock.at, ended + timedelta(minutes=14))
    assert reconcile(ws, ["people"]).waiting[0].detail.startswith("failed; tried again from")
    clock.at = ended + timedelta(minutes=16)
    assert (DAY, Cause.FAILED) in causes(reconcile(ws, limit=1000))


def test_a_broken_off_day_is_finished(ws: Workspace, clock: Clock) -> None:
    people = ws.catalogue.contracts["people"]
    land(ws, people, DAY, "r")
    standardize(ws, people, DAY, "r")
    ended = ws.ledger.standing("people")[0]["at"]
    clock.at = ended + timedelta(minutes=1)
    assert (DAY, Cause.UNFINISHED) not in causes(reconcile(ws, limit=1000))
    clock.at = ended + timedelta(minutes=16)
    assert (DAY, Cause.UNFINISHED) in causes(reconcile(ws, limit=1000))


def test_a_changed_contract_is_applied_from_the_landing(tiny: Tiny, ws: Workspace, clock: Clock) -> None:
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    tiny.write("people", abstract="用于测试的另一段说明文字。")
    with tiny.open() as opened:
        assert reconcile(opened).differences == [], "an abstract decides nothing about rows"
    tiny.write("people", checks=[{"expect": "row_count", "min": 1, "severity": "block"}])
    with tiny.open() as opened:
        found = reconcile(opened)
        assert causes(found) == [(DAY, Cause.CONTRACT)]
        assert [work.from_landing for work in found.works] == [True]


def test_a_landing_removed_by_hand_is_read_again(ws: Workspace, clock: Clock) -> None:
    people = ws.catalogue.contracts["people"]
    day_of(ws, people, DAY)
    landing = ws.ledger.landings_of("people", DAY)[0]
    Path(landing["path"]).unlink()
    found = reconcile(ws)
    assert causes(found) == [(DAY, Cause.LOST)]
    assert run(ws, found)[0].already, "the source still has what was lost"
    assert reconcile(ws).differences == []


def test_a_file_that_is_replaced_is_read_again(tiny: Tiny, clock: Clock) -> None:
    drop = tiny.folder / "drop"
    drop.mkdir()
    tiny.settings.ensure_home()
    tiny.settings.systems_file.write_text(f"systems: {{drop: {{url: 'file:{drop}'}}}}", encoding="utf-8")
    tiny.settings.systems_file.chmod(0o600)
    source = {"system": "drop", "file": "p_%Y%m%d.csv", "format": "csv", "cursor": "gxsj", "key": ["id"]}
    tiny.write("people", source=source)
    file = drop / f"p_{DAY:%Y%m%d}.csv"
    file.write_text(f"id,sfzh,xm,dh,gxsj\n1,{GOOD[0]},王芳,,{DAY} 09:00:00\n", encoding="utf-8")
    with tiny.open() as ws:
        day_of(ws, ws.catalogue.contracts["people"], DAY)
        assert reconcile(ws).differences == []
        file.write_text(f"id,sfzh,xm,dh,gxsj\n1,{GOOD[0]},李娜,,{DAY} 09:00:00\n", encoding="utf-8")
        found = reconcile(ws)
        assert causes(found) == [(DAY, Cause.REPLACED)]
        run(ws, found)
        assert ws.ledger.counts(["landings"]) == {"landings": 2}, "both are kept"
        assert reconcile(ws).differences == []
        clock.noon_after(DAYS[1])
        assert causes(reconcile(ws)) == [(DAYS[1], Cause.MISSED)]


def test_rows_of_the_future_are_told_and_rejected(tiny: Tiny, ws: Workspace, clock: Clock) -> None:
    put(tiny, (0, f"{DAY} 09:00:00"), (1, "2099-01-01 00:00:00"))
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    candidate = ws.ledger.latest(t.candidates, "people", DAY)
    assert candidate is not None and candidate["reasons"] == {"FUTURE": 1}
    assert "1 rows have a time of change in the future" in reconcile(ws).waiting[0].detail


def test_a_system_that_cannot_be_reached_is_asked_once(tiny: Tiny, clock: Clock) -> None:
    for authority, name in enumerate(("people", "others"), 1):
        tiny.add(name, authority)
    with tiny.open() as ws:
        for name in ("people", "others"):
            day_of(ws, ws.catalogue.contracts[name], DAY)
        tiny.office.rename(tiny.folder / "gone.db")
        found = reconcile(ws)
        assert found.differences == []
        assert sorted(waiting.dataset for waiting in found.waiting) == ["others", "people"]
        assert all("is not there" in waiting.detail for waiting in found.waiting)


def test_a_weekly_dataset_and_a_daily_one_are_work_of_their_own(tiny: Tiny, clock: Clock) -> None:
    tiny.add("people")
    update = {"cycle": "weekly", "due": "06:00", "start": DAY}
    tiny.add("weekly", 20, update=update, source=contract("weekly")["source"])
    with tiny.open() as ws:
        clock.noon_after(DAY + timedelta(days=6))
        works = reconcile(ws).works
        assert sorted(work.datasets for work in works if DAY in work.days) == [("people",), ("weekly",)]
