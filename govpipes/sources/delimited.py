"""CSV and other delimited text: header by hand, rows by DuckDB, every column text.

The number of rows DuckDB reads must equal the number of records counted while decoding, or nothing is landed.
"""

import csv
import io
import re
from pathlib import Path

import duckdb

from govpipes.catalogue.model import Source
from govpipes.errors import SchemaError, SourceError
from govpipes.sources.decode import Decoded, unscrambled
from govpipes.sources.failures import listed, require_columns
from govpipes.sources.tables import copy_to
from govpipes.sql import ident, literal

_SHOWN = 5


def write(con: duckdb.DuckDBPyConnection, text: Decoded, source: Source, target: Path) -> int:
    """Write the records to the Parquet file `target`; how many.

    Raises SchemaError for a header without the contract's key, SourceError naming the lines that do not fit it.
    """
    names, lines = _header(text, source.delimiter)
    check_header(f"the file {text.file.name}", names, source)
    expected = text.records - 1
    if expected == 0:
        return copy_to(con, f"SELECT {_nulls(names)} WHERE false", target)
    query = _query(text, names, lines, source.delimiter)
    try:
        rows = copy_to(con, query, target)
    except duckdb.Error as error:
        raise _malformed(con, text, names, lines, source.delimiter, error) from None
    if rows != expected:
        raise SourceError(
            f"the file {text.file.name} does not add up: nothing was landed",
            found=f"{expected:,} records end outside double quotes, {rows:,} rows can be read",
            allowed="a double quote inside a value is doubled, and the value then stands in double quotes",
            next_step="ask the department for a file with correct quotes",
        )
    return rows


def check_header(where: str, names: list[str], source: Source) -> None:
    """Raise SchemaError unless the names are distinct and the contract's key, cursor and delete columns are there."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SchemaError(f"{where} has columns of one name", found=listed(twice))
    needed = [*source.key, *([source.cursor] if source.cursor else [])]
    needed += [source.deletes.column] if source.deletes else []
    original = unscrambled("".join(names))
    if original is not None and not set(needed) <= set(names):
        raise SourceError(
            f"{where} was decoded with the wrong encoding and saved again before it was delivered",
            found=f"{''.join(names)[:40]}, which was {original[:40]}",
            next_step="ask the department to export the file again",
        )
    require_columns(where, needed, names)


def clean_name(name: str) -> str:
    """A header cell as a name: no hidden characters, no line breaks, no blanks around it."""
    return re.sub("[\u200b-\u200f\u2060\ufeff\r\n\t]", "", name).replace("\u00a0", " ").replace("\u3000", " ").strip()


def _header(text: Decoded, delimiter: str) -> tuple[list[str], int]:
    """The column names, and how many lines up to the first record."""
    raw, lines = b"", 0
    with text.path.open("rb") as stream:
        for line in stream:
            lines += 1
            raw = raw + line if raw or line.strip() else b""
            if raw and raw.count(b'"') % 2 == 0:
                break
    record = next(csv.reader(io.StringIO(raw.decode("utf-8"), newline=""), delimiter=delimiter), [])
    names = [clean_name(name) for name in record]
    while names and not names[-1]:
        names.pop()  # a delimiter at the end of each line
    return [name or f"unnamed_{place}" for place, name in enumerate(names, 1)], lines


def _query(text: Decoded, names: list[str], lines: int, delimiter: str, more: str = "") -> str:
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return (
        f"SELECT {', '.join(ident(name) for name in names)} FROM read_csv({literal(text.path)}, "
        f"auto_detect = false, header = false, skip = {lines}, delim = {literal(delimiter)}, quote = '\"', "
        f"escape = '\"', new_line = '\\n', encoding = 'utf-8', max_line_size = 16777216, "
        f"parallel = {not text.quoted_lines}, columns = {{{types}}}{more})"
    )


def _nulls(names: list[str]) -> str:
    return ", ".join(f"NULL::VARCHAR AS {ident(name)}" for name in names)


def _malformed(
    con: duckdb.DuckDBPyConnection, text: Decoded, names: list[str], lines: int, delimiter: str, error: duckdb.Error
) -> SourceError:
    """Which lines do not fit the header; found by reading once more and collecting instead of stopping."""
    scans, errors = "rejected_scans", "rejected_lines"
    more = f", store_rejects = true, rejects_scan = '{scans}', rejects_table = '{errors}', rejects_limit = 100000"
    found = []
    try:
        con.execute(f"SELECT count(*) FROM ({_query(text, names, lines, delimiter, more)})").fetchall()
        found = con.execute(f"SELECT DISTINCT line, error_type::VARCHAR FROM {errors} ORDER BY line").fetchall()
    except duckdb.Error:
        pass  # then the first error must do
    finally:
        con.execute(f"DROP TABLE IF EXISTS {errors}")
        con.execute(f"DROP TABLE IF EXISTS {scans}")
    shown = [f"line {line}: {str(kind).lower()}" for line, kind in found[:_SHOWN]]
    more_lines = [f"… {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return SourceError(
        f"the file {text.file.name} has lines that do not fit its header",
        found="; ".join(shown + more_lines) or str(error).splitlines()[0],
        allowed=f"{len(names)} values a line, separated by {delimiter!r}; values holding it in double quotes",
        next_step="ask the department to correct and deliver the file again",
    )
