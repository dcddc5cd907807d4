"""PostgreSQL, read by DuckDB's postgres_scanner.

Two ways, for one reason: the scanner splits a whole table by ctid ranges over parallel connections, which share one
exported snapshot, but such a scan cannot use the cursor's index (measured: one minute of 10M rows in 1.7 s against
0.04 s). So an opening load and a snapshot go that way, and a day's increment goes as one query.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import psycopg

from govpipes.errors import SourceError
from govpipes.sources.failures import redact
from govpipes.sources.tables import Database, Kind, Question, SourceColumn, attached, copy_to
from govpipes.sql import ident, literal

# Types the scanner brings over exactly. All others come as PostgreSQL's own text: numeric without a precision would
# become DOUBLE, arrays of mixed depth fail, and what is an interval or a range to PostgreSQL is text to everybody else.
_NATIVE = re.compile(
    r"smallint|integer|bigint|real|double precision|boolean|date|text|uuid|bytea|character( varying)?(\(\d+\))?"
    r"|timestamp(\(\d\))? with(out)? time zone|time(\(\d\))? without time zone"
)
_DECIMAL = re.compile(r"numeric\((\d+),(\d+)\)")

_COLUMNS = """
SELECT a.attname,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
            ELSE format_type(a.atttypid, a.atttypmod) END
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_RELATION = """
SELECT n.nspname, c.relname, c.relkind, has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(%s)
"""
_TABLES = """
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


class Postgres(Database):
    """A PostgreSQL system."""

    _con: psycopg.Connection

    @contextmanager
    def session(self) -> Iterator[None]:
        """Connected, for descriptions and counts, in one read-only transaction."""
        parts = self.system.parts
        try:
            con = psycopg.connect(
                _libpq(self.system.url), connect_timeout=10, options=self._options, application_name="govpipes"
            )
        except (psycopg.Error, UnicodeError) as error:
            words = redact(str(error), self.system)
            raise _unreachable(self.system.name, f"{parts.host}:{parts.port or 5432}", words) from None
        try:
            con.read_only = True
            self._con = con
            yield
        except psycopg.Error as error:
            raise SourceError(
                f"the table {self.table} of {self.system.name} cannot be read", found=redact(str(error), self.system)
            ) from None
        finally:
            con.close()

    @property
    def _options(self) -> str:
        return f"-cstatement_timeout={self.source.budget.timeout_seconds * 1000}"

    def columns(self) -> Sequence[SourceColumn]:
        """See Database."""
        relation = self._relation()
        if relation is not None and not relation[3]:
            raise SourceError(
                f"{self.system.name}: the account {self.system.parts.username} may not read {self.table}",
                next_step=f"ask the department for: GRANT SELECT ON {self.table} TO {self.system.parts.username}",
            )
        found = self._con.execute(_COLUMNS, (self.quoted_table,)).fetchall()
        return [_column(str(name), str(kind)) for name, kind in found]

    def tables(self) -> Sequence[str]:
        """See Database."""
        return [str(name) for (name,) in self._con.execute(_TABLES).fetchall()]

    def row(self, query: str) -> Sequence[Any]:
        """See Database."""
        return self._con.execute(query.encode()).fetchone() or ()

    def digest(self, columns: Sequence[str]) -> str | None:
        """See Database."""
        text = ", ".join(f"{self.quote(name)}::text" for name in columns)
        return f"('x' || substr(md5(concat_ws('|', {text})), 1, 8))::bit(32)::bigint"

    def copy(self, con: duckdb.DuckDBPyConnection, question: Question, target: Path) -> tuple[int, list[str]]:
        """See Database."""
        parts = self.system.parts
        secret: dict[str, str | int] = {"host": parts.host or "", "port": parts.port or 5432}
        secret |= {"database": parts.database or "", "user": parts.username or "", "password": parts.password or ""}
        more = {"connect_timeout": "10", **{key: str(value) for key, value in parts.query.items()}}
        more["options"] = f"{more.get('options', '')} {self._options}".strip()
        address = " ".join(f"{key}={_quoted(value)}" for key, value in more.items())
        name = f"source_{uuid4().hex}"
        limit = f"SET pg_connection_limit = {self.source.budget.connections}"
        with attached(con, "postgres", secret, address, name, limit):
            return copy_to(con, self._query(name, question), target), []

    def _query(self, name: str, question: Question) -> str:
        relation = self._relation()
        plain = all(column.native for column in question.columns)
        if question.whole and plain and relation is not None and relation[2] in ("r", "m"):
            columns = ", ".join(ident(column.name) for column in question.columns)
            where = f" WHERE {question.condition}" if question.condition else ""
            return f"SELECT {columns} FROM {ident(name, relation[0], relation[1])}{where}"
        return f"SELECT * FROM postgres_query({literal(name)}, {literal(question.select(self.quote))})"

    def _relation(self) -> tuple[Any, ...] | None:
        return self._con.execute(_RELATION, (self.quoted_table,)).fetchone()


def _column(name: str, kind: str) -> SourceColumn:
    decimal = _DECIMAL.fullmatch(kind)
    native = int(decimal[1]) <= 38 if decimal else _NATIVE.fullmatch(kind) is not None
    expression = ident(name) if native else f"{ident(name)}::text"
    return SourceColumn(name, kind, _kind(kind), expression, native)


def _kind(kind: str) -> Kind:
    if kind.startswith("timestamp"):
        return "timestamp" if kind.endswith("without time zone") else "timestamptz"
    if kind == "date":
        return "date"
    return "text" if kind == "text" or kind.startswith("character") else "other"


def _quoted(value: str) -> str:
    """A value in a libpq connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _libpq(url: str) -> str:
    return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)


def _unreachable(system: str, address: str, words: str) -> SourceError:
    if "password authentication failed" in words or "no password supplied" in words:
        return SourceError(
            f"{system} ({address}) refuses the account or its password",
            found=words.splitlines()[0],
            next_step=f"correct the address of {system} in systems.yaml or GOVPIPES_SYSTEM_{system.upper()}",
        )
    return SourceError(
        f"{system} ({address}) cannot be reached",
        found=" ".join(words.split())[:400],
        next_step="check host, port, database name and network, then run the day again",
    )
