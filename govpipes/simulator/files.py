"""The files departments drop: CSV in their own encodings, JSON lines, and workbooks made for people.

A file appears in one step under its name. What goes wrong with a whole file (`incidents.py`) is done to it last.
"""

import codecs
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from govpipes.days import Cycle, next_first_day
from govpipes.simulator import incidents, systems
from govpipes.simulator.datasets import DATASETS, SYSTEMS, Dataset
from govpipes.simulator.sheets import columns
from govpipes.simulator.world import World
from govpipes.sql import column_list, ident, literal

_CHUNK = 1 << 20
_MADE = datetime(2025, 1, 1)  # noqa: DTZ001 - workbooks know no time zones


def write_files(world: World, datasets: list[Dataset], day: date) -> None:
    """Writes the files of these datasets for `day`, and puts right what was wrong before."""
    for name, file_name in incidents.to_correct(world, day):
        target = _place(world, DATASETS[name], file_name)
        right = _withheld(world, DATASETS[name], file_name)
        if right.exists():
            shutil.copyfile(right, _fresh(target))
            _fresh(target).replace(target)
    today = {incident.dataset: incident for incident in incidents.of(world, day)}
    for dataset in datasets:
        target = _place(world, dataset, dataset.file_name(dataset.day_of(day, world.start)))
        fresh = _fresh(target)
        _make(world, dataset, fresh, day)
        incident = today.get(dataset.name)
        if incident is not None and incident.later:
            keep = _withheld(world, dataset, dataset.file_name(day))
            keep.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(fresh, keep)
        if incident is not None:
            _spoil(fresh, incident.kind, dataset.encoding)
        if fresh.exists():
            fresh.replace(target)


def _place(world: World, dataset: Dataset, file_name: str) -> Path:
    target = systems.folder(world.settings, SYSTEMS[dataset.system]) / file_name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return target


def _withheld(world: World, dataset: Dataset, file_name: str) -> Path:
    return world.folder / "withheld" / dataset.name / Path(file_name).name


def _fresh(target: Path) -> Path:
    return target.with_name(f".{target.name}.new")


def _make(world: World, dataset: Dataset, file: Path, day: date) -> None:
    query = f"SELECT {column_list(columns(world, dataset))} FROM province.out_{dataset.name} ORDER BY entity"
    if dataset.form == "jsonl":
        world.con.execute(f"COPY ({query}) TO {literal(file)} (FORMAT json)")
    elif dataset.form == "csv":
        world.con.execute(f"COPY ({query}) TO {literal(file)} (FORMAT csv, HEADER true)")
        _encode(file, dataset.encoding)
    elif dataset.name in _FORMS:
        _form_workbook(world, dataset, file, dataset.day_of(day, world.start))
    else:
        _plain_workbook(world, dataset, file, dataset.day_of(day, world.start))


def _encode(file: Path, encoding: str) -> None:
    """The UTF-8 file in the department's encoding, piece by piece."""
    if encoding == "utf-8":
        return
    other = file.with_suffix(".encoded")
    with codecs.open(str(file), "r", "utf-8") as source, codecs.open(str(other), "w", encoding) as target:
        while piece := source.read(_CHUNK):
            target.write(piece)
    other.replace(file)


def _spoil(file: Path, kind: str, encoding: str) -> None:
    """Does to the finished file what the incident says."""
    content = file.read_bytes()
    head, _, rest = content.partition(b"\n")
    if kind == "missing":
        file.unlink()
    elif kind == "empty":
        file.write_bytes(head + b"\n")
    elif kind == "mojibake":  # read as UTF-8 by somebody's editor and saved: every damaged pair reads 锟斤拷 in GBK
        file.write_bytes(content.decode("utf-8", "replace").encode("utf-8"))
    elif kind == "renamed":
        first = head.decode(encoding).split(",")
        file.write_bytes(",".join(["证书编号", *first[1:]]).encode(encoding) + b"\n" + rest)
    elif kind == "foreign_column":
        lines = content.decode(encoding).split("\n")
        file.write_bytes("\n".join([lines[0] + ",XK_SFJM", *lines[1:]]).encode(encoding))
        _widen(file, encoding)


def _widen(file: Path, encoding: str) -> None:
    """Gives every record of the file a value for the new last column (records may hold line ends in quotes)."""
    text, quoted, pieces = file.read_bytes().decode(encoding), False, []
    head, _, body = text.partition("\n")
    for part in body.split('"'):
        pieces.append(part if quoted else part.replace("\n", ",0\n"))
        quoted = not quoted
    file.write_bytes((head + "\n" + '"'.join(pieces)).encode(encoding))


def _workbook(title: str) -> tuple[Workbook, Worksheet]:
    """An empty workbook whose properties do not depend on the clock."""
    book = Workbook()
    book.properties.created = book.properties.modified = _MADE
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    return book, sheet


def _title(sheet: Worksheet, row: int, text: str, width: int, bold: bool = True) -> None:
    sheet.cell(row, 1, text)
    sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)
    sheet.cell(row, 1).alignment = Alignment(horizontal="center" if bold else "left")
    sheet.cell(row, 1).font = Font(bold=bold)


def _save(book: Workbook, file: Path) -> None:
    with file.open("wb") as handle:
        book.save(handle)
        handle.flush()
        os.fsync(handle.fileno())


def _plain_workbook(world: World, dataset: Dataset, file: Path, month: date) -> None:
    """A merged title, a header row, the rows."""
    names = columns(world, dataset)
    book, sheet = _workbook("社会组织")
    _title(sheet, 1, f"社会组织登记情况表（{month:%Y年%m月}）", len(names))
    sheet.append(names)
    for row in _rows(world, dataset, names):
        sheet.append(list(row))
    _save(book, file)


@dataclass(frozen=True, slots=True)
class _Form:
    """A form with a note, a header of two rows and a line of totals. merged: the column of merged cells; total: the
    last column; at_year_end: what the form for the last period of a year calls that one."""

    sheet: str
    title: str
    note: str
    merged: str
    total: str
    remark: str
    at_year_end: str | None = None


_FORMS = {
    "public_institutions": _Form(
        "事业单位",
        "事业单位法人登记情况汇总表",
        "填表说明：开办资金单位为万元；编制数为核定数。",
        "登记信息/举办单位",
        "编制数",
        "备注：数据截至月末。",
    ),
    "trade_unions": _Form(
        "工会法人",
        "工会法人登记情况汇总表",
        "填表说明：会员人数含非全日制会员。",
        "工会信息/上级工会",
        "会员人数",
        "备注：数据截至季末。",
        "年末会员人数",
    ),
}


def _form_workbook(world: World, dataset: Dataset, file: Path, period: date) -> None:
    """A merged title, a note, a header of two rows, cells merged downwards, a line of totals and a remark."""
    form, names = _FORMS[dataset.name], columns(world, dataset)
    book, sheet = _workbook(form.sheet)
    when = f"{period:%Y年%m月}" if dataset.cycle is Cycle.MONTHLY else f"{period:%Y}年第{(period.month + 2) // 3}季度"
    _title(sheet, 1, f"{form.title}（{when}）", len(names))
    _title(sheet, 2, form.note, len(names), bold=False)
    last_of_year = next_first_day(dataset.cycle, period).year > period.year
    drifted = form.at_year_end if last_of_year and form.at_year_end else form.total
    _two_row_header(sheet, [drifted if name == form.total else name for name in names])
    rows = _rows(world, dataset, names)
    for row in rows:
        sheet.append(list(row))
    _merge_downwards(sheet, rows, names.index(form.merged), first=5)
    total = world.value(f"SELECT sum(TRY_CAST({ident(form.total)} AS INTEGER)) FROM province.out_{dataset.name}")
    sheet.append(["合计", None, f"{len(rows)}家", *[None] * (len(names) - 4), str(total)])
    sheet.append([form.remark])
    sheet.merge_cells(start_row=sheet.max_row, start_column=1, end_row=sheet.max_row, end_column=len(names))
    _save(book, file)


def _two_row_header(sheet: Worksheet, names: list[str]) -> None:
    """Groups over columns in rows 3 and 4; a column without a group is merged over both."""
    column = 1
    while column <= len(names):
        group, _, rest = names[column - 1].partition("/")
        if not rest:
            sheet.cell(3, column, group)
            sheet.merge_cells(start_row=3, start_column=column, end_row=4, end_column=column)
            column += 1
            continue
        width = sum(name.startswith(f"{group}/") for name in names)
        sheet.cell(3, column, group)
        sheet.merge_cells(start_row=3, start_column=column, end_row=3, end_column=column + width - 1)
        for offset in range(width):
            sheet.cell(4, column + offset, names[column - 1 + offset].partition("/")[2])
        column += width


def _merge_downwards(sheet: Worksheet, rows: list[tuple[str | None, ...]], column: int, first: int) -> None:
    """Merges runs of equal values, as the form's makers do."""
    begin = 0
    for index in range(1, len(rows) + 1):
        if index == len(rows) or rows[index][column] != rows[begin][column]:
            if index - begin > 1:
                sheet.merge_cells(
                    start_row=first + begin, start_column=column + 1, end_row=first + index - 1, end_column=column + 1
                )
            begin = index


def _rows(world: World, dataset: Dataset, names: list[str]) -> list[tuple[str | None, ...]]:
    return world.con.execute(
        f"SELECT {column_list(names)} FROM province.out_{dataset.name} ORDER BY {ident('序号')}::INTEGER"
    ).fetchall()
