"""Excel workbooks people made (DOMAIN D19, rule XLS-01): titles, merged cells, headers of two rows, notes, totals.

The header is found by the contract's key columns. Rows that are no records are taken out, and every one of them is
given back with its reason. This is the edge where Python may loop over rows: workbooks hold thousands, not millions.
"""

import hashlib
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from govpipes.catalogue.model import Source
from govpipes.errors import SchemaError, SourceError
from govpipes.sources.delimited import check_header, clean_name
from govpipes.sources.failures import listed
from govpipes.sources.model import FileRead, Skipped
from govpipes.sources.tables import copy_to

_HEADER_WITHIN = 30
_HEADER_ROWS = 3
_TOTAL = re.compile(r"[(（]?(合|总|小|共|累)\s*计\s*[)）]?\s*[:：]?.*|总数[:：]?")
_NOTE = re.compile(
    r"[*※]?\s*(填表)?(说\s*明|备\s*注|注|附注|填表人|填报人|填报单位|制表人?|审核人?|单位负责人|联系电话)\s*[:：].*",
    re.S,
)


@dataclass(frozen=True, slots=True)
class Book:
    """A sheet that has been read: names, rows of text, and what was left out."""

    file: FileRead
    names: list[str]
    rows: list[list[str | None]]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


def read(path: Path, name: str, source: Source) -> Book:
    """The records of the contract's sheet (or the first visible one).

    Raises SourceError for what is no workbook or lacks the sheet, SchemaError when no header has the key columns.
    """
    content = path.read_bytes()
    file = FileRead(name, hashlib.sha256(content).hexdigest(), len(content))
    sheet, notes = _sheet(path, name, content, source.sheet)
    grid = _Grid(sheet)
    top, height = _find_header(grid, name, source)
    names, places = grid.names(top, height)
    check_header(f"the sheet {sheet.title} of {name}", names, source)
    keys = [names.index(key) for key in source.key]
    rows: list[list[str | None]] = []
    skipped: list[Skipped] = []
    for line in range(top + height, grid.height):
        values = [grid.filled[line][place] for place in places]
        if not any(values):
            continue
        reason = _no_record(grid, line, values, keys, names)
        if reason is None:
            rows.append(values)
        else:
            skipped.append(Skipped(line=line + 1, reason=reason, text=_shown(values)))
    before = [Skipped(line=n + 1, reason="before the header", text=_shown(grid.own[n])) for n in range(top)]
    return Book(file, names, rows, (*(s for s in before if s["text"]), *skipped), tuple(notes))


def write(con: duckdb.DuckDBPyConnection, book: Book, target: Path) -> int:
    """Write the records to the Parquet file `target`; how many."""
    arrays = [pa.array([row[place] for row in book.rows], pa.string()) for place in range(len(book.names))]
    table = pa.Table.from_arrays(arrays, names=book.names)
    con.register("workbook_rows", table)
    try:
        return copy_to(con, "SELECT * FROM workbook_rows", target)
    finally:
        con.unregister("workbook_rows")


def _sheet(path: Path, name: str, content: bytes, wanted: str | None) -> tuple[Worksheet, list[str]]:
    book = _open(path, name, content)
    sheets = list(book.worksheets)
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    used = [sheet for sheet in visible if sheet.max_row > 1 or sheet["A1"].value is not None]
    if wanted is not None:
        chosen = [sheet for sheet in sheets if sheet.title.strip() == wanted.strip()]
        if not chosen:
            found = listed([sheet.title for sheet in sheets])
            raise SourceError(f"the workbook {name} has no sheet {wanted}", found=f"sheets: {found}")
    else:
        chosen = used
    if not chosen:
        raise SourceError(f"the workbook {name} is empty", found=f"sheets: {listed([s.title for s in sheets])}")
    others = [sheet for sheet in sheets if sheet is not chosen[0] and (sheet in used or sheet not in visible)]
    notes = [
        f"{'sheet' if sheet in visible else 'hidden sheet'} {sheet.title} was not read ({sheet.max_row} rows)"
        for sheet in others
    ]
    return chosen[0], notes


def _open(path: Path, name: str, content: bytes) -> openpyxl.Workbook:
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        found = "an Excel 97-2003 workbook (.xls) or one with a password"
    elif content.lstrip()[:1] == b"<":
        found = "a web page or XML with the name of a workbook"
    elif not content.startswith(b"PK"):
        found = "no workbook: it does not begin as a ZIP archive does"
    else:
        try:
            # Values, not formulas: what the department saw when it saved.
            return openpyxl.load_workbook(path, data_only=True)
        except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, EOFError, OSError) as error:
            found = f"damaged or only half there: {error}"
    raise SourceError(
        f"the workbook {name} cannot be read",
        found=found,
        allowed="an Excel workbook (.xlsx) without a password",
        next_step="ask the department to save it as .xlsx and deliver it again",
    )


class _Grid:
    """A sheet's cells as text.

    own: each cell's own value. filled: merged cells filled; across for headers, downwards only for records, where a
    wide merged cell is a note and not a value of each column.
    """

    def __init__(self, sheet: Worksheet) -> None:
        cells = [row for row in sheet.iter_rows() if row]
        self.own = [[_as_text(cell) for cell in row] for row in cells]
        self.height = len(self.own)
        self.width = max((len(row) for row in self.own), default=0)
        self.filled = [list(row) for row in self.own]
        self.across = [list(row) for row in self.own]
        self.wide: dict[int, int] = {}  # line -> columns under its widest merged cell
        for area in sheet.merged_cells.ranges:
            lines, places = range(area.min_row - 1, area.max_row), range(area.min_col - 1, area.max_col)
            value = self.own[lines[0]][places[0]]
            for line in lines:
                self.filled[line][places[0]] = value
                self.wide[line] = max(self.wide.get(line, 1), len(places))
                for place in places:
                    self.across[line][place] = value

    def names(self, top: int, height: int) -> tuple[list[str], list[int]]:
        """The column names of a header, and the places of those columns.

        The parts of a name are joined with `/`; a cell merged downwards is one part. A column without a name
        but with values is called by its place.
        """
        names, places = [], []
        for place in range(self.width):
            cells = [clean_name(self.across[line][place] or "") for line in range(top, top + height)]
            parts = [part for n, part in enumerate(cells) if part and (n == 0 or part != cells[n - 1])]
            used = any(self.own[line][place] for line in range(top + height, self.height))
            if parts or used:
                names.append("/".join(parts) or f"unnamed_{place + 1}")
                places.append(place)
        return names, places


def _find_header(grid: _Grid, name: str, source: Source) -> tuple[int, int]:
    """First line (from 0) and height of the header: the first place whose names hold the whole key."""
    for top in range(min(grid.height, _HEADER_WITHIN)):
        for height in range(1, min(_HEADER_ROWS, grid.height - top) + 1):
            if set(source.key) <= set(grid.names(top, height)[0]):
                return top, height
    rows = [f"row {n + 1}: {_shown(grid.own[n])}" for n in range(min(grid.height, 6)) if any(grid.own[n])]
    raise SchemaError(
        f"the workbook {name} has no header with {', '.join(source.key)}",
        found="; ".join(rows)[:600] or "an empty sheet",
        allowed=f"the key columns in the first {_HEADER_WITHIN} rows, parts of a header joined with /",
        next_step="correct `key` or `sheet` in the contract, or ask the department what it changed",
    )


def _no_record(grid: _Grid, line: int, values: list[str | None], keys: list[int], names: list[str]) -> str | None:
    """Why a row is no record: total, note, column numbers or header repeated; None when it is one."""
    texts = [value for value in values if value]
    first = re.sub(r"\s", "", texts[0])
    # A record has its key, and a key is neither the word for a total nor a sentence with a colon.
    keyless = not any(values[key] for key in keys)
    titled = len(texts) == 1 or grid.wide.get(line, 1) * 2 > len(values)
    if _TOTAL.fullmatch(first) and (keyless or values[keys[0]] == texts[0]):
        return "total"
    if _NOTE.fullmatch(texts[0]) and (keyless or titled):
        return "note"
    if titled and (keyless or grid.wide.get(line, 1) * 2 > len(values)):
        return "note"
    if len(texts) > 1 and texts == [str(n) for n in range(1, len(texts) + 1)]:
        return "column numbers"
    if len(texts) > 1 and [clean_name(text) for text in texts] in (names, [n.split("/")[-1] for n in names]):
        return "header repeated"
    return None


def _shown(values: Sequence[str | None]) -> str:
    return " | ".join(value for value in values if value)[:200]


def _as_text(cell: Any) -> str | None:
    """A cell as text, as near to what a person saw as the file allows."""
    match cell.value:
        case None:
            return None
        case str() as text:
            return text if text.strip() else None
        case bool() as flag:
            return "TRUE" if flag else "FALSE"
        case int() as number:
            return _whole(number, str(cell.number_format))
        case float() as number:
            return _decimal(number, str(cell.number_format))
        case datetime() as moment:
            return moment.date().isoformat() if moment.time() == time(0) else moment.isoformat(sep=" ")
        case date() as day:
            return day.isoformat()
        case other:
            return str(other)


def _decimal(number: float, number_format: str) -> str:
    # Excel keeps and shows 15 digits; Python would print the noise of binary fractions, or 3.2E+17.
    exact = Decimal(format(number, ".15g")) if isfinite(number) else None
    if exact is None:
        return str(number)
    return _whole(int(exact), number_format) if exact == int(exact) else format(exact, "f")


def _whole(number: int, number_format: str) -> str:
    # A code kept as a number and shown with leading zeros: the format is part of the value.
    width = len(number_format) if re.fullmatch("0{2,}", number_format) else 0
    return str(number).zfill(width)
