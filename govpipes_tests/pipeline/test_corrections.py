"""The life of a rejected row: every one once, open until it is corrected, exported for its department, judged again."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from govpipes.errors import GateError
from govpipes.pipeline import Workspace, publish, quarantine, standardize, verify
from govpipes.pipeline.corrections import ageing, entries, stale
from govpipes.pipeline.worklist import HEADER, export
from govpipes_tests.tiny import BAD_CHECK, DAY, GOOD, Tiny, contract, day_of

DAYS = [DAY + timedelta(days=n) for n in range(4)]


@pytest.fixture
def ws(tiny: Tiny) -> Iterator[Workspace]:
    tiny.add("people")
    with tiny.open() as opened:
        yield opened


def put(tiny: Tiny, number: int, at: object, citizen: str | None = None, name: str = "王芳") -> None:
    tiny.put("people", [(str(number), citizen or GOOD[number], name, "", "0", at)])  # type: ignore[list-item]


def found(ws: Workspace) -> list[tuple[Any, ...]]:
    """key, first and last day, readings, state of every entry."""
    entries(ws, ws.catalogue.contracts.values())
    return ws.con.execute(
        "SELECT source_key, first_day, last_day, readings, state FROM entries ORDER BY first_day, source_key, raw"
    ).fetchall()


def test_a_row_that_comes_with_every_reading_is_one_entry(tiny: Tiny, ws: Workspace) -> None:
    put(tiny, 0, f"{DAY} 09:00:00")
    put(tiny, 1, None)
    for day in DAYS[:3]:
        put(tiny, 2, f"{day} 10:00:00")
        day_of(ws, ws.catalogue.contracts["people"], day)
    assert found(ws) == [("1", DAY, DAYS[2], 3, "open")]
    put(tiny, 1, f"{DAYS[3]} 09:00:00")
    day_of(ws, ws.catalogue.contracts["people"], DAYS[3])
    assert [state for *_, state in found(ws)] == ["resolved"]


def test_a_corrected_row_resolves_its_predecessor_and_frees_its_day(tiny: Tiny, ws: Workspace) -> None:
    people = ws.catalogue.contracts["people"]
    put(tiny, 0, f"{DAY} 09:00:00")
    for number in (1, 2):
        put(tiny, number, f"{DAY} 09:00:00", BAD_CHECK)
    with pytest.raises(GateError, match="reject_rate"):
        day_of(ws, people, DAY)
    assert [state for *_, state in found(ws)] == ["open", "open"]
    for number in (1, 2):  # corrected in place: another time of change, another day
        put(tiny, number, f"{DAYS[2]} 09:00:00")
    day_of(ws, people, DAYS[2])
    assert day_of(ws, people, DAY).inserted == 1, "the good row of the held day"
    assert [(key, first, state) for key, first, *_, state in found(ws)] == [
        ("1", DAY, "resolved"),
        ("2", DAY, "resolved"),
    ]
    assert all(line["balanced"] for line in ws.ledger.balance())


def test_a_row_corrected_within_its_day_is_remembered(tiny: Tiny, ws: Workspace) -> None:
    people = ws.catalogue.contracts["people"]
    put(tiny, 0, f"{DAY} 09:00:00")
    put(tiny, 1, f"{DAY} 09:00:00", BAD_CHECK)
    day_of(ws, people, DAY)
    put(tiny, 1, f"{DAY} 09:30:00")
    day_of(ws, people, DAY)
    assert found(ws) == [("1", DAY, DAY, 1, "resolved")]
    row = ageing(ws, [people], DAYS[3])[0]
    assert (row["department"], row["open"], row["resolved"], row["median_days"]) == ("public_security", 0, 1, 0.0)


def test_rejected_rows_are_listed_by_their_state(tiny: Tiny, ws: Workspace) -> None:
    people = ws.catalogue.contracts["people"]
    put(tiny, 0, f"{DAY} 09:00:00")
    for number in (1, 2):
        put(tiny, number, f"{DAY} 09:00:00", BAD_CHECK, name="" if number == 2 else "王芳")
    with pytest.raises(GateError):
        day_of(ws, people, DAY)
    put(tiny, 1, f"{DAYS[1]} 09:00:00")
    day_of(ws, people, DAYS[1])

    def counted(*given: Any) -> list[tuple[str, str, int]]:
        return [(row["state"], row["reason"], row["rows"]) for row in quarantine.summary(ws, [people], *given)]

    assert counted() == [("open", "ID-02", 1), ("open", "REQUIRED", 1)]
    assert counted("resolved") == [("resolved", "ID-02", 1)]
    assert len(counted("all")) == 3
    assert counted("all", DAYS[1]) == []
    (row,) = quarantine.rows(ws, [people], "resolved")
    assert (row["source_key"], row["day"], row["reasons"]) == ("1", DAY, ["citizen_id:ID-02"])
    assert BAD_CHECK not in str(row)
    assert len(quarantine.rows(ws, [people], "all")) == 2
    assert [row["source_key"] for row in quarantine.rows(ws, [people], "all", DAY, "name:REQUIRED")] == ["2"]


def test_open_rows_grow_old(tiny: Tiny, ws: Workspace) -> None:
    put(tiny, 0, f"{DAY} 09:00:00")
    put(tiny, 1, f"{DAY} 09:00:00", BAD_CHECK)
    people = ws.catalogue.contracts["people"]
    day_of(ws, people, DAY)
    ages = [(0, "0-3"), (3, "0-3"), (4, "4-7"), (8, "8-30"), (31, ">30")]
    for days, name in ages:
        row = ageing(ws, [people], DAY + timedelta(days=days))[0]
        assert {key for key in ("0-3", "4-7", "8-30", ">30") if row[key]} == {name}
        assert row["oldest"] == DAY


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
@pytest.mark.parametrize("unmasked", [True, False])
def test_a_department_gets_a_list_to_work_through(
    tiny: Tiny, ws: Workspace, tmp_path: Path, suffix: str, unmasked: bool
) -> None:
    put(tiny, 0, f"{DAY} 09:00:00")
    put(tiny, 1, f"{DAY} 09:00:00", BAD_CHECK, name="=1+1")
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    target = tmp_path / f"list{suffix}"
    assert export(ws, list(ws.catalogue.contracts.values()), target, unmasked=unmasked) == 1
    assert target.stat().st_mode & 0o777 == 0o600
    if suffix == ".xlsx":
        rows = [list(row) for row in openpyxl.load_workbook(target).active.values]  # type: ignore[union-attr]
    else:
        rows = [list(row) for row in csv.reader(target.read_text(encoding="utf-8-sig").splitlines())]
    assert tuple(rows[0]) == HEADER
    told = dict(zip(HEADER, rows[1], strict=True))
    assert (told["数据集"], told["主键"], told["来源"]) == ("people信息", "1", "people")
    assert "citizen_id:ID-02" in str(told["错误代码"])
    assert "校验" in str(told["错误说明"])
    assert (BAD_CHECK in str(told["原始内容"])) == unmasked
    assert not any(str(value).startswith("=") for value in rows[1])


def test_rows_are_judged_again_when_the_contract_has_changed(tiny: Tiny, ws: Workspace) -> None:
    put(tiny, 0, f"{DAY} 09:00:00")
    put(tiny, 1, f"{DAY} 09:00:00", name="")
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    assert [(row.rows, row.changed) for row in stale(ws, ws.catalogue.contracts.values())] == [(1, False)]
    items = [dict(item, required=item["name"] == "citizen_id") for item in contract("people")["items"]]
    tiny.write("people", items=items)
    with tiny.open() as opened:
        people = opened.catalogue.contracts["people"]
        assert [(row.rows, row.changed) for row in stale(opened, [people])] == [(1, True)]
        tiny.office.unlink()  # the source is not read
        standardize(opened, people, DAY, "r")
        verify(opened, people, DAY, "r")
        assert publish(opened, people, DAY, "r").late == 1
        assert stale(opened, [people]) == []
        assert [state for *_, state in found(opened)] == ["resolved"]
