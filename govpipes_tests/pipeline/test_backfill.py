"""Loading history: what is planned, and that days read together are what they are read alone."""

from datetime import date, timedelta
from typing import Any

import pytest

from govpipes import days as calendar
from govpipes.ledger import tables as t
from govpipes.pipeline import Workspace, land, read_together
from govpipes.pipeline.backfill import CHUNK_PERIODS, closing_within, plan
from govpipes_tests.tiny import DAY, GOOD, Tiny, contract, day_of

DAYS = [DAY + timedelta(days=n) for n in range(4)]
SOURCE = contract("x")["source"]


def put(tiny: Tiny, dataset: str, *rows: tuple[int, str | None]) -> None:
    """Rows with a number and a time of change."""
    tiny.put(dataset, [(str(n), GOOD[n % 5], "王芳", "", "0", at) for n, at in rows])  # type: ignore[misc]


def landed(ws: Workspace, dataset: str, day: date) -> tuple[Any, ...]:
    found = ws.ledger.latest(t.landings, dataset, day)
    assert found is not None
    return found["rows"], found["content"], found["window_start"], found["window_end"], found["detail"]["columns"]


def test_days_read_together_are_landed_as_if_read_alone(tiny: Tiny) -> None:
    for authority, name in enumerate(("alone", "together"), 1):
        tiny.add(name, authority)
        put(tiny, name, (0, "2020-01-01 00:00:00"), (1, f"{DAYS[1]} 00:00:00"), (2, f"{DAYS[1]} 23:59:59"))
        put(tiny, name, (3, f"{DAYS[3]} 12:00:00"), (4, None))
    with tiny.open() as ws:
        alone, together = ws.catalogue.contracts["alone"], ws.catalogue.contracts["together"]
        for day in DAYS:
            land(ws, alone, day, "r")
        with read_together(ws, together, DAYS) as read:
            assert read is not None
            for day in DAYS:
                land(ws, together, day, "r", read)
        # the row without a time of change comes with every reading, and here with the only one
        assert [landed(ws, "alone", day)[0] for day in DAYS] == [2, 3, 1, 2]
        assert [landed(ws, "together", day)[0] for day in DAYS] == [1, 2, 0, 2]
        assert landed(ws, "together", DAYS[3]) == landed(ws, "alone", DAYS[3])
        assert landed(ws, "together", DAYS[1])[2:] == landed(ws, "alone", DAYS[1])[2:]


def test_a_reading_that_fails_is_left_to_the_days(tiny: Tiny) -> None:
    tiny.add("people")
    put(tiny, "people", (0, "5.1.2026"), (1, f"{DAYS[1]} 00:00:00"))
    with tiny.open() as ws, read_together(ws, ws.catalogue.contracts["people"], DAYS) as read:
        assert read is None


def test_files_and_single_days_are_read_one_by_one(tiny: Tiny) -> None:
    tiny.add("people")
    tiny.add("dump", 20, source=SOURCE | {"mode": "snapshot", "table": "people"})
    with tiny.open() as ws:
        for name, days in (("people", DAYS[:1]), ("dump", DAYS)):
            with read_together(ws, ws.catalogue.contracts[name], days) as read:
                assert read is None


def test_a_plan_leaves_out_what_is_published_and_goes_on_after_gaps(tiny: Tiny) -> None:
    tiny.add("people")
    put(tiny, "people", (0, f"{DAYS[1]} 09:00:00"))
    with tiny.open() as ws:
        day_of(ws, ws.catalogue.contracts["people"], DAYS[1])
        planned = plan(ws, DAYS[0], DAYS[3])
        assert [chunk.work.days for chunk in planned.chunks] == [(DAYS[0],), (DAYS[2], DAYS[3])]
        assert [(left.first, left.periods) for left in planned.skipped] == [(DAYS[1], 1)]
        assert plan(ws, DAYS[0], DAYS[3], again=True).periods == 4
        tiny.write("people", checks=[{"expect": "row_count", "min": 1, "severity": "block"}])
    with tiny.open() as ws:  # under another contract it is not published
        assert plan(ws, DAYS[0], DAYS[3]).periods == 4


@pytest.mark.parametrize(
    ("cycle", "periods"), [("daily", 28_125), ("weekly", 4_018), ("monthly", 924), ("quarterly", 308), ("yearly", 77)]
)
def test_every_cycle_since_1949(tiny: Tiny, cycle: str, periods: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govpipes.pipeline.backfill.today", lambda: date(2026, 1, 2))
    start = {"cycle": cycle, "due": "06:00", "start": date(1949, 1, 1)}
    tiny.write("statistics", update=start)
    made = tiny.catalogue().contracts["statistics"]
    found = closing_within(made, date(1949, 1, 1), date(2030, 1, 1))
    assert len(found) == periods
    assert found[0] == calendar.first_day(made.update.cycle, date(1949, 1, 1))
    assert calendar.period(made.update.cycle, found[-1])[1] <= date(2026, 1, 2)


def test_chunks_have_a_largest_size(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.add("people")
    put(tiny, "people", *((n, f"{DAYS[n]} 09:00:00") for n in range(4)))
    with tiny.open() as ws:
        people = ws.catalogue.contracts["people"]
        planned = plan(ws, DAY, DAY + timedelta(days=CHUNK_PERIODS))
        assert [len(chunk.work.days) for chunk in planned.chunks] == [CHUNK_PERIODS, 1]
        assert planned.chunks[0].rows is None
        for day in DAYS:
            land(ws, people, day, "r")
        monkeypatch.setattr("govpipes.pipeline.backfill.CHUNK_ROWS", 2)
        planned = plan(ws, DAYS[0], DAYS[3])
        assert [(len(chunk.work.days), chunk.rows) for chunk in planned.chunks] == [(2, 2), (2, 2)]


def test_a_dump_of_the_present_has_no_history(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.add("dump", source=SOURCE | {"mode": "snapshot"})
    monkeypatch.setattr("govpipes.pipeline.backfill.today", lambda: DAYS[3])
    with tiny.open() as ws:
        planned = plan(ws, DAYS[0], DAYS[3])
        assert [chunk.work.days for chunk in planned.chunks] == [(DAYS[2],)]
        assert [(left.periods, left.why) for left in planned.skipped] == [
            (2, "the source shows only its present state")
        ]
