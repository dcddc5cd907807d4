"""A department's worklist: its open rejected rows as a workbook or CSV file it can work through, in Chinese.

What is open is decided in corrections.py. Values are written as text: a spreadsheet would round 18-digit numbers and
run what looks like a formula.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from govpipes.catalogue.model import Contract
from govpipes.errors import WarehouseError
from govpipes.files import whole_file
from govpipes.pipeline.corrections import entries
from govpipes.pipeline.quarantine import explain_reason, mask_row
from govpipes.pipeline.workspace import Workspace

_COLUMNS = {
    "序号": 6,
    "数据集": 24,
    "首次日期": 12,
    "末次日期": 12,
    "来源": 32,
    "行号": 8,
    "主键": 24,
    "错误代码": 24,
    "错误说明": 48,
    "原始内容": 80,
    "处理结果": 24,
}
"""The columns and how wide they are; the last is for the department."""

HEADER = tuple(_COLUMNS)
_LARGEST_WORKBOOK = 1_048_575


def export(ws: Workspace, contracts: Sequence[Contract], target: Path, *, unmasked: bool) -> int:
    """Write the open rejected rows of these datasets to `target` (.xlsx or .csv), mode 0600; returns how many.

    Personal values are masked unless `unmasked`. Raises WarehouseError when a workbook cannot hold them all.
    """
    entries(ws, contracts)
    count = int(ws.lake.one("SELECT count(*) FROM entries WHERE state = 'open'"))
    if target.suffix == ".xlsx" and count > _LARGEST_WORKBOOK:
        raise WarehouseError(
            f"{count} rows do not fit into a workbook",
            allowed=f"{_LARGEST_WORKBOOK} rows",
            next_step="export to a file that ends in .csv, or fewer datasets",
        )
    rows = _rows(ws, {contract.dataset: contract for contract in contracts}, unmasked=unmasked)
    with whole_file(target.absolute().parent, target) as made:
        made.touch(mode=0o600)
        (_write_workbook if target.suffix == ".xlsx" else _write_csv)(made, rows)
    return count


def _rows(ws: Workspace, contracts: dict[str, Contract], *, unmasked: bool) -> Iterator[list[str]]:
    found = ws.con.execute(
        "SELECT dataset, first_day, last_day, landing_id, row_number, source_key, reasons, raw FROM entries "
        "WHERE state = 'open' ORDER BY dataset, first_day, source_key, raw"
    ).fetchall()
    origins: dict[str, str] = {}
    for number, (dataset, first, last, landing, line, key, reasons, raw) in enumerate(found, 1):
        contract = contracts[dataset]
        row: dict[str, Any] = {"dataset": dataset, "source_key": key, "raw": json.loads(raw)}
        if not unmasked:
            row = mask_row(ws.con, ws.catalogue, row)
        if landing not in origins:
            origins[landing] = _origin(ws, contract, first, last, landing)
        values = "；".join(f"{name}={value}" for name, value in row["raw"].items() if value not in (None, ""))
        words = "；".join(explain_reason(code, contract)[0] for code in reasons)
        made = [number, contract.title.zh, first, last, origins[landing], line, row["source_key"]]
        yield [_text(value) for value in (*made, " ".join(reasons), words, values, "")]


def _origin(ws: Workspace, contract: Contract, first: Any, last: Any, landing: str) -> str:
    for row in (*ws.ledger.landings_of(contract.dataset, last), *ws.ledger.landings_of(contract.dataset, first)):
        if row["landing_id"] == landing and row["detail"]["files"]:
            return str(row["detail"]["files"][0]["name"])
    return contract.source.table or contract.source.file or ""


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _write_workbook(target: Path, rows: Iterator[list[str]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("待更正数据")
    sheet.freeze_panes = "A2"
    for column, width in zip("ABCDEFGHIJK", _COLUMNS.values(), strict=True):
        sheet.column_dimensions[column].width = width
    head = [WriteOnlyCell(sheet, value=name) for name in HEADER]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    for row in rows:
        sheet.append(row)
    book.save(target)


def _write_csv(target: Path, rows: Iterator[list[str]]) -> None:
    # with a byte order mark, without which a spreadsheet does not read Chinese
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows)
