"""Workbooks as people make them: titles, merged cells, two-row headers, notes and totals."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from govpipes.errors import SchemaError, SourceError

Make = Callable[..., Any]
KEY = "单位信息/统一社会信用代码"


@pytest.fixture
def excel(folder: Path, reader: Make) -> Callable[..., Any]:
    def make(fill: Callable[[openpyxl.Workbook], None], **fields: Any) -> Any:
        book = openpyxl.Workbook()
        fill(book)
        book.save(folder / "sydw_202601.xlsx")
        defaults = {"file": "sydw_%Y%m.xlsx", "format": "excel", "mode": "snapshot", "key": (KEY,)}
        return reader(f"file:{folder}", **{**defaults, **fields})

    return make


def _sheet(book: openpyxl.Workbook) -> Worksheet:
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    return sheet


def institutions(book: openpyxl.Workbook) -> None:
    """The staffing office's form: title, note, two header rows, a supervisor merged downwards, total, remark."""
    sheet = _sheet(book)
    sheet.append(["事业单位法人登记情况表"])
    sheet.append(["填表说明：金额单位为万元"])
    sheet.append(["序号", "单位信息", None, "登记信息", None, None, "编制数"])
    sheet.append([None, "统一社会信用代码", "单位\n名称", "法定代表人", "举办单位", "登记日期", None])
    sheet.append([1, 2, 3, 4, 5, 6, 7])
    sheet.append([1, "12320102466001234X", "玄武区图书馆", "王伟", "玄武区人民政府", datetime(2001, 5, 1), 12])
    sheet.append([2, "123201024660012350", "合计算法研究所", "李娜", None, "2002.06", 7.5])
    sheet.append(["合  计", None, None, None, None, None, 19.5])
    sheet.append(["备注：本表一式两份"])
    for area in ("A1:G1", "A2:G2", "A3:A4", "B3:C3", "D3:F3", "G3:G4", "E6:E7", "A9:G9"):
        sheet.merge_cells(area)
    hidden = book.create_sheet("旧数据")
    hidden.append(["x"])
    hidden.sheet_state = "hidden"


def test_a_form_with_everything_people_do(excel: Make) -> None:
    source = excel(institutions)
    got = source.read()
    assert [column.name for column in got.columns] == [
        "序号",
        "单位信息/统一社会信用代码",
        "单位信息/单位名称",
        "登记信息/法定代表人",
        "登记信息/举办单位",
        "登记信息/登记日期",
        "编制数",
    ]
    assert source.rows() == [
        ("1", "12320102466001234X", "玄武区图书馆", "王伟", "玄武区人民政府", "2001-05-01", "12"),
        ("2", "123201024660012350", "合计算法研究所", "李娜", "玄武区人民政府", "2002.06", "7.5"),
    ]
    assert [(line["line"], line["reason"]) for line in got.skipped] == [
        (1, "before the header"),
        (2, "before the header"),
        (5, "column numbers"),
        (8, "total"),
        (9, "note"),
    ]
    assert got.skipped[3]["text"] == "合  计 | 19.5"
    assert got.notes == ("hidden sheet 旧数据 was not read (1 rows)",)
    assert source.count() == 2


def test_numbers_show_what_excel_did_to_them(excel: Make) -> None:
    def fill(book: openpyxl.Workbook) -> None:
        sheet = _sheet(book)
        sheet.append(["代码", "身份证号", "比例", "真"])
        sheet.append([1234, 320102199003074000.0, 0.1, True])
        sheet["A2"].number_format = "000000"

    source = excel(fill, key=("代码",))
    source.read()
    assert source.rows() == [("001234", "320102199003074000", "0.1", "TRUE")]


def test_a_record_without_its_key_is_a_record(excel: Make) -> None:
    def fill(book: openpyxl.Workbook) -> None:
        sheet = _sheet(book)
        for row in (
            ["序号", "代码", "名称"],
            [1, None, "无代码学会"],
            [2, "X", "有"],
            [None, None, None],
            [3, "Y", "z"],
        ):
            sheet.append(row)

    source = excel(fill, key=("代码",))
    assert source.read().rows == 3


def test_the_header_that_is_not_there_is_shown(excel: Make) -> None:
    with pytest.raises(SchemaError, match=r"no header with 信用代码\n  found: row 1: 事业单位法人登记情况表; row 2"):
        excel(institutions, key=("信用代码",)).read()


def test_a_sheet_that_is_not_there(excel: Make) -> None:
    with pytest.raises(SourceError, match="no sheet 一月\n  found: sheets: Sheet, 旧数据"):
        excel(institutions, sheet="一月").read()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "97-2003"),
        (b"<html><table>", "web page"),
        (b"PK\x03\x04 cut", "damaged or only half there"),
        (b"a,b\n", "no workbook"),
    ],
)
def test_what_is_no_workbook(excel: Make, folder: Path, content: bytes, message: str) -> None:
    source = excel(institutions)
    (folder / "sydw_202601.xlsx").write_bytes(content)
    with pytest.raises(SourceError, match=message):
        source.read()
