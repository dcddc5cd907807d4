"""Great Expectations on an open DuckDB connection, which it does not know by itself.

Here: the dialect's name, the one connection that is kept open, and a validation that says of each expectation what
came out. What is expected of a candidate belongs in expectations.py.
Importing this module imports Great Expectations, which takes seconds: import it only where a candidate is judged.
"""

import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, ClassVar, Literal

import duckdb
import duckdb_engine
import sqlalchemy as sa

from govpipes.sql import ident

with warnings.catch_warnings():
    # its import uses a deprecated module and sends all warnings of the process to the log; the second is undone here
    warnings.simplefilter("ignore")
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationValidationResult as Result
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.validator import validation_graph as _validation_graph  # noqa: F401  (captures warnings)

    logging.captureWarnings(False)

# what it would log comes back as results; its tracebacks are not for a terminal
logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)

__all__ = ["NoBadRows", "Result", "Validation", "gxe"]


class _Connection(duckdb_engine.ConnectionWrapper):
    """The DBAPI connection SQLAlchemy sees: whatever DuckDB connection is being judged on.

    Every statement stands alone (no BEGIN), so one that fails does not take later ones with it.
    """

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.current: duckdb.DuckDBPyConnection | None = None

    def cursor(self) -> duckdb_engine.CursorWrapper:
        assert self.current is not None
        return duckdb_engine.CursorWrapper(self.current, self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.current, name)

    def begin(self) -> None:
        """Nothing: statements stand alone."""

    commit = rollback = close = begin


class _Inspector:
    """What the metrics ask about a table, answered by one DESCRIBE; SQLAlchemy's reflection takes 60 ms."""

    def __init__(self, connection: _Connection, dialect: sa.Dialect) -> None:
        self.dialect = dialect
        self._connection = connection

    def get_columns(self, table_name: str, schema: str | None = None) -> list[dict[str, Any]]:
        """Names and SQLAlchemy types of a table's columns; types that SQLAlchemy lacks are NullType."""
        assert self._connection.current is not None
        rows = self._connection.current.execute(f"DESCRIBE {ident(str(table_name))}").fetchall()
        return [
            {"name": row[0], "type": _TYPES.get(row[1].split("(")[0], sa.types.NullType)(), "nullable": True}
            for row in rows
        ]

    def get_pk_constraint(self, table_name: str, schema: str | None = None) -> dict[str, Any]:
        """No table here has a primary key."""
        return {"constrained_columns": [], "name": None}


_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "VARCHAR": sa.types.String,
    "BOOLEAN": sa.types.Boolean,
    "DATE": sa.types.Date,
    "TIMESTAMP": sa.types.DateTime,
    "TIMESTAMP WITH TIME ZONE": sa.types.DateTime,
    "INTEGER": sa.types.Integer,
    "BIGINT": sa.types.BigInteger,
    "DOUBLE": sa.types.Float,
    "DECIMAL": sa.types.Numeric,
}


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """SqlAlchemyExecutionEngine that takes a DuckDB engine as it is and names the dialect it is closest to.

    Without a dialect every column metric fails with `list index out of range`. A regular expression is sent as `~`,
    which in DuckDB is a match of the whole value.
    """

    def __init__(self, engine: sa.Engine, connection: _Connection) -> None:
        super().__init__(engine=engine, create_temp_table=False)
        self.dialect_module = SimpleNamespace(dialect=duckdb_engine.Dialect)  # type: ignore[assignment]
        self._inspected = _Inspector(connection, engine.dialect)

    def get_inspector(self) -> Any:
        """The inspector of the connection being judged on."""
        return self._inspected


class DuckDBDatasource(SQLDatasource):
    """SQLDatasource over one open DuckDB connection instead of a URL."""

    type: Literal["govpipes_duckdb"] = "govpipes_duckdb"  # type: ignore[assignment]
    engines: ClassVar[dict[str, DuckDBExecutionEngine]] = {}

    def get_execution_engine(self) -> SqlAlchemyExecutionEngine:
        """The engine that was registered under the datasource's name."""
        return self.engines[self.name]

    def get_engine(self) -> sa.Engine:
        """SQLAlchemy's engine over the open connection."""
        return self.engines[self.name].engine

    def test_connection(self, test_assets: bool = True) -> None:
        """Nothing: the connection is open."""


class NoBadRows(UnexpectedRowsExpectation):
    """UnexpectedRowsExpectation that only counts: no row, with what it says of a person, leaves DuckDB."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"unexpected_count": count}}


class Validation:
    """One ephemeral Great Expectations context, reused for every judgement of the process.

    It writes no file, sends nothing and draws no progress bar. One judgement runs at a time; DuckDB uses the cores.
    """

    _NAME = "duckdb"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection = _Connection()
        engine = sa.create_engine("duckdb:///:memory:", creator=lambda: self._connection, poolclass=sa.pool.StaticPool)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
        DuckDBDatasource.engines[self._NAME] = DuckDBExecutionEngine(engine, self._connection)
        self._source: Any = context.data_sources.add_or_update_govpipes_duckdb(
            name=self._NAME, connection_string="duckdb:///:memory:"
        )

    @contextmanager
    def on(self, con: duckdb.DuckDBPyConnection) -> Iterator["Validation"]:
        """Judge on this connection; its tables are seen by name, and its transaction is left alone."""
        with self._lock:
            self._connection.current = con
            try:
                yield self
            finally:
                self._connection.current = None

    def run(self, table: str, expectations: Sequence[Expectation]) -> list[Result]:
        """The result of each expectation about a table, in order; `error_of` says which could not be checked.

        Metrics are computed together in few queries. One that fails takes its whole query with it, so whatever could
        not be checked is checked again alone.
        """
        if not expectations:
            return []
        batch = self._batch(table)
        results = self._together(batch, expectations)
        if len(expectations) > 1:
            for place, result in enumerate(results):
                if error_of(result) is not None:
                    results[place] = self._together(batch, [expectations[place]])[0]
        return results

    def _batch(self, table: str) -> Any:
        known = {asset.name: asset for asset in self._source.assets}
        asset = known.get(table) or self._source.add_table_asset(table, table)
        definitions = asset.batch_definitions
        definition = definitions[0] if definitions else asset.add_batch_definition_whole_table("all")
        return definition.get_batch()

    def _together(self, batch: Any, expectations: Sequence[Expectation]) -> list[Result]:
        for place, expectation in enumerate(expectations):
            expectation.meta = {"place": place}
        suite = gx.ExpectationSuite(name="candidate")
        suite.expectations = list(expectations)
        # counts only: unexpected values would be personal data in memory and in results
        wanted = {"result_format": "BASIC", "partial_unexpected_count": 0}
        found = batch.validate(suite, result_format=wanted)
        by_place = {result.expectation_config.meta["place"]: result for result in found.results}
        return [by_place[place] for place in range(len(expectations))]


def error_of(result: Result) -> str | None:
    """Why an expectation could not be checked; None when it was."""
    info = result.exception_info or {}
    if "raised_exception" not in info:
        info = next((value for value in info.values() if isinstance(value, dict)), {})
    if not info.get("raised_exception"):
        return None
    return str(info.get("exception_message") or "it raised an error without a message")
