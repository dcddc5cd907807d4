"""JSON lines: one object a line, every key a text column, nested values as JSON text."""

from pathlib import Path

import duckdb

from govpipes.catalogue.model import Source
from govpipes.errors import SourceError
from govpipes.sources.decode import Decoded
from govpipes.sources.delimited import check_header
from govpipes.sources.tables import copy_to
from govpipes.sql import ident, literal


def write(con: duckdb.DuckDBPyConnection, text: Decoded, source: Source, target: Path) -> int:
    """Write the objects to the Parquet file `target`; how many.

    Raises SchemaError when no object has the contract's key, SourceError naming the first line that is no object.
    """
    lines = _lines(text.path)
    _refuse_other(con, text.file.name, lines)
    names = _keys(con, lines)
    if names:
        check_header(f"the file {text.file.name}", names, source)
    elif text.records:
        raise SourceError(f"the objects in the file {text.file.name} have no keys")
    else:
        names = [*source.key, *([source.cursor] if source.cursor else [])]
    columns = ", ".join(f"json_extract_string(line, {literal(_pointer(n))}) AS {ident(n)}" for n in names)
    rows = copy_to(con, f"SELECT {columns} FROM ({lines})", target)
    if rows != text.records:
        raise SourceError(
            f"the file {text.file.name} does not add up: nothing was landed",
            found=f"{text.records:,} lines, {rows:,} objects",
            allowed="one complete JSON object on each line",
        )
    return rows


def _lines(path: Path) -> str:
    # As a CSV file of one column: the separator is a control character, which JSON does not allow in a text.
    return (
        f"SELECT row_number() OVER () AS number, line FROM read_csv({literal(path)}, auto_detect = false, "
        "header = false, delim = '\x1f', quote = '', escape = '', new_line = '\\n', encoding = 'utf-8', "
        "max_line_size = 16777216, columns = {'line': 'VARCHAR'}) QUALIFY trim(line) <> ''"
    )


def _refuse_other(con: duckdb.DuckDBPyConnection, name: str, lines: str) -> None:
    valid = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"
    query = f"SELECT min(number), arg_min(line, number), count(*) FROM ({lines}) WHERE NOT {valid}"
    number, line, bad = con.execute(query).fetchall()[0]
    if bad:
        raise SourceError(
            f"the file {name} has lines that are no JSON object",
            found=f"{bad:,}; the first is line {number}: {str(line)[:60]}",
            allowed="one complete JSON object on each line",
            next_step="ask the department to deliver the file again",
        )


def _keys(con: duckdb.DuckDBPyConnection, lines: str) -> list[str]:
    """All keys; those of the first object first, in its order."""
    first = con.execute(f"SELECT json_keys(line) FROM ({lines}) ORDER BY number LIMIT 1").fetchone()
    rest = con.execute(f"SELECT DISTINCT unnest(json_keys(line)) AS key FROM ({lines}) ORDER BY key").fetchall()
    leading = [str(key) for key in first[0]] if first else []
    return list(dict.fromkeys([*leading, *(str(key) for (key,) in rest)]))


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
