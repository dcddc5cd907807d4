"""Region codes and their history (GB/T 2260, DOMAIN.md §1.5) and townships (§1.6)."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from govpipes.settings import ROOT
from govpipes.standards.build_regions import build

from .conftest import Judge
from .test_identifiers import one


@pytest.mark.parametrize(
    ("raw", "value", "err", "flag"),
    [
        ("320102", "320102", None, None),
        ("320102.0", "320102", None, None),
        ("320102002005", "320102", None, None),
        ("320602", "320602", None, "REG-02"),
        ("320586", "320586", None, "REG-03"),
        ("320101", "320101", None, "REG-06"),
        ("320100", "320100", None, "REG-06"),
        ("320571", "320571", None, "REG-07"),
        ("340123", "340123", None, None),
        ("329999", "329999", "REG-01", None),
        ("990101", "990101", "REG-01", None),
        ("玄武区", "320102", None, "REG-08"),
        ("南京市鼓楼区", "320106", None, "REG-08"),
        ("鼓楼区", None, "REG-01", None),
    ],
)
def test_region_code(judge: Judge, raw: str, value: str | None, err: str | None, flag: str | None) -> None:
    assert judge("region_code", raw) == (value, err, flag)


def test_a_retired_code_can_be_mapped(judge: Judge) -> None:
    assert judge("region_code", "320602", retired="successor") == ("320613", None, "REG-02")
    assert judge("region_code", "320586", retired="successor") == ("320586", None, "REG-03")
    assert judge("region_code_any", "320100") == ("320100", None, None)


@pytest.mark.parametrize(
    ("code", "day", "valid", "successor", "name"),
    [
        ("320602", date(2019, 5, 5), True, "320602", "崇川区"),
        ("320602", date(2026, 1, 3), False, "320613", None),
        ("320613", date(2019, 5, 5), False, None, None),
        ("320683", date(2026, 1, 3), False, "320612", None),
        ("320803", date(2005, 1, 1), True, "320803", "楚州区"),
        ("320803", date(2026, 1, 1), True, "320803", "淮安区"),
        ("322525", date(1985, 1, 1), False, "320625", None),
        ("322525", date(2000, 1, 1), False, "320684", None),
        ("322525", date(2026, 1, 1), False, "320614", None),
        ("320586", date(2026, 1, 1), False, None, None),
        ("320205", date(1990, 1, 1), True, "320205", "马山区"),
        ("320212", date(1990, 1, 1), True, "320212", "马山区"),
        ("320205", date(2026, 1, 1), True, "320205", "锡山区"),
    ],
)
def test_history(
    con: duckdb.DuckDBPyConnection, code: str, day: date, valid: bool, successor: str | None, name: str | None
) -> None:
    found = [one(con, f"region_{what}(?, ?)", code, day) for what in ("valid", "successor", "name")]
    assert found == [valid, successor, name]


def test_every_code_of_every_source_is_known(con: duckdb.DuckDBPyConnection) -> None:
    with (ROOT / "data/reference/jiangsu_code_validity.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        middle = date((int(row["first_yearend"]) + int(row["last_yearend"]) + 1) // 2, 12, 31)
        assert one(con, "region_known(?)", row["code"]), row
        assert one(con, "region_valid(?, ?)", row["code"], min(middle, date(2024, 12, 31))), row
    assert len({row["code"] for row in rows if row["current"] == "1"}) == 95


def test_every_current_division_and_township_is_current(con: duckdb.DuckDBPyConnection) -> None:
    for name, column, check in (("divisions", "code", "region_current"), ("townships", "code9", "township_known")):
        path = ROOT / f"data/reference/jiangsu_{name}.csv"
        sql = f"SELECT {column} FROM read_csv(?, all_varchar = true) WHERE NOT {check}({column})"
        assert con.execute(sql, [str(path)]).fetchall() == []


def test_successors_exist_and_never_loop(con: duckdb.DuckDBPyConnection) -> None:
    orphans = con.execute(
        """SELECT code, successor FROM (SELECT code, unnest(string_split(successors, ';')) AS successor FROM region
        WHERE successors IS NOT NULL) WHERE NOT region_known(successor) OR successor = code"""
    ).fetchall()
    assert orphans == []


def test_township_and_community(judge: Judge) -> None:
    assert judge("township_code", "320102002") == ("320102002", None, None)
    assert judge("township_code", "320102002000") == ("320102002", None, None)
    assert judge("township_code", "320102999")[2] == "TOWN-02"
    assert judge("township_code", "329999001")[1] == "TOWN-01"
    assert judge("community_code", "320102002005") == ("320102002005", None, None)
    assert judge("community_code", "320102999005")[2] == "COM-02"
    assert judge("community_code", "玄武")[1] == "COM-01"


def test_the_committed_lists_are_what_the_script_makes(tmp_path: Path) -> None:
    build(ROOT / "data/reference", tmp_path)
    for name in ("region.csv", "township.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "data/codes" / name).read_bytes()


def test_names_are_not_any(con: duckdb.DuckDBPyConnection) -> None:
    found: Any = one(con, "region_name('340123', DATE '2026-01-01')")
    assert found is None
