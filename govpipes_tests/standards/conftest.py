"""One DuckDB connection with the standards installed, shared by the tests of this package."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from govpipes.settings import ROOT
from govpipes.sql import literal
from govpipes.standards import ELEMENTS, install

CODES = ROOT / "data" / "codes"

Judge = Callable[..., tuple[Any, str | None, str | None]]


@pytest.fixture(scope="package")
def con() -> duckdb.DuckDBPyConnection:
    """A connection as the pipeline has it: in Asia/Shanghai, one thread."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'Asia/Shanghai'")
    install(connection, CODES)
    return connection


@pytest.fixture(scope="package")
def codes_dir() -> Path:
    return CODES


@pytest.fixture(scope="package")
def judge(con: duckdb.DuckDBPyConnection) -> Judge:
    """(value, error, flag) of one raw value, as the generated SQL asks for them; the flag only without an error."""

    def run(element: str, raw: str, **options: str) -> tuple[Any, str | None, str | None]:
        given = "".join(f", {ELEMENTS[element].parameter(name)} := {literal(value)}" for name, value in options.items())
        found = con.execute(
            f"""SELECT value, err, CASE WHEN err IS NULL THEN flag_{element}(raw, value, DATE '2026-01-03'{given}) END
            FROM (SELECT raw, value, err_{element}(raw, value{given}) AS err
            FROM (SELECT raw, std_{element}(raw{given}) AS value FROM (SELECT CAST(? AS VARCHAR) AS raw)))""",
            [raw],
        ).fetchone()
        assert found is not None
        return found[0], found[1], found[2]

    return run
