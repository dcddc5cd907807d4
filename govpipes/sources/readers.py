"""The one way to read a department: `extract` for a period's rows, `count` for how many the source says there are.

Here is only the choice of the reader by the kind of address; the readers do the work.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb

from govpipes.catalogue.model import Source
from govpipes.errors import SchemaError
from govpipes.sources import files, tables
from govpipes.sources.anything import AnyDatabase
from govpipes.sources.model import Extract, Profile, Slice, Window
from govpipes.sources.mysql import MySQL
from govpipes.sources.postgres import Postgres
from govpipes.sources.sqlite import SQLite
from govpipes.sources.systems import System
from govpipes.sources.tables import Database
from govpipes.sql import ident, literal

_DATABASES: dict[str, type[Database]] = {
    "postgresql": Postgres,
    "mysql": MySQL,
    "mariadb": MySQL,
    "sqlite": SQLite,
}


def extract(
    con: duckdb.DuckDBPyConnection, system: System, source: Source, window: Window, day: date, target: Path
) -> Extract:
    """Write one period's rows, every column under the source's own name, to the Parquet file `target` (zstd).

    Files give text columns only; databases give their own types, numbers exact (those DuckDB has no exact type for
    as text). A table read `incremental` gives the rows whose cursor lies in `window`; a snapshot or a file gives
    all rows. `day` is the period's first day, which a file's name is made from. One reading sees one moment of the
    source. Raises SourceError (SchemaError) and leaves no `target` behind when it cannot be read completely.
    """
    target.unlink(missing_ok=True)
    try:
        if system.scheme == "file":
            return files.extract(con, system, source, day, target)
        if source.tombstones is None:
            return tables.extract(con, _database(system, source), source, window, target)
        return _with_tombstones(con, system, source, window, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def count(
    con: duckdb.DuckDBPyConnection, system: System, source: Source, window: Window, day: date | None = None
) -> int:
    """How many rows the source has for the same question, asked another way: what conservation is checked against.

    Databases count by themselves; of a text file the records are counted without parsing it, a workbook is read
    again. `day` is needed for files. Raises SourceError as `extract` does.
    """
    if system.scheme == "file":
        if day is None:
            raise ValueError("counting a file's records needs the day")
        return files.count(con, system, source, day)
    rows = tables.count(_database(system, source), source, window)
    dead = _tombstones(source)
    return rows + (tables.count(_database(system, dead), dead, window) if dead else 0)


def profile(system: System, source: Source, windows: Mapping[date, Window]) -> Profile:
    """What the source has now for each period, without reading it: rows and a fingerprint, in a few questions.

    The fingerprint of a table is over keys and cursors (a product without a hash: rows, first and last cursor);
    of a dump the whole table's, for every period the same; of a file its SHA-256, and its rows are not counted.
    Raises SourceError as `extract` does.
    """
    if system.scheme == "file":
        found = {day: files.fingerprint(system, source, day) for day in windows}
        return Profile({day: Slice(0, sha256) if sha256 else None for day, sha256 in found.items()})
    living = tables.profile(_database(system, source), source, windows)
    dead = _tombstones(source)
    if dead is None:
        return living
    more = tables.profile(_database(system, dead), dead, windows)
    both = {day: _together(living.slices[day], more.slices[day]) for day in windows}
    return Profile({**both}, living.future + more.future)


def keys(con: duckdb.DuckDBPyConnection, system: System, source: Source, window: Window | None, target: Path) -> int:
    """Write only the key columns and the cursor of a table's rows, typed as by `extract`; the rows written.

    window None: of all rows there are. With a window, tombstones are among them. Raises SourceError as `extract`.
    """
    only = [*source.key, *([source.cursor] if source.cursor else [])]
    if window is None or source.tombstones is None:
        return tables.extract(con, _database(system, source), source, window, target, only).rows
    return _with_tombstones(con, system, source, window, target, only).rows


def _tombstones(source: Source) -> Source | None:
    """The table of deleted rows as a source of its own."""
    if source.tombstones is None:
        return None
    named = {"table": source.tombstones.table, "cursor": source.tombstones.cursor}
    return source.model_copy(update={**named, "deletes": None, "tombstones": None})


def _with_tombstones(
    con: duckdb.DuckDBPyConnection,
    system: System,
    source: Source,
    window: Window,
    target: Path,
    only: Sequence[str] = (),
) -> Extract:
    """Rows and tombstones in one file, told apart by the column `tombstone`; a tombstone has a key and a cursor."""
    dead = _tombstones(source)
    assert dead is not None and dead.cursor is not None and source.cursor is not None
    parts = [target.with_suffix(".rows"), target.with_suffix(".tombstones")]
    # before the long reading
    tables.require(_database(system, dead), dead)
    try:
        living = tables.extract(con, _database(system, source), source, window, parts[0], only)
        gone = tables.extract(con, _database(system, dead), dead, window, parts[1], [*dead.key, dead.cursor])
        if any(column.name == "tombstone" for column in living.columns):
            raise SchemaError(
                f"the table {source.table} of {system.name} has a column named tombstone",
                allowed="no such column where the contract names a table of tombstones: the landing uses the name",
                next_step="read a view without that column",
            )
        names = ", ".join([*map(ident, dead.key), f"{ident(dead.cursor)} AS {ident(source.cursor)}"])
        rows = tables.copy_to(
            con,
            f"SELECT *, FALSE AS tombstone FROM read_parquet({literal(parts[0])}) UNION ALL BY NAME "
            f"SELECT {names}, TRUE AS tombstone FROM read_parquet({literal(parts[1])})",
            target,
        )
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    statement = f"{living.statement}; {gone.statement}"
    notes = (*living.notes, *gone.notes)
    return Extract(rows, tables.parquet_columns(con, target), (), statement, notes=notes)


def _together(living: Slice | None, dead: Slice | None) -> Slice | None:
    if living is None or dead is None:
        return None
    return Slice(living.rows + dead.rows, f"{living.fingerprint}+{dead.fingerprint}")


def _database(system: System, source: Source) -> Database:
    return _DATABASES.get(system.scheme, AnyDatabase)(system, source)
