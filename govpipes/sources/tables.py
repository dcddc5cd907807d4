"""Reading a table, whatever the database: its columns, the cursor's window, and the messages.

A `Database` knows one product: how to ask it for columns and single values, and how DuckDB reads a query of it.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from govpipes.catalogue.model import Source
from govpipes.duck import extension_file
from govpipes.errors import SchemaError, SourceError
from govpipes.sources.failures import nearest, reading, require_columns
from govpipes.sources.model import Column, Extract, Window
from govpipes.sources.systems import System
from govpipes.sql import ident, literal

Kind = Literal["timestamp", "timestamptz", "date", "text", "other"]


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as the database describes it.

    expression: how to select it so that DuckDB gets it exactly; native when that is just its name.
    """

    name: str
    type: str
    kind: Kind
    expression: str
    native: bool = True


class Database(ABC):
    """One database product, connected to one system."""

    def __init__(self, system: System, source: Source) -> None:
        self.system = system
        self.source = source

    @property
    def table(self) -> str:
        """The contract's table, perhaps `schema.table`."""
        assert self.source.table is not None
        return self.source.table

    @property
    def quoted_table(self) -> str:
        """The table, quoted for this database."""
        return ".".join(self.quote(part) for part in self.table.split("."))

    def quote(self, name: str) -> str:
        """A quoted identifier."""
        return ident(name)

    def timestamp_literal(self, moment: datetime) -> str:
        """A literal of a time without a zone."""
        return literal(moment)

    def timestamptz_literal(self, moment: datetime) -> str:
        """A literal of an instant."""
        return f"TIMESTAMP WITH TIME ZONE '{moment.isoformat(sep=' ')}'"

    def date_literal(self, moment: datetime) -> str:
        """A literal of a day."""
        return literal(moment.date())

    @abstractmethod
    def session(self) -> Any:
        """A context manager: connected, with the failures of connecting explained."""

    @abstractmethod
    def columns(self) -> Sequence[SourceColumn]:
        """The table's columns in order; empty when there is no such table."""

    @abstractmethod
    def tables(self) -> Sequence[str]:
        """The tables and views this account sees."""

    @abstractmethod
    def row(self, query: str) -> Sequence[Any]:
        """The first row of a query."""

    @abstractmethod
    def copy(self, con: duckdb.DuckDBPyConnection, question: "Question", target: Path) -> tuple[int, list[str]]:
        """Write the question's rows to Parquet; rows written and notes."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a table: its columns, and a condition in the database's own SQL (None = all rows)."""

    table: str
    columns: tuple[SourceColumn, ...]
    condition: str | None
    whole: bool

    def select(self, quote: Any) -> str:
        """The SELECT for the database."""
        parts = [c.expression if c.native else f"{c.expression} AS {quote(c.name)}" for c in self.columns]
        where = f" WHERE {self.condition}" if self.condition else ""
        return f"SELECT {', '.join(parts)} FROM {self.table}{where}"


def extract(
    con: duckdb.DuckDBPyConnection, database: Database, source: Source, window: Window, target: Path
) -> Extract:
    """See `govpipes.sources.extract`."""
    what = f"the table {database.table} of {database.system.name}"
    with database.session(), reading(database.system, what, target):
        question = _question(database, source, window)
        rows, notes = database.copy(con, question, target)
    return Extract(
        rows=rows,
        columns=parquet_columns(con, target),
        files=(),
        statement=question.select(database.quote),
        notes=tuple(notes),
    )


def count(database: Database, source: Source, window: Window) -> int:
    """See `govpipes.sources.count`."""
    with database.session(), reading(database.system, f"the table {database.table} of {database.system.name}"):
        question = _question(database, source, window)
        where = f" WHERE {question.condition}" if question.condition else ""
        return int(database.row(f"SELECT count(*) FROM {question.table}{where}")[0])


def parquet_columns(con: duckdb.DuckDBPyConnection, file: Path) -> tuple[Column, ...]:
    """The columns of a Parquet file."""
    described = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file)]).fetchall()
    return tuple(Column(str(name), str(kind)) for name, kind, *_ in described)


def copy_to(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write a DuckDB query to a Parquet file; the rows written."""
    row = con.execute(f"COPY ({query}) TO {literal(target)} (FORMAT parquet, COMPRESSION zstd)").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def attached(
    con: duckdb.DuckDBPyConnection,
    extension: str,
    secret: dict[str, str | int],
    address: str,
    name: str,
    *prepare: str,
) -> Iterator[None]:
    """The database attached read-only as `name` for a while; secrets live in memory and go with it.

    prepare: settings of the scanner, set before.
    """
    con.execute(f"LOAD {literal(extension_file(f'{extension}_scanner'))}")
    for statement in prepare:
        con.execute(statement)
    options = ["READ_ONLY", f"TYPE {extension}"]
    if secret:
        parts = ", ".join(f"{key} {literal(value)}" for key, value in secret.items())
        con.execute(f"CREATE TEMPORARY SECRET {ident(name)} (TYPE {extension}, {parts})")
        options.append(f"SECRET {ident(name)}")
    try:
        con.execute(f"ATTACH {literal(address)} AS {ident(name)} ({', '.join(options)})")
        try:
            yield
        finally:
            con.execute(f"DETACH {ident(name)}")
    finally:
        if secret:
            con.execute(f"DROP TEMPORARY SECRET IF EXISTS {ident(name)}")


def _question(database: Database, source: Source, window: Window) -> Question:
    columns = tuple(database.columns())
    if not columns:
        raise SourceError(
            f"{database.system.name} has no table {database.table} that this account may see",
            found=nearest(database.table, database.tables()),
            next_step="correct `table` in the contract, or ask the department for the right to read it",
        )
    needed = [*source.key, *([source.cursor] if source.cursor else [])]
    needed += [source.deletes.column] if source.deletes else []
    require_columns(f"the table {database.table} of {database.system.name}", needed, [c.name for c in columns])
    condition = None
    if source.mode == "incremental" and source.cursor:
        cursor = next(column for column in columns if column.name == source.cursor)
        condition = _condition(database, cursor, window)
    whole = condition is None or window.start is None
    return Question(database.quoted_table, columns, condition, whole)


def _condition(database: Database, cursor: SourceColumn, window: Window) -> str:
    start, end = window.bounds(database.source.time_zone)
    name = database.quote(cursor.name)
    write = _writer(database, cursor)
    within = f"{name} < {write(end)}" if start is None else f"({name} >= {write(start)} AND {name} < {write(end)})"
    # A row without a cursor belongs to no window: every reading takes it, so that it is rejected and seen.
    nowhere = f"{name} IS NULL OR {name} = ''" if cursor.kind == "text" else f"{name} IS NULL"
    return f"({within} OR {nowhere})"


def _writer(database: Database, cursor: SourceColumn) -> Any:
    match cursor.kind:
        case "timestamp":
            return lambda moment: database.timestamp_literal(moment.replace(tzinfo=None))
        case "timestamptz":
            return database.timestamptz_literal
        case "date":
            return database.date_literal
        case "text":
            pattern = _text_pattern(database, cursor)
            return lambda moment: literal(moment.strftime(pattern))
    raise SchemaError(
        f"the cursor {cursor.name} of {database.table} is no time",
        found=f"type {cursor.type}",
        allowed="a date or timestamp column, or text like 2026-01-03 or 2026-01-03 08:15:00",
        next_step="name a time column as the cursor, or read the table as a snapshot",
    )


TEXT_TIMES = {
    r"\d{4}-\d\d-\d\d([ T].*)?": "%Y-%m-%d",
    r"\d{4}/\d\d/\d\d([ T].*)?": "%Y/%m/%d",
    r"\d{8}(\d{6})?": "%Y%m%d",
}
"""Forms of a text cursor whose texts sort as times do, and how a day begins in each of them."""


def _text_pattern(database: Database, cursor: SourceColumn) -> str:
    """How a text cursor writes its days; texts of one such form sort as times do.

    The smallest and the largest value must be of one form: that finds mixed and misspelt cursors.
    """
    name = database.quote(cursor.name)
    extremes = f"SELECT min({name}), max({name}) FROM {database.quoted_table} WHERE {name} <> ''"
    values = [str(value) for value in database.row(extremes) if value is not None]
    for shape, pattern in TEXT_TIMES.items():
        if all(re.fullmatch(shape, value) for value in values):
            return pattern
    raise SchemaError(
        f"the cursor {cursor.name} of {database.table} is text that does not sort as time",
        found=f"values from {values[0]!r} to {values[-1]!r}",
        allowed="one form throughout: 2026-01-03…, 2026/01/03… or 20260103…, digits padded with zeros",
        next_step="name another column as the cursor, or read the table as a snapshot",
    )
