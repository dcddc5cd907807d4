"""The path of a row through every step, on a tiny installation: real PostgreSQL, real DuckLake, real expectations."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from govpipes.errors import GateError, SchemaError, SourceError, WarehouseError
from govpipes.ledger import tables as t
from govpipes.pipeline import Workspace, land, publish, standardize, verify
from govpipes.registries import fuse
from govpipes.settings import Settings
from govpipes.warehouse import readers, releases
from govpipes_tests.crashes.town import child
from govpipes_tests.tiny import BAD_CHECK, DAY, GOOD, Tiny, day_of, finish

NEXT = DAY + timedelta(days=1)


def row(
    number: int, day: date = DAY, name: str = "王芳", hour: int = 9, deleted: str = "0", citizen_id: str | None = None
) -> tuple[str, str, str, str, str, str]:
    """The department's record `number`, changed on `day` at `hour`."""
    return (str(number), citizen_id or GOOD[number], name, "13812345678", deleted, f"{day} {hour:02}:00:00")


@pytest.fixture
def ws(tiny: Tiny) -> Iterator[Workspace]:
    """One dataset `people` with three good records on the first day."""
    tiny.add("people")
    tiny.put("people", [row(0), row(1), row(2)])
    with tiny.open() as opened:
        yield opened


def claims(ws: Workspace, dataset: str = "people") -> list[tuple[Any, ...]]:
    """All claims there are now, without what only says when we learned them."""
    return ws.con.execute(
        "SELECT citizen_id, name, phone, source_key, cursor, is_deleted, row_hash, source_day "
        f"FROM lake.claims.{dataset} WHERE recorded_to IS NULL ORDER BY ALL"
    ).fetchall()


def golden(ws: Workspace) -> list[tuple[Any, ...]]:
    return ws.con.execute(
        "SELECT entity_key, name, phone, provenance, row_hash FROM lake.population.person ORDER BY ALL"
    ).fetchall()


def test_a_day_goes_from_the_department_to_a_release(ws: Workspace) -> None:
    done = day_of(ws, ws.catalogue.contracts["people"], DAY)
    made = finish(ws)
    assert (done.inserted, done.updated, done.unchanged, done.superseded) == (3, 0, 0, 0)
    assert made.name == f"{DAY}.1"
    query = "SELECT name, citizen_id FROM population.person ORDER BY 2"
    columns, rows = readers.query(ws.settings, query, unmasked=True)
    assert columns == ["name", "citizen_id"]
    assert [value for _, value in rows] == sorted(GOOD[:3])


def test_rejected_rows_are_quarantined_with_all_reasons_and_the_sum_holds(tiny: Tiny, ws: Workspace) -> None:
    tiny.put("people", [("9", BAD_CHECK, "", "123", "0", f"{DAY} 10:00:00")])
    contract = ws.catalogue.contracts["people"]
    day_of(ws, contract, DAY)
    candidate = ws.ledger.latest(t.candidates, "people", DAY)
    assert candidate is not None
    assert (candidate["rows_read"], candidate["rows_accepted"], candidate["rows_quarantined"]) == (4, 3, 1)
    assert set(candidate["reasons"]) == {"citizen_id:ID-02", "name:REQUIRED"}
    assert [line["balanced"] for line in ws.ledger.balance()] == [True]


def test_a_held_day_is_not_published_by_any_way_and_others_are(tiny: Tiny, ws: Workspace) -> None:
    tiny.add("other", authority=20)
    tiny.put("other", [row(3)])
    tiny.put("people", [row(n, citizen_id=BAD_CHECK) for n in range(3)])
    with tiny.open() as opened:
        people, other = opened.catalogue.contracts["people"], opened.catalogue.contracts["other"]
        with pytest.raises(GateError, match="held"):
            day_of(opened, people, DAY)
        with pytest.raises(GateError):
            publish(opened, people, DAY, "again")
        assert day_of(opened, other, DAY).inserted == 1
        assert opened.lake.one("SELECT count(*) FROM lake.claims.people") == 0
        assert [(d["dataset"], d["state"]) for d in opened.ledger.dataset_days()] == [
            ("other", "published"),
            ("people", "held"),
        ]
        made = finish(opened)
        assert [held["dataset"] for held in made.held] == ["people"]
        tiny.put("people", [row(0), row(1), row(2)])
        assert day_of(opened, people, DAY).inserted == 3


def test_the_first_dataset_published_makes_the_tables_of_all(
    tiny: Tiny, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("govpipes.pipeline.claims._MADE_AT_ONCE", 2)
    names = ["one", "two", "three", "four"]
    for authority, name in enumerate(names, 20):
        tiny.add(name, authority=authority)
        tiny.put(name, [row(3)])
    with tiny.open() as opened:
        day_of(opened, opened.catalogue.contracts["people"], DAY)
        assert opened.lake.tables("claims") == {"people", *names}
        version = "SELECT max(schema_version) FROM ducklake_snapshots('lake')"
        made = opened.lake.one(version)
        for name in names:
            assert day_of(opened, opened.catalogue.contracts[name], DAY).inserted == 1
        assert opened.lake.one(version) == made, "each version of the schema stays in every process's memory"


def test_publish_refuses_without_a_verdict_for_exactly_these_bytes(tiny: Tiny, ws: Workspace) -> None:
    contract = ws.catalogue.contracts["people"]
    land(ws, contract, DAY, "r")
    candidate = standardize(ws, contract, DAY, "r")
    with pytest.raises(GateError, match="no verdict"):
        publish(ws, contract, DAY, "r")
    assert verify(ws, contract, DAY, "r").passed
    candidate.path.chmod(0o600)
    candidate.path.write_bytes(candidate.path.read_bytes() + b"x")
    with pytest.raises(GateError, match="not the one that was standardized"):
        publish(ws, contract, DAY, "r")
    assert "people" not in ws.lake.tables("claims")


def test_a_verdict_under_another_contract_does_not_count(tiny: Tiny, ws: Workspace) -> None:
    old = ws.catalogue.contracts["people"]
    land(ws, old, DAY, "r")
    standardize(ws, old, DAY, "r")
    assert verify(ws, old, DAY, "r").passed
    tiny.add("people", checks=[{"expect": "row_count", "min": 10, "severity": "block"}])
    with tiny.open() as opened:
        new = opened.catalogue.contracts["people"]
        with pytest.raises(GateError, match="another version of the contract"):
            publish(opened, new, DAY, "r")
        standardize(opened, new, DAY, "r")
        assert not verify(opened, new, DAY, "r").passed


def test_running_a_day_again_changes_nothing(ws: Workspace) -> None:
    contract = ws.catalogue.contracts["people"]
    day_of(ws, contract, DAY)
    first = finish(ws)
    snapshot, before = ws.lake.snapshot_id(), claims(ws)
    counts = ws.ledger.counts(["landings", "candidates", "publications", "releases"])
    assert day_of(ws, contract, DAY).already
    again = finish(ws)
    assert (again.unchanged, again.name) == (True, first.name)
    assert ws.lake.snapshot_id() == snapshot
    assert claims(ws) == before
    assert ws.ledger.counts(["landings", "candidates", "publications", "releases"]) == counts


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_days_in_any_order_give_the_same_warehouse(tiny: Tiny, order: tuple[int, ...]) -> None:
    tiny.add("people")
    days = [DAY + timedelta(days=n) for n in range(3)]
    said = [
        [row(0, days[0]), row(1, days[0])],
        [row(0, days[1], "王小芳"), row(2, days[1])],
        [row(1, days[2], deleted="1"), row(2, days[2], "李雷")],
    ]
    with tiny.open() as ws:
        contract = ws.catalogue.contracts["people"]
        for n, rows in enumerate(said):  # land each day as the department stood then
            tiny.sql("DELETE FROM people")
            tiny.put("people", rows)
            land(ws, contract, days[n], "landing")
        for n in order:
            standardize(ws, contract, days[n], "r")
            verify(ws, contract, days[n], "r")
            publish(ws, contract, days[n], "r")
            fuse(ws, "population", "person", "r")
        found = {(key, name) for key, name, *_ in golden(ws)}
        assert found == {(GOOD[0], "王小芳"), (GOOD[2], "李雷")}
        assert len(claims(ws)) == 6


def test_a_deleted_record_that_comes_back_is_revived(tiny: Tiny, ws: Workspace) -> None:
    contract = ws.catalogue.contracts["people"]
    day_of(ws, contract, DAY)
    tiny.put("people", [row(0, NEXT, deleted="1")])
    day_of(ws, contract, NEXT)
    finish(ws)
    assert GOOD[0] not in {key for key, *_ in golden(ws)}
    later = NEXT + timedelta(days=1)
    tiny.put("people", [row(0, later)])
    day_of(ws, contract, later)
    finish(ws)
    assert GOOD[0] in {key for key, *_ in golden(ws)}


def test_a_late_row_is_published_and_counted_and_nothing_is_taken_away(tiny: Tiny, ws: Workspace) -> None:
    contract = ws.catalogue.contracts["people"]
    day_of(ws, contract, DAY)
    tiny.put("people", [row(0, NEXT), row(3, DAY, hour=11)])  # record 0 has left the first day's window
    done = day_of(ws, contract, DAY)
    assert (done.inserted, done.late, done.withdrawn) == (1, 1, 0)
    assert len(claims(ws)) == 4


def test_the_lower_authority_wins_item_by_item_and_says_where_from(tiny: Tiny) -> None:
    tiny.add("strong", authority=10)
    tiny.add("weak", authority=20)
    tiny.put("strong", [("8", GOOD[0], "王芳", "", "0", f"{DAY} 09:00:00")])
    tiny.put("weak", [("8", GOOD[0], "王方", "13812345678", "0", f"{DAY} 20:00:00"), row(1)])
    with tiny.open() as ws:
        for contract in ws.catalogue.contracts.values():
            day_of(ws, contract, DAY)
        finish(ws)
        found = {key: (name, phone, provenance) for key, name, phone, provenance, _ in golden(ws)}
        name, phone, provenance = found[GOOD[0]]
        assert (name, phone) == ("王芳", "13812345678")
        assert (provenance["name"], provenance["phone"]) == ("strong", "weak")
        assert found[GOOD[1]][0] == "王芳"


def test_a_changed_authority_makes_all_golden_records_again(tiny: Tiny) -> None:
    tiny.add("one", authority=10)
    tiny.add("two", authority=20)
    tiny.put("one", [row(0, name="王一")])
    tiny.put("two", [row(0, name="王二")])
    with tiny.open() as ws:
        for contract in ws.catalogue.contracts.values():
            day_of(ws, contract, DAY)
        finish(ws)
        assert golden(ws)[0][1] == "王一"
    tiny.add("one", authority=30)
    with tiny.open() as ws:
        finish(ws)
        assert golden(ws)[0][1] == "王二"


def test_a_crash_between_lake_and_ledger_is_recognised(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = ws.catalogue.contracts["people"]
    record = ws.ledger.record

    def crash(table: Any, fact: Any) -> None:
        if table is t.publications:
            raise KeyboardInterrupt
        record(table, fact)

    monkeypatch.setattr(ws.ledger, "record", crash)
    with pytest.raises(KeyboardInterrupt):
        day_of(ws, contract, DAY)
    monkeypatch.undo()
    snapshot = ws.lake.snapshot_id()
    assert ws.ledger.counts(["publications"]) == {"publications": 0}
    assert publish(ws, contract, DAY, "after").already
    assert ws.ledger.counts(["publications"]) == {"publications": 1}
    assert (ws.lake.snapshot_id(), len(claims(ws))) == (snapshot, 3)


def killed(settings: Settings, point: str) -> None:
    """The steps of the first day, by a process that is killed at the point it is told."""

    def die(*_: object) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    def change_and_die(*given: Any) -> None:
        change(*given)
        die()

    module: Any = sys.modules["govpipes.pipeline.publish"]  # the package exports a function of this name
    change = module._change
    ws: Any = Workspace.open(settings)
    contract = ws.catalogue.contracts["people"]
    for step in (land, standardize, verify):
        if point == step.__name__:
            ws.ledger.record = die
        step(ws, contract, DAY, "killed")
    if point == "before the commit":
        module._change = change_and_die
    if point == "after the commit":
        ws.ledger.record = die
    publish(ws, contract, DAY, "killed")


@pytest.mark.parametrize("point", ["land", "standardize", "verify", "before the commit", "after the commit"])
def test_a_killed_process_loses_nothing_and_repeats_nothing(tiny: Tiny, ws: Workspace, point: str) -> None:
    process = child(killed, tiny.settings, point)
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    contract = ws.catalogue.contracts["people"]
    day_of(ws, contract, DAY)
    finish(ws)
    assert len(claims(ws)) == len(golden(ws)) == 3
    assert [row["balanced"] for row in ws.ledger.balance()] == [True]
    assert ws.ledger.counts(["publications"]) == {"publications": 1}


def test_a_full_dump_that_lost_half_its_records_is_held(tiny: Tiny) -> None:
    source = {"system": "office", "table": "people", "mode": "snapshot", "key": ["id"], "max_vanished": 0.2}
    tiny.add("people", source=source)
    tiny.put("people", [row(n) for n in range(4)])
    with tiny.open() as ws:
        contract = ws.catalogue.contracts["people"]
        day_of(ws, contract, DAY)
        finish(ws)
        tiny.sql("DELETE FROM people WHERE id IN ('0', '1')")
        with pytest.raises(GateError, match="vanished"):
            day_of(ws, contract, NEXT)
        tiny.put("people", [row(0), row(1), row(2, name="李雷")])
        tiny.sql("DELETE FROM people WHERE id = '3'")
    tiny.add("people", source=source | {"max_vanished": 0.3})
    with tiny.open() as ws:
        contract = ws.catalogue.contracts["people"]
        for day in (DAY, NEXT):
            done = day_of(ws, contract, day)
        assert (done.inserted, done.updated, done.unchanged) == (0, 1, 2)
        finish(ws)
        assert [key for key, *_ in golden(ws)] == sorted(GOOD[:3])


def test_a_reader_keeps_its_release_while_the_next_one_is_made(tiny: Tiny, ws: Workspace) -> None:
    contract = ws.catalogue.contracts["people"]
    day_of(ws, contract, DAY)
    first = finish(ws)
    reader = readers.connect_release(ws.settings)
    count = "SELECT count(*) FROM population.person"
    assert reader.execute(count).fetchone() == (3,)
    tiny.put("people", [row(3, NEXT), row(0, NEXT, deleted="1"), row(4, NEXT)])
    day_of(ws, contract, NEXT)
    second = finish(ws)
    assert reader.execute(count).fetchone() == (3,)
    assert readers.query(ws.settings, count)[1] == [(4,)]
    reader.close()
    assert releases.rollback(ws.settings) == first.name
    assert readers.query(ws.settings, count)[1] == [(3,)]
    assert releases.rollback(ws.settings, second.name) == second.name
    assert readers.query(ws.settings, count)[1] == [(4,)]


def test_a_release_that_differs_from_the_warehouse_is_refused(
    tiny: Tiny, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = ws.catalogue.contracts["people"]
    day_of(ws, contract, DAY)
    first = finish(ws)
    tiny.put("people", [row(3, NEXT)])
    day_of(ws, contract, NEXT)
    copy = releases._copy_catalogue

    def lose_a_file(lake: Any, file: Path) -> int:
        snapshot = copy(lake, file)
        lake.con.execute(f"ATTACH '{file}' AS tampered")
        newest = "(SELECT max(data_file_id) FROM tampered.ducklake_data_file)"
        lake.con.execute(f"DELETE FROM tampered.ducklake_data_file WHERE data_file_id = {newest}")
        lake.con.execute("DETACH tampered")
        return snapshot

    monkeypatch.setattr(releases, "_copy_catalogue", lose_a_file)
    with pytest.raises(WarehouseError, match="differs from the warehouse"):
        finish(ws)
    assert releases.current_name(ws.settings) == first.name
    assert [found["release"] for found in releases.list_releases(ws.settings)] == [first.name]


def test_what_people_look_at_is_masked(ws: Workspace) -> None:
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    finish(ws)
    query = "SELECT name, citizen_id, entity_key, phone FROM population.person ORDER BY citizen_id"
    masked = readers.query(ws.settings, query)[1][1]
    assert masked[0] == "王*"
    assert not any(str(value).isdigit() and len(str(value)) >= 11 for value in masked)
    assert readers.query(ws.settings, query, unmasked=True)[1][1][1] == sorted(GOOD[:3])[1]


def test_errors_name_dataset_day_cause_and_next_step(tiny: Tiny, ws: Workspace) -> None:
    contract = ws.catalogue.contracts["people"]
    with pytest.raises(WarehouseError, match=f"people {DAY}: nothing is landed for this day"):
        standardize(ws, contract, DAY, "r")
    tiny.sql("ALTER TABLE people RENAME COLUMN xm TO xingming")
    land(ws, contract, DAY, "r")
    with pytest.raises(SchemaError, match="the source lacks xm"):
        standardize(ws, contract, DAY, "r")
    tiny.sql("ALTER TABLE people RENAME COLUMN gxsj TO gengxin")
    with pytest.raises(SourceError, match="gxsj"):
        land(ws, contract, DAY, "r")
    assert [(d["dataset"], d["state"]) for d in ws.ledger.dataset_days()] == [("people", "failed")]


def test_a_new_item_is_a_new_column_and_old_days_are_standardized_again(tiny: Tiny, ws: Workspace) -> None:
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    landline = {"name": "landline", "from": "dh", "element": "text", "title": {"zh": "座机", "en": "Landline"}}
    tiny.add("people", items=[*tiny.contracts["people"]["items"], landline])
    with tiny.open() as opened:
        done = day_of(opened, opened.catalogue.contracts["people"], DAY)
        assert not done.already
        assert opened.con.execute("SELECT DISTINCT landline FROM lake.current.people").fetchall() == [("13812345678",)]
        assert len(claims(opened)) == 3


def test_a_publisher_that_waited_publishes_what_is_newest(
    tiny: Tiny, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its decision to publish and its turn, another publisher brought a late row."""
    contract = ws.catalogue.contracts["people"]
    land(ws, contract, DAY, "first")
    standardize(ws, contract, DAY, "first")
    verify(ws, contract, DAY, "first")
    lock = ws.lake.lock

    @contextmanager
    def slow(name: str) -> Iterator[Callable[[], None]]:
        monkeypatch.setattr(ws.lake, "lock", lock)
        tiny.put("people", [row(3, DAY, hour=12)])
        with tiny.open() as other:
            assert day_of(other, contract, DAY).inserted == 4
        with lock(name) as held:
            yield held

    monkeypatch.setattr(ws.lake, "lock", slow)
    assert publish(ws, contract, DAY, "first").already
    assert len(claims(ws)) == 4


def test_compound_keys_do_not_run_together(tiny: Tiny) -> None:
    tiny.add("people", source=contract_source(key=["dh", "xm"]))
    at = f"{DAY} 09:00:00"
    tiny.put("people", [("1", GOOD[0], "c", "a|b", "0", at), ("2", GOOD[1], "b|c", "a", "0", at)])
    with tiny.open() as ws:
        assert day_of(ws, ws.catalogue.contracts["people"], DAY).inserted == 2


def contract_source(**changes: Any) -> dict[str, Any]:
    """The source of the tiny contracts, changed."""
    base = {"system": "office", "table": "people", "mode": "incremental", "cursor": "gxsj", "key": ["id"]}
    return base | changes


def test_a_row_without_a_time_of_change_is_rejected_not_overlooked(tiny: Tiny, ws: Workspace) -> None:
    contract = ws.catalogue.contracts["people"]
    day_of(ws, contract, DAY)
    tiny.put("people", [row(3, NEXT)])
    tiny.sql(f"INSERT INTO people VALUES ('8', '{GOOD[4]}', '李雷', '', '0', NULL)")
    day_of(ws, contract, NEXT)
    candidate = ws.ledger.latest(t.candidates, "people", NEXT)
    assert candidate is not None
    assert candidate["reasons"] == {"CURSOR": 1}


def test_a_new_rule_reaches_what_is_published(tiny: Tiny, ws: Workspace) -> None:
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    title = {"zh": "长名", "en": "Long name"}
    tiny.add("people", rules=[{"name": "long", "sql": "length(name) > 9", "on_fail": "flag", "title": title}])
    with tiny.open() as opened:
        day_of(opened, opened.catalogue.contracts["people"], DAY)
        flags = opened.con.execute("SELECT flags FROM lake.current.people").fetchall()
        assert flags == [(["rule:long"],)] * 3
        assert [line["balanced"] for line in opened.ledger.balance()] == [True]


def test_an_error_on_a_value_does_not_repeat_the_value(tiny: Tiny, ws: Workspace) -> None:
    tiny.add("people", rules=[{"name": "bad", "sql": "CAST(name AS INTEGER) > 0", "on_fail": "flag"}])
    with tiny.open() as opened:
        with pytest.raises(WarehouseError, match="failed on a value") as caught:
            day_of(opened, opened.catalogue.contracts["people"], DAY)
        assert "王芳" not in str(caught.value)
        assert all("王芳" not in str(line["held_because"]) for line in opened.ledger.dataset_days())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT name AS n, phone AS p, citizen_id AS c FROM population.person",
        "SELECT list(name), max(phone), min(citizen_id) FROM population.person",
        "SELECT p FROM population.person p",
        "SELECT {'x': citizen_id, 'n': name, 'p': phone} FROM population.person",
        "FROM claims.people",
        "FROM current.people",
    ],
)
def test_no_query_shows_plain_personal_values(ws: Workspace, query: str) -> None:
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    finish(ws)
    shown = str(readers.query(ws.settings, query)[1])
    assert "王*" in shown
    assert "王芳" not in shown
    assert "13812345678" not in shown
    assert not any(number in shown for number in GOOD)


def test_only_a_query_can_be_run_on_a_release(ws: Workspace, tmp_path: Path) -> None:
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    finish(ws)
    for statement in (f"COPY (FROM population.person) TO '{tmp_path}/x.csv'", "SELECT 1; SELECT 2", "DROP TABLE x"):
        with pytest.raises(WarehouseError, match="not a query"):
            readers.query(ws.settings, statement)
    assert not (tmp_path / "x.csv").exists()


def test_a_day_that_is_no_period_is_refused(ws: Workspace) -> None:
    with pytest.raises(SourceError, match="no period"):
        land(ws, ws.catalogue.contracts["people"], DAY - timedelta(days=1), "r")
