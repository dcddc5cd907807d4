"""Judging a candidate: what passes, what is found, and what must never bring the judging down."""

import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from govpipes.catalogue.model import Contract
from govpipes.pipeline import expectations
from govpipes.pipeline.expectations import DAY, LIVE, ROWS, Facts, Outcome, judge
from govpipes.sql import literal

FLOOR = {"expect": "row_count", "min": 1}
ITEMS = {
    "citizen_id": ("citizen_id", "VARCHAR", True),
    "name": ("person_name", "VARCHAR", True),
    "sex": ("sex", "VARCHAR", False),
    "birth_date": ("date", "DATE", False),
    "region": ("region_code", "VARCHAR", False),
    "longitude": ("longitude", "DOUBLE", False),
}
GOOD: dict[str, Any] = {
    "citizen_id": "11010519491231002X",
    "name": "张三",
    "sex": "2",
    "birth_date": "1949-12-31",
    "region": "320102",
    "longitude": 118.8,
    "entity_key": "11010519491231002X",
    "source_key": "1",
    "cursor": "2026-01-03 08:00:00",
    "is_deleted": False,
    "row_hash": 1,
    "flags": [],
}
TYPES = {name: kind for name, (_, kind, _) in ITEMS.items()} | {
    "entity_key": "VARCHAR",
    "source_key": "VARCHAR",
    "cursor": "TIMESTAMP",
    "is_deleted": "BOOLEAN",
    "row_hash": "BIGINT",
    "flags": "VARCHAR[]",
}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute("SET TimeZone = 'Asia/Shanghai'")
        yield con


def contract(*checks: dict[str, Any], on_error: str = "reject") -> Contract:
    return Contract.model_validate(
        {
            "dataset": "household_register",
            "title": {"zh": "户籍人口登记信息", "en": "Household register"},
            "abstract": "Everyone registered in a household.",
            "registry": "population",
            "entity": "person",
            "provider": "public_security",
            "share": {"type": "unconditional", "methods": ["table"]},
            "update": {"cycle": "daily", "due": "06:00", "start": "2026-01-01"},
            "source": {"system": "public_security", "table": "czrk", "cursor": "gxsj", "key": ["gmsfhm"]},
            "items": [
                {
                    "name": name,
                    "from": name,
                    "element": element,
                    "title": {"zh": name, "en": name},
                    "required": required,
                    "on_error": on_error,
                }
                for name, (element, _, required) in ITEMS.items()
            ],
            "checks": [FLOOR, *checks],
        }
    )


def write(con: duckdb.DuckDBPyConnection, path: Path, *rows: dict[str, Any], **types: str) -> Path:
    """A candidate of these rows, each over GOOD; `types` change a column's type, DROP leaves it out."""
    kinds = {name: kind for name, kind in {**TYPES, **types}.items() if kind != "DROP"}
    con.execute(f"CREATE OR REPLACE TEMP TABLE made ({', '.join(f'{n} {k}' for n, k in kinds.items())})")
    for place, row in enumerate(rows):
        values = {**GOOD, "source_key": str(place), "row_hash": place, **row}
        marks = ", ".join("?" for _ in kinds)
        con.execute(f"INSERT INTO made VALUES ({marks})", [values[name] for name in kinds])
    con.execute(f"COPY made TO {literal(path)} (FORMAT parquet)")
    con.execute("DROP TABLE made")
    return path


def facts(accepted: int, *, quarantined: int = 0, last: int | None = None) -> Facts:
    return Facts(accepted + quarantined, accepted, quarantined, last)


def find(outcomes: list[Outcome], expectation: str, item: str | None = None) -> Outcome:
    (found,) = [o for o in outcomes if o.expectation == expectation and item in (None, o.item)]
    return found


def failed(outcomes: list[Outcome]) -> set[tuple[str, str | None]]:
    return {(o.expectation, o.item) for o in outcomes if not o.passed}


def test_a_good_candidate_passes_everything(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    checks = (
        {"expect": "row_count", "max": 10, "drop_vs_last": 0.5},
        {"expect": "reject_rate", "max": 0.02},
        {"expect": "fill_rate", "item": "sex", "min": 0.9, "severity": "warn"},
        {"expect": "unique", "items": ["citizen_id"]},
        {"expect": "in_set", "item": "sex", "values": [1, 2]},
        {"expect": "between", "item": "birth_date", "min": "1900-01-01"},
        {"expect": "between", "item": "region", "min": "320000", "max": "329999"},
        {"expect": "sql", "name": "born", "sql": "SELECT * FROM {batch} p WHERE birth_date > DATE '2026-01-03'"},
    )
    path = write(con, tmp_path / "c.parquet", {})
    outcomes = judge(con, path, contract(*checks), facts(1, last=1))
    assert failed(outcomes) == set()
    assert not [o for o in outcomes if o.error]
    names = {o.expectation for o in outcomes}
    assert {"rows_in_file", "conservation", "schema", "not_null", "format", "range", "row_count"} <= names
    assert {"drop_vs_last", "reject_rate", "fill_rate", "unique", "in_set", "between", "sql:born"} <= names
    assert find(outcomes, "fill_rate").severity == "warn"
    assert find(outcomes, "fill_rate").observed == 1.0


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ({"citizen_id": None}, ("not_null", "citizen_id")),
        ({"citizen_id": "11010519491231002x"}, ("format", "citizen_id")),
        ({"citizen_id": " 11010519491231002X"}, ("format", "citizen_id")),
        ({"region": "32010"}, ("format", "region")),
        ({"birth_date": "0949-12-31"}, ("range", "birth_date")),
        ({"longitude": 32.0}, ("range", "longitude")),
        ({"longitude": float("nan")}, ("range", "longitude")),
        ({"source_key": None}, ("not_null", "source_key")),
        ({"cursor": None}, ("not_null", "cursor")),
        ({"is_deleted": None}, ("not_null", "is_deleted")),
        ({"source_key": None, "is_deleted": True}, ("not_null", "source_key")),
    ],
)
def test_what_standardizing_should_have_prevented_blocks(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, row: dict[str, Any], where: tuple[str, str]
) -> None:
    outcomes = judge(con, write(con, tmp_path / "c.parquet", {}, row), contract(), facts(2))
    assert failed(outcomes) == {where}
    outcome = find(outcomes, *where)
    assert (outcome.severity, outcome.unexpected, outcome.unexpected_share) == ("block", 1, 0.5)
    assert outcome.error is None


@pytest.mark.parametrize(
    ("check", "row", "item"),
    [
        ({"expect": "in_set", "item": "sex", "values": ["1", "9"]}, {"sex": "2"}, "sex"),
        ({"expect": "in_set", "item": "name", "values": ["张三"]}, {"name": "李四"}, "name"),
        ({"expect": "in_set", "item": "name", "values": ["O'Neil", '"']}, {"name": "o'neil"}, "name"),
        ({"expect": "between", "item": "birth_date", "max": "1999-12-31"}, {"birth_date": "2000-01-01"}, "birth_date"),
        ({"expect": "between", "item": "longitude", "min": 116.3, "max": 121.9}, {"longitude": 122.0}, "longitude"),
        ({"expect": "between", "item": "region", "min": "320000", "max": "329999"}, {"region": "330100"}, "region"),
        ({"expect": "fill_rate", "item": "sex", "min": 0.9}, {"sex": None}, "sex"),
        ({"expect": "unique", "items": ["citizen_id"]}, {}, "citizen_id"),
        ({"expect": "unique", "items": ["citizen_id", "name"]}, {}, "citizen_id, name"),
    ],
)
@pytest.mark.parametrize("severity", ["block", "warn"])
def test_each_check_of_a_contract_finds_its_rows(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    check: dict[str, Any],
    row: dict[str, Any],
    item: str,
    severity: str,
) -> None:
    name = check["expect"]
    path = write(con, tmp_path / "c.parquet", row, row)
    outcomes = judge(con, path, contract({**check, "severity": severity}), facts(2))
    assert failed(outcomes) == {(name, item)}
    outcome = find(outcomes, name)
    assert outcome.severity == severity
    assert outcome.unexpected
    assert outcome.allowed


def test_unique_passes_over_empty_items_and_tells_pairs_apart(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = ({"sex": None}, {"sex": None}, {"name": "李四"})
    path = write(con, tmp_path / "c.parquet", *rows)
    checks = [{"expect": "unique", "items": ["citizen_id", other]} for other in ("sex", "name")]
    outcomes = judge(con, path, contract(*checks), facts(3))
    assert failed(outcomes) == {("unique", "citizen_id, name")}


def test_deleted_rows_need_no_values_and_count_as_rows(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    gone = {"citizen_id": None, "name": None, "region": "?", "is_deleted": True}
    checks = (
        {"expect": "row_count", "min": 3},
        {"expect": "fill_rate", "item": "name", "min": 1},
        {"expect": "sql", "name": "no_gone", "sql": "SELECT 1 FROM {batch} p WHERE is_deleted OR name IS NULL"},
    )
    outcomes = judge(con, write(con, tmp_path / "c.parquet", {}, gone, gone), contract(*checks), facts(3))
    assert failed(outcomes) == set()
    assert find(outcomes, "rows_in_file").observed == 3


def test_an_item_whose_errors_only_flag_warns_when_it_is_empty(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(con, tmp_path / "c.parquet", {"name": None})
    outcome = find(judge(con, path, contract(on_error="flag"), facts(1)), "not_null", "name")
    assert (outcome.passed, outcome.severity) == (False, "warn")


def test_an_empty_candidate_fails_its_floor_and_nothing_else(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    checks = (
        {"expect": "reject_rate", "max": 0.02},
        {"expect": "fill_rate", "item": "sex", "min": 0.9},
        {"expect": "unique", "items": ["citizen_id"]},
        {"expect": "in_set", "item": "sex", "values": ["1"]},
    )
    outcomes = judge(con, write(con, tmp_path / "c.parquet"), contract(*checks), facts(0))
    assert failed(outcomes) == {("row_count", None)}
    assert find(outcomes, "row_count").observed == 0
    assert not [o for o in outcomes if o.error]


@pytest.mark.parametrize(
    ("rows", "last", "passed"), [(2, 4, True), (1, 4, False), (1, None, None), (1, 0, True), (1, 3, False)]
)
def test_a_drop_against_the_last_published_day(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, rows: int, last: int | None, passed: bool | None
) -> None:
    path = write(con, tmp_path / "c.parquet", *([{}] * rows))
    check = {"expect": "row_count", "min": 0, "drop_vs_last": 0.5}
    outcomes = judge(con, path, contract(check), facts(rows, last=last))
    drops = [o.passed for o in outcomes if o.expectation == "drop_vs_last"]
    assert drops == ([] if passed is None else [passed])


def test_a_drop_of_exactly_what_is_allowed_passes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(con, tmp_path / "c.parquet", {}, {}, {})
    check = {"expect": "row_count", "drop_vs_last": 0.7}  # in binary, 10 × (1 − 0.7) is a little more than 3
    assert find(judge(con, path, contract(check), facts(3, last=10)), "drop_vs_last").passed


def test_rejected_rows_are_judged_as_a_share_of_rows_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(con, tmp_path / "c.parquet", {}, {}, {})
    check = {"expect": "reject_rate", "max": 0.2}
    outcome = find(judge(con, path, contract(check), facts(3, quarantined=1)), "reject_rate")
    assert (outcome.passed, outcome.observed) == (False, 0.25)
    assert outcome.allowed == "at most 20.00% of the rows read"


def test_rows_that_went_missing_block(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(con, tmp_path / "c.parquet", {})
    outcomes = judge(con, path, contract(), Facts(rows_read=3, accepted=2, quarantined=0, last_published_rows=None))
    assert failed(outcomes) == {("rows_in_file", None), ("conservation", None)}
    assert find(outcomes, "conservation").observed == 2


def test_codes_that_changed_are_noticed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [{"flags": ["sex:CODE-01"] if n == 0 else ["name:NAME-02"]} for n in range(19)]
    path = tmp_path / "c.parquet"
    outcome = find(judge(con, write(con, path, *rows), contract(), facts(19)), "code_drift")
    assert (outcome.passed, outcome.severity) == (False, "warn")
    assert find(judge(con, write(con, path, *rows, {}), contract(), facts(20)), "code_drift").passed


@pytest.mark.parametrize("types", [{"birth_date": "VARCHAR"}, {"flags": "VARCHAR"}, {"row_hash": "DROP"}])
def test_a_column_of_another_type_or_none_fails_the_schema(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, types: dict[str, str]
) -> None:
    row = {"flags": None} if "flags" in types else {}
    outcome = find(judge(con, write(con, tmp_path / "c.parquet", row, **types), contract(), facts(1)), "schema")
    assert (outcome.passed, outcome.unexpected, outcome.severity) == (False, 1, "block")


@pytest.mark.parametrize("column", ["sex", "is_deleted", "source_key"])
def test_a_missing_column_is_an_error_of_the_checks_that_need_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, column: str
) -> None:
    checks = (
        {"expect": "in_set", "item": "sex", "values": ["2"]},
        {"expect": "fill_rate", "item": "sex", "min": 0.5},
        {"expect": "unique", "items": ["sex", "citizen_id"]},
    )
    path = write(con, tmp_path / "c.parquet", {}, **{column: "DROP"})
    outcomes = judge(con, path, contract(*checks), facts(1))
    errors = {o.expectation for o in outcomes if o.error}
    assert errors == ({"in_set", "fill_rate", "unique"} if column == "sex" else {"not_null"})
    assert {o.expectation for o in outcomes if not o.passed} == errors | {"schema"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM {batch} p WHERE CAST(name AS INTEGER) > 0",
        "SELECT 1 FROM {batch} p WHERE error('no: ' || name)",
        "SELECT nothing FROM {batch} p",
        "SELECT FROM WHERE {batch}",
        "SELECT 1 FROM {batch} p, no_such_table",
        "SELECT 1 FROM {batch} p WHERE name = '",
    ],
)
def test_a_check_that_raises_is_an_error_and_takes_no_other_with_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, sql: str
) -> None:
    checks = ({"expect": "sql", "name": "broken", "sql": sql}, {"expect": "unique", "items": ["citizen_id"]})
    outcomes = judge(con, write(con, tmp_path / "c.parquet", {}), contract(*checks), facts(1))
    broken = find(outcomes, "sql:broken")
    assert failed(outcomes) == {("sql:broken", None)}
    assert broken.error
    assert broken.unexpected is None
    assert "Traceback" not in broken.error


def test_a_metric_that_raises_does_not_spoil_those_computed_with_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    checks = (
        {"expect": "in_set", "item": "birth_date", "values": ["not a date"]},
        {"expect": "in_set", "item": "sex", "values": ["1"]},
        {"expect": "between", "item": "birth_date", "min": "2020-01-01", "max": "2019-01-01"},
        {"expect": "between", "item": "longitude", "min": "east"},
        {"expect": "between", "item": "birth_date", "min": "soon"},
        {"expect": "between", "item": "birth_date", "min": 2020},
        {"expect": "between", "item": "sex", "min": 1, "max": 2},
    )
    outcomes = judge(con, write(con, tmp_path / "c.parquet", {}), contract(*checks), facts(1))
    broken = {("in_set", "birth_date"), ("between", "birth_date"), ("between", "longitude")}
    assert {(o.expectation, o.item) for o in outcomes if o.error} == broken
    assert len([o for o in outcomes if o.error]) == 5
    assert failed(outcomes) == broken | {("in_set", "sex")}


@pytest.mark.parametrize(
    ("condition", "bad"),
    [
        ("name LIKE '张%'", True),
        ("name = '欧阳·娜娜'", False),
        ("regexp_matches(citizen_id, '^[0-9]{17}X$')", True),
        ("name = '{batch'", False),
        ("'12:30' = '12:' || '30' AND name::VARCHAR = '张三'", True),
        ("name = 'x' OR ':name' = '%(name)s'", False),
        ("name = 'it''s \"quoted\"' -- a comment", False),
        ("citizen_id[1:2] = '11' AND citizen_id[:2] = '11'", True),
    ],
)
def test_sql_checks_take_any_text(con: duckdb.DuckDBPyConnection, tmp_path: Path, condition: str, bad: bool) -> None:
    check = {"expect": "sql", "name": "text", "sql": f"SELECT p.* FROM {{batch}} p WHERE {condition}"}
    outcome = find(judge(con, write(con, tmp_path / "c.parquet", {}), contract(check), facts(1)), "sql:text")
    assert (outcome.error, outcome.passed) == (None, not bad)


def test_sql_checks_may_read_the_batch_twice_and_end_in_a_semicolon(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    sql = "WITH b AS (SELECT * FROM {batch}) SELECT 1 FROM b JOIN (SELECT * FROM {batch} q) USING (citizen_id) ;\n"
    check = {"expect": "sql", "name": "twice", "sql": sql}
    outcome = find(judge(con, write(con, tmp_path / "c.parquet", {}), contract(check), facts(1)), "sql:twice")
    assert (outcome.error, outcome.unexpected) == (None, 1)


def test_sql_checks_see_the_macros_of_the_connection(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    con.execute("CREATE TEMP MACRO too_long(name) AS length(name) > 1")
    check = {"expect": "sql", "name": "long", "sql": "SELECT 1 FROM {batch} p WHERE too_long(name)"}
    outcome = find(judge(con, write(con, tmp_path / "c.parquet", {}), contract(check), facts(1)), "sql:long")
    assert (outcome.error, outcome.passed) == (None, False)


def test_no_outcome_holds_a_value_of_a_row(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    row = {"citizen_id": "33010519491231002", "name": "机密甲"}
    checks = (
        {"expect": "in_set", "item": "name", "values": ["李四"]},
        {"expect": "unique", "items": ["name"]},
        {"expect": "sql", "name": "rows", "sql": "SELECT * FROM {batch} p"},
        {"expect": "sql", "name": "cast", "sql": "SELECT 1 FROM {batch} p WHERE CAST(name AS INTEGER) = 1"},
        {"expect": "sql", "name": "cast_id", "sql": "SELECT 1 FROM {batch} p WHERE CAST(citizen_id AS INTEGER) = 1"},
    )
    outcomes = judge(con, write(con, tmp_path / "c.parquet", row, row), contract(*checks), facts(2))
    assert len(failed(outcomes)) == 6
    assert find(outcomes, "sql:cast").error
    assert find(outcomes, "sql:cast_id").error
    assert "机密" not in repr(outcomes)
    assert "33010519491231002" not in repr(outcomes)


def test_names_with_quotes_in_the_candidates_path(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / 'O\'Neil "候选"'
    folder.mkdir()
    assert failed(judge(con, write(con, folder / "c.parquet", {}), contract(), facts(1))) == set()


@pytest.mark.parametrize("content", [None, b"", b"not a parquet file"])
def test_a_file_that_cannot_be_read_raises_and_leaves_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "c.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(duckdb.Error):
        judge(con, path, contract(), facts(1))
    assert failed(judge(con, write(con, path, {}), contract(), facts(1))) == set()


def test_the_connection_is_left_as_it_was(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(con, tmp_path / "c.parquet", {})
    con.execute("BEGIN")
    con.execute("CREATE TABLE kept AS SELECT 1 AS a")
    judge(con, path, contract({"expect": "unique", "items": ["sex"]}), facts(1))
    con.execute("ROLLBACK")
    left = con.execute(
        "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE temporary"
    )
    assert not {ROWS, LIVE, DAY, "kept"} & {row[0] for row in left.fetchall()}


def test_a_large_candidate_is_judged_from_its_file(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expectations, "_IN_MEMORY_ROWS", 1)
    path = write(con, tmp_path / "c.parquet", {}, {"name": None}, {})
    outcomes = judge(con, path, contract({"expect": "unique", "items": ["citizen_id"]}), facts(3))
    assert failed(outcomes) == {("not_null", "name"), ("unique", "citizen_id")}


def test_judgements_on_several_threads_and_connections_do_not_mix(tmp_path: Path) -> None:
    found: dict[int, list[Outcome]] = {}

    def one(rows: int) -> None:
        with duckdb.connect(config={"threads": 1}) as con:
            path = write(con, tmp_path / f"{rows}.parquet", *([{}] * rows))
            found[rows] = judge(con, path, contract(), facts(rows))

    threads = [threading.Thread(target=one, args=(rows,)) for rows in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {rows: find(outcomes, "row_count").observed for rows, outcomes in found.items()} == {1: 1, 2: 2, 3: 3, 4: 4}


def test_warnings_still_reach_python_and_nothing_is_printed(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    check = {"expect": "sql", "name": "broken", "sql": "SELECT nothing FROM {batch} p"}
    judge(con, write(con, tmp_path / "c.parquet", {}), contract(check), facts(1))
    assert capfd.readouterr() == ("", "")
    assert warnings.showwarning.__module__ != logging.__name__


def test_great_expectations_is_imported_only_to_judge() -> None:
    script = "import sys, govpipes.pipeline.expectations; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
