"""MySQL and MariaDB, read by DuckDB's mysql_scanner with one streamed query: one moment of the table.

The session's time zone is set to the source's, so that TIMESTAMP columns and the window mean the same.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import duckdb
import pymysql
import pymysql.cursors

from govpipes.days import now
from govpipes.errors import SourceError
from govpipes.sources.failures import redact
from govpipes.sources.tables import Database, Kind, Question, SourceColumn, attached, copy_to
from govpipes.sql import literal

_COLUMNS = """
SELECT column_name, column_type, data_type, collation_name FROM information_schema.columns
WHERE table_schema = coalesce(%s, database()) AND table_name = %s ORDER BY ordinal_position
"""
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
_TEXT = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json", "enum", "set"})
_NATIVE = frozenset(
    {"tinyint", "smallint", "mediumint", "int", "bigint", "float", "double", "date", "datetime", "timestamp", "year"}
    | {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
)
_DATES = frozenset({"date", "datetime", "timestamp"})


class MySQL(Database):
    """A MySQL or MariaDB system."""

    _con: "pymysql.Connection[pymysql.cursors.Cursor]"

    @contextmanager
    def session(self) -> Iterator[None]:
        """Connected, for descriptions and counts."""
        parts = self.system.parts
        address = f"{parts.host}:{parts.port or 3306}"
        try:
            opened = pymysql.connect(
                host=parts.host or "127.0.0.1",
                port=parts.port or 3306,
                user=parts.username,
                password=parts.password or "",
                database=parts.database,
                charset="utf8mb4",
                connect_timeout=10,
                read_timeout=self.source.budget.timeout_seconds + 10,  # the server ends it itself
                init_command=f"SET time_zone = {literal(self._offset)}",
            )
        except (pymysql.Error, OSError, UnicodeError) as error:
            raise _unreachable(self.system.name, address, error, redact(_words(error), self.system)) from None
        try:
            with closing(opened) as con:
                self._con = con
                for statement in ("SET SESSION TRANSACTION READ ONLY", f"SET SESSION {self._limit}"):
                    self._rows(statement)
                yield
        except pymysql.Error as error:
            raise SourceError(
                f"the table {self.table} of {self.system.name} cannot be read",
                found=redact(_words(error), self.system),
            ) from None

    def columns(self) -> Sequence[SourceColumn]:
        """See Database."""
        schema, _, table = self.table.rpartition(".")
        found = self._rows(_COLUMNS, (schema or None, table))
        return [self._column(*(None if part is None else str(part) for part in row)) for row in found]

    def tables(self) -> Sequence[str]:
        """See Database."""
        return [str(name) for (name,) in self._rows(_TABLES)]

    def row(self, query: str) -> Sequence[Any]:
        """See Database."""
        return next(iter(self._rows(query)), ())

    def quote(self, name: str) -> str:
        """See Database."""
        return "`" + name.replace("`", "``") + "`"

    def timestamptz_literal(self, moment: datetime) -> str:
        """See Database."""
        return self.timestamp_literal(moment.astimezone(ZoneInfo(self.source.time_zone)))

    def digest(self, columns: Sequence[str]) -> str | None:
        """See Database."""
        return f"CAST(CONV(LEFT(MD5(CONCAT_WS('|', {', '.join(map(self.quote, columns))})), 8), 16, 10) AS UNSIGNED)"

    def copy(self, con: duckdb.DuckDBPyConnection, question: Question, target: Path) -> tuple[int, list[str]]:
        """See Database."""
        parts = self.system.parts
        secret: dict[str, str | int] = {"host": parts.host or "127.0.0.1", "port": parts.port or 3306}
        secret |= {"user": parts.username or "", "password": parts.password or ""}
        if parts.database:
            secret["database"] = parts.database
        name = f"source_{uuid4().hex}"
        # the scanner has a session of its own
        asked = self._limited(question.select(self.quote))
        query = f"SELECT * FROM mysql_query({literal(name)}, {literal(asked)}, stream_results := true)"
        prepare = (
            "SET mysql_tinyint1_as_boolean = false",
            # the scanner's own limit is five minutes
            "SET mysql_query_timeout_enabled = false",
            "SET mysql_incomplete_dates_as_nulls = true",
            f"SET mysql_session_time_zone = {literal(self._offset)}",
        )
        with attached(con, "mysql", secret, "", name, *prepare):
            rows = copy_to(con, query, target)
        return rows, self._incomplete_dates(question)

    @property
    def _is_mariadb(self) -> bool:
        return "MariaDB" in str(self.row("SELECT VERSION()")[0])

    @property
    def _limit(self) -> str:
        seconds = self.source.budget.timeout_seconds
        return f"max_statement_time = {seconds}" if self._is_mariadb else f"max_execution_time = {seconds * 1000}"

    def _limited(self, select: str) -> str:
        if self._is_mariadb:
            return f"SET STATEMENT {self._limit} FOR {select}"
        hint = f"/*+ MAX_EXECUTION_TIME({self.source.budget.timeout_seconds * 1000}) */"
        return select.replace("SELECT ", f"SELECT {hint} ", 1)

    @property
    def _offset(self) -> str:
        # An offset, because a server's table of zone names is often empty; the zones allowed have no summer time.
        text = now().astimezone(ZoneInfo(self.source.time_zone)).strftime("%z")
        return f"{text[:3]}:{text[3:]}"

    def _rows(self, query: str, values: tuple[str | None, ...] | None = None) -> Sequence[Sequence[Any]]:
        with self._con.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def _incomplete_dates(self, question: Question) -> list[str]:
        # MySQL can hold 0000-00-00 and 2026-00-10, which are no dates: DuckDB reads them as NULL. Say how many.
        dates = [column for column in question.columns if column.type in _DATES]
        if not dates:
            return []
        sums = [f"SUM(MONTH({self.quote(c.name)}) = 0 OR DAY({self.quote(c.name)}) = 0)" for c in dates]
        where = f" WHERE {question.condition}" if question.condition else ""
        counts = self.row(f"SELECT {', '.join(sums)} FROM {question.table}{where}")
        return [
            f"{column.name}: {int(found)} dates without month or day (like 0000-00-00) were read as empty"
            for column, found in zip(dates, counts, strict=True)
            if found
        ]

    def _column(self, *described: str | None) -> SourceColumn:
        name, full, kind, collation = described
        assert name is not None and full is not None and kind is not None
        quoted = self.quote(name)
        expression = _expression(quoted, full, kind, collation)
        return SourceColumn(name, kind, _kind(kind), expression, expression == quoted)


def _expression(quoted: str, full: str, kind: str, collation: str | None) -> str:
    precision = re.match(r"decimal\((\d+),", full)
    if kind in _NATIVE or (precision and int(precision[1]) <= 38):
        return quoted
    if kind == "bit":
        return f"CAST({quoted} AS UNSIGNED)"
    if kind in _TEXT:
        # Text of a binary collation (MariaDB's JSON among them) arrives as bytes otherwise.
        binary = collation is None or collation.endswith("_bin")
        return f"CONVERT({quoted} USING utf8mb4) COLLATE utf8mb4_general_ci" if binary else quoted
    # Decimals of more than 38 digits, TIME (which may pass 24 hours), geometry: the server's own text.
    return f"CAST({quoted} AS CHAR)"


def _kind(kind: str) -> Kind:
    if kind in ("datetime", "timestamp"):
        return "timestamp"
    if kind == "date":
        return "date"
    return "text" if kind in _TEXT else "other"


def _words(error: BaseException) -> str:
    return str(error.args[-1]) if error.args else type(error).__name__


def _unreachable(system: str, address: str, error: BaseException, words: str) -> SourceError:
    if error.args and error.args[0] in (1045, 1044, 1698):
        return SourceError(
            f"{system} ({address}) refuses the account or its password",
            found=words,
            next_step=f"correct the address of {system} in systems.yaml or GOVPIPES_SYSTEM_{system.upper()}",
        )
    return SourceError(
        f"{system} ({address}) cannot be reached",
        found=words,
        next_step="check host, port, database name and network, then run the day again",
    )
