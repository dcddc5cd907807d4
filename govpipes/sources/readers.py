"""The one way to read a department: `extract` for a period's rows, `count` for how many the source says there are.

Here is only the choice of the reader by the kind of address; the readers do the work.
"""

from datetime import date
from pathlib import Path

import duckdb

from govpipes.catalogue.model import Source
from govpipes.sources import files, tables
from govpipes.sources.anything import AnyDatabase
from govpipes.sources.model import Extract, Window
from govpipes.sources.mysql import MySQL
from govpipes.sources.postgres import Postgres
from govpipes.sources.sqlite import SQLite
from govpipes.sources.systems import System
from govpipes.sources.tables import Database

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
        return tables.extract(con, _database(system, source), source, window, target)
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
    return tables.count(_database(system, source), source, window)


def _database(system: System, source: Source) -> Database:
    return _DATABASES.get(system.scheme, AnyDatabase)(system, source)
