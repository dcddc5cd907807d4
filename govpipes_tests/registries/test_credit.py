"""What is recorded of a credit subject: classes from the catalogue, the state of each record on a day."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from govpipes.catalogue import load_catalogue
from govpipes.registries.credit import profile_sql
from govpipes.settings import ROOT
from govpipes.standards import ELEMENTS


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """The table of credit records with the shipped class of dishonesty, and everybody linked to S."""
    record = load_catalogue(ROOT / "data").entity("credit", "record")
    sql = next(column.sql for column in record.derived if column.name == "dishonesty_class")
    columns = ", ".join(f"{item.name} {ELEMENTS[item.element].sql_type}" for item in record.items)
    made = duckdb.connect(":memory:")
    made.execute(f"CREATE SCHEMA credit; CREATE TABLE credit.given (entity_key VARCHAR, {columns})")
    made.execute(f"CREATE VIEW credit.record AS SELECT *, {sql} AS dishonesty_class FROM credit.given")
    made.execute(
        "CREATE VIEW credit.subject_link AS SELECT entity_key, 'legal_entity' AS subject_registry, "
        "'organization' AS subject_entity, CASE WHEN entity_key <> 'orphan' THEN 'S' END AS subject_key "
        "FROM credit.given"
    )
    yield made
    made.close()


def profile(con: duckdb.DuckDBPyConnection, day: str, **record: Any) -> list[tuple[Any, ...]]:
    """Class and state of the only record, on a day."""
    row = {"entity_key": "1", "decision_date": "2024-03-01"} | record
    con.execute(
        f"INSERT INTO credit.given ({', '.join(row)}) VALUES ({', '.join('?' for _ in row)})", list(row.values())
    )
    query = profile_sql("credit.record", f"DATE '{day}'")
    return con.execute(f"SELECT dishonesty_class, state FROM ({query})").fetchall()


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"category": "court_defaulter"}, "严重失信"),
        ({"category": "penalty", "decision_kind": "罚款,吊销许可证件"}, "严重失信"),
        ({"category": "penalty", "decision_kind": "责令停产停业"}, "较重失信"),
        ({"category": "penalty", "decision_kind": "罚款", "amount_yuan": 100000}, "较重失信"),
        ({"category": "penalty", "decision_kind": "罚款", "amount_yuan": 99999}, "一般失信"),
        ({"category": "penalty", "decision_kind": "警告"}, "一般失信"),
        ({"category": "abnormal_operation"}, "一般失信"),
        ({"category": "licence", "decision_kind": "普通"}, None),
        ({"category": "commitment", "fulfilment": "1"}, None),
        ({"category": "commitment", "fulfilment": "2", "breached_on": "2024-03-20"}, "一般失信"),
        ({"category": "commitment", "fulfilment": "3"}, None),
        ({"category": "commitment"}, None),
    ],
)
def test_classes_of_dishonesty(con: duckdb.DuckDBPyConnection, record: dict[str, Any], expected: str | None) -> None:
    assert profile(con, "2024-04-01", **record) == [(expected, "有效")]


@pytest.mark.parametrize(
    ("record", "day", "state"),
    [
        ({"category": "licence", "valid_until": "2024-12-31"}, "2024-12-31", "有效"),
        ({"category": "licence", "valid_until": "2024-12-31"}, "2025-01-01", "已过期"),
        ({"category": "licence", "status": "2"}, "2024-12-31", "撤销"),
        ({"category": "penalty", "publicity_until": "2025-03-01"}, "2025-03-01", "有效"),
        ({"category": "penalty", "publicity_until": "2025-03-01"}, "2025-03-02", "已过期"),
        ({"category": "abnormal_operation", "valid_until": "2024-06-01"}, "2024-05-31", "有效"),
        ({"category": "abnormal_operation", "valid_until": "2024-06-01"}, "2024-06-01", "已修复"),
        ({"category": "court_defaulter", "valid_until": "2024-06-01"}, "2024-06-02", "已修复"),
        ({"category": "court_defaulter"}, "2044-06-02", "有效"),
        ({"category": "commitment", "valid_until": "2024-06-01"}, "2024-06-01", "有效"),
        ({"category": "commitment", "valid_until": "2024-06-01"}, "2024-06-02", "已过期"),
    ],
)
def test_the_state_of_a_record_on_a_day(
    con: duckdb.DuckDBPyConnection, record: dict[str, Any], day: str, state: str
) -> None:
    assert [found for _, found in profile(con, day, **record)] == [state]


def test_what_is_not_decided_yet_or_nobodys_is_no_profile(con: duckdb.DuckDBPyConnection) -> None:
    assert profile(con, "2024-02-29", category="penalty") == []
    assert profile(con, "2024-03-01", category="penalty", entity_key="orphan") == [("一般失信", "有效")]
