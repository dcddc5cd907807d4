"""SQLite files, read by DuckDB's sqlite_scanner.

SQLite's declared types are hints its values need not follow, so every column is read as text: exact, and of one
type whatever the day brings.
"""

import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from govpipes.errors import SourceError
from govpipes.sources.tables import Database, Question, SourceColumn, attached, copy_to
from govpipes.sql import ident, literal

_TABLES = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"


class SQLite(Database):
    """An SQLite file."""

    _con: sqlite3.Connection

    @property
    def _file(self) -> Path:
        return Path(self.system.parts.database or "")

    @contextmanager
    def session(self) -> Iterator[None]:
        """The file opened read-only."""
        if not self._file.is_file():
            raise SourceError(
                f"the database file of {self.system.name} is not there",
                found=str(self._file),
                allowed="sqlite:////absolute/path/of/file.db",
                next_step="check the path and whether the folder is mounted",
            )
        try:
            with closing(sqlite3.connect(f"{self._file.absolute().as_uri()}?mode=ro", uri=True)) as con:
                con.create_function("digest", -1, _digest, deterministic=True)
                until = time.monotonic() + self.source.budget.timeout_seconds
                con.set_progress_handler(lambda: time.monotonic() > until, 100_000)
                self._con = con
                yield
        except sqlite3.Error as error:
            raise SourceError(f"{self.system.name} ({self._file}) cannot be read", found=str(error)) from None

    def columns(self) -> Sequence[SourceColumn]:
        """See Database."""
        query = "SELECT name, type FROM pragma_table_info(?)"
        found = self._con.execute(query, (self.table,)).fetchall()
        return [SourceColumn(name, kind or "any", "text", ident(name)) for name, kind in found]

    def tables(self) -> Sequence[str]:
        """See Database."""
        return [str(name) for (name,) in self._con.execute(_TABLES).fetchall()]

    def row(self, query: str) -> Sequence[Any]:
        """See Database."""
        found: Sequence[Any] = self._con.execute(query).fetchone() or ()
        return found

    def timestamp_literal(self, moment: datetime) -> str:
        """See Database."""
        return literal(moment.isoformat(sep=" "))

    def digest(self, columns: Sequence[str]) -> str | None:
        """See Database."""
        return f"digest({', '.join(map(self.quote, columns))})"

    def copy(self, con: duckdb.DuckDBPyConnection, question: Question, target: Path) -> tuple[int, list[str]]:
        """See Database."""
        name = f"source_{uuid4().hex}"
        query = f"SELECT * FROM sqlite_query({literal(name)}, {literal(question.select(self.quote))})"
        with attached(con, "sqlite", {}, str(self._file), name, "SET sqlite_all_varchar = true"):
            return copy_to(con, query, target), []


def _digest(*values: object) -> int:
    # SQLite has no hash function of its own, and its files are small
    return zlib.crc32("|".join(map(str, values)).encode())
