"""Reading a table, whatever the database: its columns, the cursor's window, and the messages.

A `Database` knows one product: how to ask it for columns and single values, and how DuckDB reads a query of it.
"""

import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import duckdb

from govpipes.catalogue.model import Budget, Source
from govpipes.days import now
from govpipes.duck import LANDED, extension_file
from govpipes.errors import SchemaError, SourceError
from govpipes.sources.failures import nearest, reading, require_columns
from govpipes.sources.model import Column, Extract, Profile, Slice, Window
from govpipes.sources.systems import System
from govpipes.sql import ident, literal

_TOGETHER = 60
"""Windows per question: PostgreSQL allows 1,664 result columns, SQLite conditions 1,000 deep."""

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

    def digest(self, columns: Sequence[str]) -> str | None:
        """SQL for a number of 32 bits from these columns of a row; None where the product has no hash function."""
        return None

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
    con: duckdb.DuckDBPyConnection,
    database: Database,
    source: Source,
    window: Window | None,
    target: Path,
    only: Sequence[str] = (),
) -> Extract:
    """See `govpipes.sources.extract`; window None: all rows; only: these columns."""
    what = f"the table {database.table} of {database.system.name}"
    with reading(database.system, what, target, source.budget), database.session(), _in_time(con, source.budget):
        question = _question(database, source, window, only)
        rows, notes = database.copy(con, question, target)
    return Extract(
        rows=rows,
        columns=parquet_columns(con, target),
        files=(),
        statement=question.select(database.quote),
        notes=tuple(notes),
    )


def profile(database: Database, source: Source, windows: Mapping[date, Window]) -> Profile:
    """See `govpipes.sources.profile`: one question for every _TOGETHER windows, at the pace the budget allows."""
    what = f"the table {database.table} of {database.system.name}"
    with reading(database.system, what, budget=source.budget), database.session():
        table, columns = _described(database, source)
        cursor = next((c for c in columns if c.name == source.cursor), None)
        names = [*source.key, *([source.cursor] if source.cursor else [])]
        digest = database.digest(names)
        if source.mode != "incremental" or cursor is None:
            with paced(source) as read:
                rows, checksum = database.row(f"SELECT count(*), sum({digest or 0}) FROM {table}")
                read(int(rows))
            return Profile(dict.fromkeys(windows, _slice(rows, checksum)))
        write = _writer(database, cursor)
        slices: dict[date, Slice | None] = {}
        inside = {day: _within(database, cursor, window, write) for day, window in windows.items()}
        for first in range(0, len(inside), _TOGETHER):
            with paced(source) as read:
                some = dict(islice(inside.items(), first, first + _TOGETHER))
                found = _slices(database, cursor, digest, some)
                read(sum(piece.rows for piece in found.values()))
            slices |= found
        future = f"{database.quote(cursor.name)} >= {write(_in_source_zone(source, now() + timedelta(days=1)))}"
        (early,) = database.row(f"SELECT count(*) FROM {table} WHERE {future}")
    return Profile(slices, int(early))


def _slices(
    database: Database, cursor: SourceColumn, digest: str | None, inside: Mapping[date, str]
) -> dict[date, Slice]:
    """Rows and fingerprint of each period, by its condition; without a hash, also the first and last cursor."""
    name = database.quote(cursor.name)
    sums = [f"sum(CASE WHEN {w} THEN 1 ELSE 0 END)" for w in inside.values()]
    prints = [f"sum(CASE WHEN {w} THEN digest ELSE 0 END)" for w in inside.values()]
    if digest is None:
        prints = [f"{side}(CASE WHEN {w} THEN {name} END)" for w in inside.values() for side in ("min", "max")]
    asked = f"SELECT {name}, {digest or 0} AS digest FROM {database.quoted_table} WHERE {' OR '.join(inside.values())}"
    found = list(database.row(f"SELECT {', '.join([*sums, *prints])} FROM ({asked}) q"))
    each = len(prints) // len(inside)
    marks = [found[len(sums) + n * each : len(sums) + (n + 1) * each] for n in range(len(inside))]
    return {day: _slice(found[n], *marks[n]) for n, day in enumerate(inside)}


@contextmanager
def paced(source: Source) -> Iterator[Callable[[int], None]]:
    """Around a question of the reconciler's: afterwards waits until its rows are within the budget's rows a second.

    Gives a function to be told how many rows were read.
    """
    began, told = time.monotonic(), [0]
    yield told.append
    if source.budget.rows_per_second:
        rest = sum(told) / source.budget.rows_per_second - (time.monotonic() - began)
        if rest > 0:
            time.sleep(rest)


def _slice(rows: Any, *marks: Any) -> Slice:
    return Slice(int(rows or 0), ":".join(str(mark or 0) for mark in (rows, *marks)))


def _in_source_zone(source: Source, moment: datetime) -> datetime:
    return Window(None, moment).bounds(source.time_zone)[1]


def require(database: Database, source: Source) -> None:
    """Raise SourceError unless the table is there with the columns without which no row can be judged."""
    with database.session():
        _described(database, source)


def count(database: Database, source: Source, window: Window) -> int:
    """See `govpipes.sources.count`."""
    what = f"the table {database.table} of {database.system.name}"
    with reading(database.system, what, budget=source.budget), database.session():
        question = _question(database, source, window)
        where = f" WHERE {question.condition}" if question.condition else ""
        return int(database.row(f"SELECT count(*) FROM {question.table}{where}")[0])


@contextmanager
def _in_time(con: duckdb.DuckDBPyConnection, budget: Budget) -> Iterator[None]:
    """Interrupts DuckDB when the budget's time is over, whatever the product does itself."""
    timer = threading.Timer(budget.timeout_seconds, con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def parquet_columns(con: duckdb.DuckDBPyConnection, file: Path) -> tuple[Column, ...]:
    """The columns of a Parquet file."""
    described = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file)]).fetchall()
    return tuple(Column(str(name), str(kind)) for name, kind, *_ in described)


def copy_to(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Write a DuckDB query to a Parquet file; the rows written."""
    row = con.execute(f"COPY ({query}) TO {literal(target)} ({LANDED})").fetchone()
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


def _question(database: Database, source: Source, window: Window | None, only: Sequence[str] = ()) -> Question:
    table, columns = _described(database, source)
    condition = None
    if source.mode == "incremental" and source.cursor and window is not None:
        cursor = next(column for column in columns if column.name == source.cursor)
        condition = _condition(database, cursor, window)
    whole = condition is None or (window is not None and window.start is None)
    chosen = tuple(column for column in columns if not only or column.name in only)
    return Question(table, chosen, condition, whole)


def _described(database: Database, source: Source) -> tuple[str, tuple[SourceColumn, ...]]:
    """The quoted table and its columns; raises when it, or a column without which no row can be judged, is missing."""
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
    return database.quoted_table, columns


def _condition(database: Database, cursor: SourceColumn, window: Window) -> str:
    name, write = database.quote(cursor.name), _writer(database, cursor)
    # A row without a cursor belongs to no window: every reading takes it, so that it is rejected and seen.
    nowhere = f"{name} IS NULL OR {name} = ''" if cursor.kind == "text" else f"{name} IS NULL"
    if window.future is not None:
        nowhere += f" OR {name} >= {write(_in_source_zone(database.source, window.future))}"
    return f"({_within(database, cursor, window, write)} OR {nowhere})"


def _within(database: Database, cursor: SourceColumn, window: Window, write: Any) -> str:
    start, end = window.bounds(database.source.time_zone)
    name = database.quote(cursor.name)
    if start is not None:
        return f"({name} >= {write(start)} AND {name} < {write(end)})"
    # an empty text sorts before every time, and is none
    return f"({name} < {write(end)} AND {name} <> '')" if cursor.kind == "text" else f"{name} < {write(end)}"


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
