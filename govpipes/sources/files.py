"""Delivered files: finding the period's file and choosing its reader.

A file is read once, whole, as it is at that moment; its SHA-256 is that of exactly the bytes that were read.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from govpipes.catalogue.model import Source
from govpipes.errors import SourceError
from govpipes.files import sha256_of
from govpipes.sources import delimited, excel, jsonlines
from govpipes.sources.decode import Decoded, decode
from govpipes.sources.failures import nearest, reading
from govpipes.sources.model import Extract
from govpipes.sources.systems import System
from govpipes.sources.tables import parquet_columns


def extract(con: duckdb.DuckDBPyConnection, system: System, source: Source, day: date, target: Path) -> Extract:
    """See `govpipes.sources.extract`."""
    path, name = _find(system, source, day)
    with _unchanged(path, name), reading(system, f"the file {name} of {system.name}", target):
        if source.format == "excel":
            book = excel.read(path, name, source)
            rows = excel.write(con, book, target)
            read, skipped, notes = book.file, book.skipped, book.notes
        else:
            with _decoded(path, name, source, target.parent) as text:
                reader = jsonlines if source.format == "jsonl" else delimited
                rows = reader.write(con, text, source, target)
                read, skipped, notes = text.file, (), text.notes
    statement = f"{system.shown}: {name}"
    return Extract(rows, parquet_columns(con, target), (read,), statement, skipped, notes)


def count(con: duckdb.DuckDBPyConnection, system: System, source: Source, day: date) -> int:
    """See `govpipes.sources.count`."""
    path, name = _find(system, source, day)
    with _unchanged(path, name), reading(system, f"the file {name} of {system.name}"):
        if source.format == "excel":
            return len(excel.read(path, name, source).rows)
        temp = Path(str(con.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]))
        with _decoded(path, name, source, temp) as text:
            return text.records - (0 if source.format == "jsonl" else 1)


def fingerprint(system: System, source: Source, day: date) -> str | None:
    """The SHA-256 of the bytes of a period's file; None when it is not delivered or empty.

    Raises SourceError when the folder itself is not there.
    """
    assert source.file is not None
    if not system.folder.is_dir():
        _find(system, source, day)  # says so
    path = system.folder / day.strftime(source.file)
    return sha256_of(path) if path.is_file() and path.stat().st_size else None


def _find(system: System, source: Source, day: date) -> tuple[Path, str]:
    assert source.file is not None
    name = day.strftime(source.file)
    path = system.folder / name
    if not path.resolve().is_relative_to(system.folder.resolve()):
        raise SourceError(f"the file {name} lies outside the folder of {system.name}", found=str(path))
    if path.is_file():
        if path.stat().st_size == 0:
            raise SourceError(
                f"the file {name} of {system.name} is empty",
                found="0 bytes",
                allowed="a file with a header, also on days without changes",
                next_step="ask the department to deliver the file again",
            )
        return path, name
    if not system.folder.is_dir():
        raise SourceError(
            f"the folder of {system.name} is not there",
            found=str(system.folder),
            next_step="check the address of the system and whether the folder is mounted",
        )
    folder = path.parent
    there = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    raise SourceError(
        f"{system.name} has not delivered {name}",
        found=f"in {folder}: {nearest(path.name, there)}" if there else f"{folder} is empty or not there",
        next_step="wait for the file or ask the department for it, then run the day again",
    )


@contextmanager
def _decoded(path: Path, name: str, source: Source, folder: Path) -> Iterator[Decoded]:
    """The file's text as UTF-8, in a file of its own for as long as it is read."""
    handle, temporary = tempfile.mkstemp(dir=folder, prefix="decoded-", suffix=".txt")
    try:
        with os.fdopen(handle, "wb") as sink:
            decoded = decode(path, name, source.encoding, sink, quotes=source.format == "csv")
        yield Decoded(Path(temporary), *decoded)
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def _unchanged(path: Path, name: str) -> Iterator[None]:
    before = path.stat()
    yield
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise SourceError(
            f"the file {name} changed while it was read",
            found=f"{before.st_size} bytes before, {after.st_size} after",
            next_step="run the day again when the department has finished writing it",
        )
