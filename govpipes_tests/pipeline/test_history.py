"""Golden records over time: what held on a day, what was known on another, and what departments disagree on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from govpipes.errors import CatalogueError
from govpipes.pipeline import Workspace
from govpipes.pipeline.fuse import fuse_entity
from govpipes.warehouse import readers
from govpipes_tests.tiny import DAY, GOOD, Tiny, contract, day_of, finish

ITEMS = [
    {"name": "citizen_id", "from": "sfzh", "element": "citizen_id", "required": True, "authority": 10},
    {"name": "name", "from": "xm", "element": "person_name", "required": True, "authority": 10},
    {"name": "day", "from": "dh", "element": "date", "title": {"zh": "日期", "en": "Day"}},
]
"""Items of a dataset that says of what day it speaks (in the column for the telephone)."""


def day(number: int) -> date:
    """The day `number` days after the first."""
    return DAY + timedelta(days=number)


def row(on: int, name: str, *, key: str = "1", text: str = "", deleted: str = "0", person: int = 0) -> tuple[str, ...]:
    """The department's record `key`, changed on day `on`."""
    return (key, GOOD[person], name, text, deleted, f"{day(on)} 09:00:00")


@pytest.fixture
def ws(tiny: Tiny) -> Iterator[Workspace]:
    """Two departments that speak of people; the first one is the authority."""
    tiny.add("people")
    tiny.add("clinic", authority=20)
    with tiny.open() as opened:
        yield opened


def run(tiny: Tiny, ws: Workspace, dataset: str, on: int, *rows: tuple[str, ...]) -> datetime:
    """The department writes rows, and the day is brought to golden records; returns a moment after that."""
    tiny.put(dataset, rows)  # type: ignore[arg-type]
    day_of(ws, ws.catalogue.contracts[dataset], day(on))
    fuse_entity(ws, "population", "person", "test")
    return datetime.now(UTC)


def names(ws: Workspace, valid: date | None, known: date | datetime | None = None) -> list[str]:
    """The names that held on a day as they were known."""
    ws.con.execute("USE lake")
    try:
        found = ws.con.execute("SELECT name FROM population.person_as_of(?, ?) ORDER BY 1", [valid, known]).fetchall()
    finally:
        ws.con.execute("USE memory")
    return [name for (name,) in found]


def spans(ws: Workspace, known: str = "recorded_to IS NULL") -> list[tuple[Any, ...]]:
    return ws.con.execute(
        f"SELECT name, valid_from, valid_to FROM lake.population.person_history WHERE {known} ORDER BY valid_from, name"
    ).fetchall()


def test_what_held_on_a_day_and_what_was_known_on_another(tiny: Tiny, ws: Workspace) -> None:
    """DOMAIN §4.4, 1-3."""
    before = run(tiny, ws, "people", 0, row(0, "王芳"))
    after = run(tiny, ws, "people", 3, row(3, "王方"))
    assert spans(ws) == [("王芳", day(0), day(3)), ("王方", day(3), None)]
    assert names(ws, None) == ["王方"]
    assert (names(ws, day(2)), names(ws, day(3)), names(ws, day(-1))) == (["王芳"], ["王方"], [])
    assert (names(ws, day(3), before), names(ws, day(3), after)) == (["王芳"], ["王方"])
    assert names(ws, None, before - timedelta(hours=1)) == []


def test_a_day_is_known_until_its_end_in_shanghai(tiny: Tiny, ws: Workspace) -> None:
    run(tiny, ws, "people", 0, row(0, "王芳"))
    today = (datetime.now(UTC) + timedelta(hours=8)).date()
    assert names(ws, day(0), today) == ["王芳"]
    assert names(ws, day(0), today - timedelta(days=1)) == []


def test_a_late_record_changes_the_middle_of_history_and_what_was_known_stays(tiny: Tiny, ws: Workspace) -> None:
    """DOMAIN §4.4, 4-5: corrections to a key, and late arrivals, are what was recorded later about an earlier day."""
    run(tiny, ws, "people", 0, row(0, "王芳"))
    before = run(tiny, ws, "people", 5, row(5, "王方"))
    tiny.put("people", [row(2, "王访", key="2")])  # type: ignore[list-item]  # another record of the same person
    run(tiny, ws, "people", 2)
    assert spans(ws) == [("王芳", day(0), day(2)), ("王访", day(2), day(5)), ("王方", day(5), None)]
    corrected = ws.con.execute(
        "SELECT name, valid_from FROM lake.population.person_history WHERE entity_key = ? AND recorded_from > ? "
        "ORDER BY 2",
        [GOOD[0], before],
    ).fetchall()
    assert corrected == [("王芳", day(0)), ("王访", day(2))]
    assert (names(ws, day(3), before), names(ws, day(3))) == (["王芳"], ["王访"])


def test_a_value_that_was_wrong_from_the_start_stays_as_it_was_known(tiny: Tiny, ws: Workspace) -> None:
    """DOMAIN §4.4, 4: the same span of days, told otherwise."""
    before = run(tiny, ws, "people", 0, row(0, "王芳"))
    run(tiny, ws, "people", 0, (*row(0, "王方")[:-1], f"{DAY} 10:00:00"))
    assert spans(ws) == [("王方", day(0), None)]
    assert (names(ws, day(0), before), names(ws, day(0))) == (["王芳"], ["王方"])


def test_what_was_sent_on_a_day_can_be_sent_again(tiny: Tiny, ws: Workspace) -> None:
    """DOMAIN §4.4, 7."""
    sent = run(tiny, ws, "people", 0, row(0, "王芳"), row(0, "李娜", key="2", person=1))

    def delivery() -> Any:
        return ws.con.execute(
            "SELECT bit_xor(hash(p)) FROM (SELECT * EXCLUDE (recorded_to) FROM lake.population.person_history "
            "WHERE recorded_from <= $1 AND (recorded_to IS NULL OR recorded_to > $1)) p",
            [sent],
        ).fetchone()

    first = delivery()
    run(tiny, ws, "people", 2, row(2, "王方"), row(2, "", key="2", person=1, deleted="1"))
    assert delivery() == first
    assert names(ws, None, sent) == ["李娜", "王芳"]
    assert names(ws, None) == ["王方"]


def test_a_deleted_record_holds_until_that_day_and_a_revived_one_again(tiny: Tiny, ws: Workspace) -> None:
    run(tiny, ws, "people", 0, row(0, "王芳"))
    run(tiny, ws, "people", 2, row(2, "王芳", deleted="1"))
    assert spans(ws) == [("王芳", day(0), day(2))]
    run(tiny, ws, "people", 4, row(4, "王芳"))
    assert spans(ws) == [("王芳", day(0), day(2)), ("王芳", day(4), None)]
    assert (names(ws, day(3)), names(ws, day(4))) == ([], ["王芳"])


def test_a_state_holds_since_the_day_its_record_says(tiny: Tiny) -> None:
    """A new day begins a new state; a change that leaves the day alone holds from its own day."""
    tiny.add("permits", items=ITEMS, valid={"since": "day"})
    with tiny.open() as ws:
        run(tiny, ws, "permits", 0, row(0, "王芳", text="2020-03-01"))
        run(tiny, ws, "permits", 1, row(1, "王方", text="2020-03-01"))
        run(tiny, ws, "permits", 2, row(2, "王访", text="2025-12-01"))
        assert spans(ws) == [("王芳", date(2020, 3, 1), date(2025, 12, 1)), ("王访", date(2025, 12, 1), None)]


def test_a_newer_version_corrects_an_event_altogether(tiny: Tiny) -> None:
    tiny.add("deaths", items=ITEMS, valid={"event": "day"})
    with tiny.open() as ws:
        run(tiny, ws, "deaths", 0, row(0, "王芳", text="2026-01-02"))
        known = run(tiny, ws, "deaths", 3, row(3, "王芳", text="2026-01-04"))
        assert spans(ws) == [("王芳", date(2026, 1, 4), None)]
        assert names(ws, date(2026, 1, 3)) == []
        run(tiny, ws, "deaths", 4, row(4, "王芳", text="2026-01-04", deleted="1"))
        assert spans(ws) == []
        assert names(ws, None, known) == ["王芳"]


def test_what_begins_later_than_it_was_written_holds_from_the_writing(tiny: Tiny) -> None:
    tiny.add("permits", items=ITEMS, valid={"since": "day"})
    with tiny.open() as ws:
        run(tiny, ws, "permits", 0, row(0, "王芳", text="2026-12-01"))
        assert spans(ws) == [("王芳", DAY, None)]


def test_dumps_hold_until_the_next_one_says_otherwise(tiny: Tiny) -> None:
    source = contract("people")["source"] | {"mode": "snapshot", "max_vanished": 1.0}
    tiny.add("dump", source={k: v for k, v in source.items() if k != "deletes"} | {"table": "dump"})
    with tiny.open() as ws:
        run(tiny, ws, "dump", 0, row(0, "王芳"), row(0, "李娜", key="2", person=1))
        run(tiny, ws, "dump", 1)
        tiny.sql("DELETE FROM dump WHERE id = '1'")
        known = run(tiny, ws, "dump", 3)
        assert spans(ws) == [("李娜", day(0), None), ("王芳", day(0), day(3))]
        tiny.put("dump", [row(4, "王芳")])  # type: ignore[list-item]
        run(tiny, ws, "dump", 4)
        assert spans(ws) == [("李娜", day(0), None), ("王芳", day(0), day(3)), ("王芳", day(4), None)]
        assert names(ws, day(4), known) == ["李娜"]


def test_a_first_dump_is_heard_whoever_spoke_before_it(tiny: Tiny) -> None:
    source = contract("people")["source"] | {"mode": "snapshot", "max_vanished": 1.0}
    tiny.add("people")
    tiny.add("dump", 20, source={k: v for k, v in source.items() if k != "deletes"} | {"table": "dump"})
    with tiny.open() as ws:
        run(tiny, ws, "people", 0, row(0, "王芳"))
        run(tiny, ws, "dump", 3, row(0, "李娜", key="2", person=1))
        assert spans(ws) == [("王芳", day(0), None), ("李娜", day(3), None)]


def test_the_same_history_in_any_order(tiny: Tiny, ws: Workspace) -> None:
    tiny.add("later", authority=30)
    with tiny.open() as ws:
        for dataset in ("people", "clinic", "later"):
            for on in (0, 2, 4):
                tiny.put(dataset, [row(on, f"王{'芳方访'[on // 2]}", key=f"{dataset}{on}", text=f"1381234567{on}")])  # type: ignore[list-item]
        for on in (4, 0, 2):
            for dataset in ("later", "people", "clinic"):
                run(tiny, ws, dataset, on)
        step_by_step = spans(ws)
        ws.con.execute("DELETE FROM lake.pipeline.fusions")
        fuse_entity(ws, "population", "person", "test")
        assert spans(ws) == step_by_step
        assert len(step_by_step) == 3
        assert ws.con.execute("SELECT count(*) FROM lake.population.person").fetchone() == (1,)


def test_departments_that_disagree_are_named_until_they_agree(tiny: Tiny, ws: Workspace) -> None:
    run(tiny, ws, "people", 0, row(0, "王芳", text="13812345678"))
    run(tiny, ws, "clinic", 0, row(0, "王方"))
    query = "SELECT item, dataset, losing_dataset, losing_department FROM lake.population.person_conflicts"
    assert ws.con.execute(query).fetchall() == [("name", "people", "clinic", "public_security")]
    assert fuse_entity(ws, "population", "person", "test").conflicts == 1
    run(tiny, ws, "clinic", 1, row(1, "王芳"))
    assert ws.con.execute(query).fetchall() == []


def test_two_reports_of_one_event_that_differ_are_a_conflict(tiny: Tiny) -> None:
    tiny.add("deaths", items=ITEMS, valid={"event": "day"})
    with tiny.open() as ws:
        run(tiny, ws, "deaths", 0, row(0, "王芳", text="2026-01-02"))
        assert fuse_entity(ws, "population", "person", "test").conflicts == 0
        run(tiny, ws, "deaths", 1, row(1, "王方", text="2026-01-03", key="2"))
        query = "SELECT item, dataset, losing_dataset, losing_department FROM lake.population.person_conflicts"
        assert ws.con.execute(query).fetchall() == [("name", "deaths", "deaths", "public_security")]


def test_what_everybody_said_of_one_person(tiny: Tiny, ws: Workspace) -> None:
    run(tiny, ws, "people", 0, row(0, "王芳"))
    run(tiny, ws, "clinic", 0, row(0, "王方", text="13812345678"))
    ws.con.execute("USE lake")
    said = ws.con.execute(
        "SELECT item, value, authority, dataset, department, source_key, source_day, valid_from, valid_to "
        "FROM population.person_said(?, NULL) WHERE item <> 'citizen_id' ORDER BY item, authority",
        [GOOD[0]],
    ).fetchall()
    ws.con.execute("USE memory")
    assert said == [
        ("name", "王芳", 10, "people", "public_security", "1", DAY, DAY, None),
        ("name", "王方", 20, "clinic", "public_security", "1", DAY, DAY, None),
        ("phone", "13812345678", 20, "clinic", "public_security", "1", DAY, DAY, None),
    ]


TEST = "13800138000"
"""A number the gate flags as nobody's (TEST-01)."""


def phones(ws: Workspace) -> list[tuple[Any, ...]]:
    """The golden telephone, whose word it is, and since when."""
    query = "SELECT phone, provenance.phone, valid_from FROM lake.population.person_history WHERE recorded_to IS NULL"
    return ws.con.execute(f"{query} ORDER BY valid_from").fetchall()


def conflicting(ws: Workspace) -> list[tuple[Any, ...]]:
    return ws.con.execute("SELECT item, dataset, losing_dataset FROM lake.population.person_conflicts").fetchall()


def test_a_value_that_cannot_be_true_does_not_count(tiny: Tiny, ws: Workspace) -> None:
    """Decision 17: the next believable value wins, else nothing; the claim keeps what was said."""
    run(tiny, ws, "people", 0, row(0, "王芳", text=TEST))
    assert phones(ws) == [(None, None, day(0))]
    assert conflicting(ws) == [("phone", None, "people")]
    run(tiny, ws, "clinic", 1, row(1, "王芳", text="13812345678"))
    assert phones(ws) == [(None, None, day(0)), ("13812345678", "clinic", day(1))]
    assert conflicting(ws) == [("phone", "clinic", "people")]
    run(tiny, ws, "people", 2, row(2, "王芳", text="13912345678"))
    assert phones(ws)[2:] == [("13912345678", "people", day(2))]
    assert conflicting(ws) == [("phone", "people", "clinic")]
    assert [
        phone for (phone,) in ws.con.execute("SELECT phone FROM lake.claims.people ORDER BY cursor").fetchall()
    ] == [
        TEST,
        "13912345678",
    ]


def test_what_a_record_said_before_does_not_come_back_but_another_records_word_counts(
    tiny: Tiny, ws: Workspace
) -> None:
    run(tiny, ws, "people", 0, row(0, "王芳", text="13812345678"))
    run(tiny, ws, "people", 1, row(1, "王芳", text=TEST))
    assert phones(ws) == [("13812345678", "people", day(0)), (None, None, day(1))]
    run(tiny, ws, "people", 2, row(2, "王芳", text="13912345678", key="2"))
    run(tiny, ws, "people", 3, row(3, "王芳", text=TEST, key="3"))
    assert phones(ws)[2:] == [("13912345678", "people", day(2))]


def test_a_rule_says_which_items_it_doubts(tiny: Tiny) -> None:
    """Only those, and not the other rules' nor those of a rule that names none."""
    odd = {"sql": "phone NOT LIKE '139%'", "on_fail": "flag"}
    ruled = {"name": "not_ours", **odd, "doubts": ["phone"]}
    for rules, wanted in (([ruled], None), ([{"name": "odd", **odd}], "13912345678")):
        tiny.add("people", rules=rules)
        with tiny.open() as ws:
            run(tiny, ws, "people", 0, row(0, "王芳", text="13912345678"))
            found = ws.con.execute("SELECT name, phone FROM lake.population.person").fetchall()
            assert found == [("王芳", wanted)]
            ws.con.execute("USE lake")
            said = ws.con.execute(
                "SELECT flags, counts FROM population.person_said(?, NULL) WHERE item = 'phone'", [GOOD[0]]
            ).fetchall()
            ws.con.execute("USE memory")
            assert said == ([("rule:not_ours", False)] if wanted is None else [(None, True)])


def test_what_a_rule_doubts_decides_nothing_about_rows(tiny: Tiny) -> None:
    """No day is judged again for it; golden records are made anew."""
    rule = {"name": "not_ours", "sql": "phone NOT LIKE '139%'", "on_fail": "flag"}
    tiny.add("people", rules=[rule])
    with tiny.open() as ws:
        run(tiny, ws, "people", 0, row(0, "王芳", text="13912345678"))
        before = ws.catalogue.contracts["people"].sha256
    tiny.add("people", rules=[{**rule, "doubts": ["phone"]}])
    with tiny.open() as ws:
        assert ws.catalogue.contracts["people"].sha256 == before
        assert fuse_entity(ws, "population", "person", "test").updated == 1
        assert ws.con.execute("SELECT phone FROM lake.population.person").fetchall() == [(None,)]


def test_history_travels_with_a_release_and_is_masked_for_people(tiny: Tiny, ws: Workspace) -> None:
    run(tiny, ws, "people", 0, row(0, "王芳"))
    finish(ws)
    query = "SELECT name FROM population.person_as_of(DATE '2026-01-05', NULL)"
    assert readers.query(ws.settings, query, unmasked=True)[1] == [("王芳",)]
    assert readers.query(ws.settings, query)[1] == [("王*",)]
    assert readers.query(ws.settings, "SELECT name FROM population.person_history")[1] == [("王*",)]
    assert readers.query(ws.settings, "SELECT name FROM current.people_as_of(NULL, NULL)")[1] == [("王*",)]


def test_a_contract_that_names_no_day_is_refused(tiny: Tiny) -> None:
    tiny.add("permits", items=ITEMS, valid={"since": "name"})
    with pytest.raises(CatalogueError, match="begins to hold on a day"):
        tiny.open()
