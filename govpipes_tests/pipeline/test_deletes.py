"""Records that go: marked, listed as tombstones, found by a key sweep; and records that come back."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from govpipes.days import SHANGHAI
from govpipes.errors import GateError
from govpipes.pipeline import Workspace
from govpipes_tests.tiny import DAY, GOOD, Tiny, contract, day_of

DAYS = [DAY + timedelta(days=n) for n in range(4)]
SOURCE = {name: value for name, value in contract("people")["source"].items() if name != "deletes"}


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes it one o'clock on the day after."""

    def move(day: date) -> date:
        noon = datetime(day.year, day.month, day.day, 13, tzinfo=SHANGHAI) + timedelta(days=1)
        monkeypatch.setattr("govpipes.days.now", lambda: noon)
        return day

    yield move


def put(tiny: Tiny, number: int, day: date, name: str = "王芳", deleted: str = "0") -> None:
    tiny.put("people", [(str(number), GOOD[number], name, "", deleted, f"{day} 09:00:00")])


def alive(ws: Workspace) -> list[str]:
    rows = ws.con.execute("SELECT source_key || name FROM lake.current.people ORDER BY 1").fetchall()
    return [text for (text,) in rows]


def history(ws: Workspace, key: int) -> list[tuple[Any, ...]]:
    """What is claimed of a record, oldest first: day, deleted, swept."""
    return ws.con.execute(
        "SELECT source_day, is_deleted, list_contains(flags, 'SWEPT') FROM lake.claims.people "
        f"WHERE source_key = '{key}' AND recorded_to IS NULL ORDER BY cursor"
    ).fetchall()


@pytest.fixture
def swept(tiny: Tiny, on: Any) -> Iterator[Workspace]:
    """Four records of a table that deletes without a trace, swept every day; one may be gone, not two."""
    tiny.add("people", source=SOURCE | {"sweep": "daily", "max_vanished": 0.3})
    for number in range(4):
        put(tiny, number, DAY)
    with tiny.open() as ws:
        day_of(ws, ws.catalogue.contracts["people"], on(DAY))
        yield ws


def test_a_sweep_finds_who_is_gone_and_who_is_back(tiny: Tiny, swept: Workspace, on: Any) -> None:
    people = swept.catalogue.contracts["people"]
    tiny.sql("DELETE FROM people WHERE id = '3'")
    day_of(swept, people, on(DAYS[1]))
    assert alive(swept) == ["0王芳", "1王芳", "2王芳"]
    put(tiny, 3, DAY)  # from a backup, as it was
    day_of(swept, people, on(DAYS[2]))
    assert alive(swept) == ["0王芳", "1王芳", "2王芳", "3王芳"]
    assert history(swept, 3) == [(DAY, False, False), (DAYS[1], True, True), (DAYS[2], False, True)]
    assert history(swept, 0) == [(DAY, False, False)]


def test_one_who_comes_back_changed_is_as_he_is_now(tiny: Tiny, swept: Workspace, on: Any) -> None:
    people = swept.catalogue.contracts["people"]
    tiny.sql("DELETE FROM people WHERE id = '3'")
    day_of(swept, people, on(DAYS[1]))
    put(tiny, 3, DAYS[2], name="李娜")
    day_of(swept, people, on(DAYS[2]))
    assert alive(swept) == ["0王芳", "1王芳", "2王芳", "3李娜"]


@pytest.mark.parametrize("lost", ["id IN ('2', '3')", "TRUE"])
def test_a_source_that_lost_too_much_deletes_nobody(tiny: Tiny, swept: Workspace, on: Any, lost: str) -> None:
    people = swept.catalogue.contracts["people"]
    tiny.sql(f"DELETE FROM people WHERE {lost}")
    with pytest.raises(GateError, match="vanished"):
        day_of(swept, people, on(DAYS[1]))
    assert len(alive(swept)) == 4
    assert swept.ledger.held()[0]["day"] == DAYS[1]
    for number in range(4):  # it is whole again: the day is swept anew, and published
        put(tiny, number, DAY)
    day_of(swept, people, DAYS[1])
    assert len(alive(swept)) == 4
    assert swept.ledger.held() == []


def test_a_day_swept_again_says_the_same(tiny: Tiny, swept: Workspace, on: Any) -> None:
    people = swept.catalogue.contracts["people"]
    tiny.sql("DELETE FROM people WHERE id = '3'")
    day_of(swept, people, on(DAYS[1]))
    assert day_of(swept, people, DAYS[1]).already
    assert swept.ledger.counts(["sweeps"]) == {"sweeps": 1}
    assert all(line["balanced"] for line in swept.ledger.balance())


def test_a_past_day_is_not_swept(tiny: Tiny, swept: Workspace, on: Any) -> None:
    tiny.sql("DELETE FROM people WHERE id = '3'")
    on(DAYS[2])
    day_of(swept, swept.catalogue.contracts["people"], DAYS[1])
    assert swept.ledger.counts(["sweeps"]) == {"sweeps": 0}


def test_a_weekly_sweep_waits_for_the_week_to_end(tiny: Tiny, on: Any) -> None:
    tiny.add("people", source=SOURCE | {"sweep": "weekly", "max_vanished": 0.5})
    for number in range(4):
        put(tiny, number, DAY)  # a Monday
    with tiny.open() as ws:
        people = ws.catalogue.contracts["people"]
        day_of(ws, people, on(DAY))
        tiny.sql("DELETE FROM people WHERE id = '3'")
        day_of(ws, people, on(DAY + timedelta(days=5)))
        assert len(alive(ws)) == 4
        day_of(ws, people, on(DAY + timedelta(days=6)))
        assert len(alive(ws)) == 3


def test_tombstones_delete(tiny: Tiny, on: Any) -> None:
    tiny.add("people", source=SOURCE | {"tombstones": {"table": "removed", "cursor": "scsj"}})
    tiny.sql("CREATE TABLE removed (id TEXT, scsj TEXT)")
    for number in range(3):
        put(tiny, number, DAY)
    with tiny.open() as ws:
        people = ws.catalogue.contracts["people"]
        day_of(ws, people, on(DAY))
        tiny.sql("DELETE FROM people WHERE id = '1'")
        tiny.sql(f"INSERT INTO removed VALUES ('1', '{DAYS[1]} 10:00:00')")
        done = day_of(ws, people, on(DAYS[1]))
        assert (done.updated, done.late) == (1, 0)
        assert alive(ws) == ["0王芳", "2王芳"]
        assert history(ws, 1) == [(DAY, False, False), (DAYS[1], True, False)]
        assert ws.ledger.dataset_days(DAYS[1])[0]["rows_quarantined"] == 0


def test_one_who_is_marked_deleted_and_then_not_is_back(tiny: Tiny, on: Any) -> None:
    tiny.add("people")
    with tiny.open() as ws:
        people = ws.catalogue.contracts["people"]
        for day, deleted in zip(DAYS[:3], "010", strict=True):
            put(tiny, 1, day, deleted=deleted)
            day_of(ws, people, on(day))
        assert alive(ws) == ["1王芳"]
        assert [gone for _, gone, _ in history(ws, 1)] == [False, True, False]
