"""Addresses and polygons: the levels of a text, its normal form and its key (DOMAIN.md §1.10); ADR-01; WKT."""

import random
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from .conftest import Judge
from .test_identifiers import one

LEVELS = ("province", "city", "county", "town", "community", "road", "door_number", "estate", "building", "unit",
          "storey", "room", "rest")  # fmt: skip
AREAS = (
    ("江苏省", "南京市", "玄武区"),
    ("江苏省", "苏州市", "昆山市"),
    ("江苏省", "徐州市", "沛县"),
    ("江苏省", "扬州市", "江都区"),
    ("安徽省", "合肥市", "蜀山区"),
    (None, "镇江市", "京口区"),
    (None, None, "昆山市"),
    (None, None, None),
)


def parts(con: duckdb.DuckDBPyConnection, text: str) -> dict[str, str]:
    found = one(con, "address_parts(?::VARCHAR)", text)
    assert tuple(found) == LEVELS
    return {level: value for level, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("江苏南京鼓楼区湖南路街道江苏路15号", "江苏省 南京市 鼓楼区 湖南路街道 . 江苏路 15号 . . . . . ."),
        ("江苏路15号", ". . . . . 江苏路 15号 . . . . . ."),
        ("沛县龙固镇大李庄村3组12号", ". . 沛县 龙固镇 大李庄村3组 . 12号 . . . . . ."),
        ("南京市鼓楼区鼓楼新村3号楼2单元501", ". 南京市 鼓楼区 . . 鼓楼新村 . . 3幢 2单元 . 501室 ."),
        ("中山路东街12号锦绣花园3-2-501", ". . . . . 中山路东街 12号 锦绣花园 3幢 2单元 . 501室 ."),
        ("长江路新世纪花园12栋甲单元3层301房", ". . . . . 长江路 . 新世纪花园 12幢 甲单元 3层 301室 ."),
        ("合肥市蜀山区长江西路130号A座1501室", ". 合肥市 蜀山区 . . 长江西路 130号 . A幢 . . 1501室 ."),
        ("上海市浦东新区世纪大道100号", "上海市 . 浦东新区 . . 世纪大道 100号 . . . . . ."),
        ("镇江市镇江路1号北门", ". 镇江市 . . . 镇江路 1号 . . . . . 北门"),
        ("请填写生产经营地址", ". . . . . . . . . . . . 请填写生产经营地址"),
    ],
)
def test_the_levels_of_a_text(con: duckdb.DuckDBPyConnection, text: str, expected: str) -> None:
    wanted = {level: value for level, value in zip(LEVELS, expected.split(), strict=True) if value != "."}
    assert parts(con, text) == wanted


def composed(draw: random.Random) -> Iterator[tuple[str, str | None]]:
    yield from zip(LEVELS[:3], draw.choice(AREAS), strict=True)
    yield "town", draw.choice(("新街口街道", "龙固镇", "中央路街道", "石桥乡", None))
    yield "community", draw.choice(("大行宫社区", "大李庄村", "锁金村社区", None))
    yield (
        "road",
        draw.choice(("中山", "江苏", "镇江", "新世纪", "北京西", "太平")) + draw.choice(("路", "街", "大道", "巷")),
    )
    yield "door_number", draw.choice((f"{draw.randint(1, 999)}号", "12-3号"))
    yield "estate", None
    yield "building", draw.choice((f"{draw.randint(1, 30)}幢", "A幢", None))
    yield "unit", draw.choice((f"{draw.randint(1, 9)}单元", None))
    yield "storey", draw.choice((f"{draw.randint(1, 30)}层", None))
    yield "room", draw.choice((f"{draw.randint(1, 30)}0{draw.randint(1, 9)}室", None))
    yield "rest", draw.choice((None, None, "（东侧）"))


def test_a_composed_address_has_the_parts_it_was_made_of(con: duckdb.DuckDBPyConnection) -> None:
    draw = random.Random(20190215)
    for _ in range(500):
        made = {level: value for level, value in composed(draw) if value is not None}
        assert parts(con, "".join(made.values())) == made


def test_the_normal_form_is_stable(con: duckdb.DuckDBPyConnection) -> None:
    """Of anything: texts composed, then cut, doubled and shuffled in pieces."""
    draw, texts = random.Random(7), []
    for _ in range(1500):
        pieces = [value for _, value in composed(draw) if value is not None]
        if draw.random() < 0.5:
            draw.shuffle(pieces)
        text = "".join(pieces)[draw.randint(0, 4) :].replace("幢", draw.choice(("栋", "号楼", "座", "幢")))
        texts.append(text.replace("室", draw.choice(("", "房", "室"))).replace("单元", draw.choice(("-", "单元"))))
    con.execute("CREATE OR REPLACE TEMP TABLE given AS SELECT unnest(?::VARCHAR[]) AS x", [texts])
    changed = con.execute(
        "SELECT x, y, address_normal(y) FROM (SELECT x, address_normal(x) AS y FROM given) "
        "WHERE y IS DISTINCT FROM address_normal(y) OR address_parts(x) IS DISTINCT FROM address_parts(y)"
    ).fetchall()
    assert changed == []


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("江苏省南京市玄武区中山路12号3栋2单元501", "南京玄武区新街口街道中山路12号3-2-501室", True),
        ("昆山市玉山镇前进路3号", "江苏省苏州市昆山市前进路3号", True),
        ("江苏省南京市玄武区中山路12号", "江苏省南京市秦淮区中山路12号", False),
        ("沛县龙固镇大李庄村3组12号", "沛县龙固镇大李庄村4组12号", False),
        ("江苏省南京市玄武区", "南京市玄武区", False),  # names no house: each waits under its own words
    ],
)
def test_two_spellings_meet_in_one_key(con: duckdb.DuckDBPyConnection, left: str, right: str, same: bool) -> None:
    keys = con.execute("SELECT address_text_key(NULL, ?), address_text_key(NULL, ?)", [left, right]).fetchone()
    assert keys is not None
    assert (keys[0] == keys[1]) is same


def test_the_key_of_a_text_is_the_key_of_its_standard_address(con: duckdb.DuckDBPyConnection) -> None:
    text = "江苏省南京市玄武区新街口街道大行宫社区中山路12号3幢2单元501室"
    standard = one(con, "address_key('320102', '中山路', '12号', '3栋', '2单元', '501')")
    assert one(con, "address_text_key(NULL, ?)", text) == standard
    assert standard == one(con, "md5('320102|中山路|12号|3幢|2单元|501室')")
    # where the text names no county the code beside it says which; where it names one, the text is right
    assert one(con, "address_text_key('320104', ?)", text) == standard
    assert one(con, "address_text_key('320102', '中山路12号3幢2单元501室')") == standard
    assert one(con, "address_text_key('320102', NULL)") is None


@pytest.mark.parametrize(
    ("text", "county", "flag"),
    [
        ("江苏省南京市玄武区中山路12号", "320102", None),
        ("江苏省南京市玄武区中山路12号", "320104", "ADR-01"),
        ("昆山市前进路3号", "320102", "ADR-01"),
        ("中山路12号", "320102", None),
        ("江苏省淮安市楚州区镇淮楼路1号", "320803", None),  # 淮安区 was 楚州区 until 2011
        ("南通市通州区金沙街道1号", "320683", None),  # the code of 通州市, which lives on as the district
        ("江苏省南京市玄武区中山路12号", "320102001", None),
        ("江苏省南京市玄武区中山路12号", "340104", None),
        ("江苏省南京市玄武区中山路12号", "没有", None),
        ("短", "320102", "ADR-03"),
        ("请填写生产经营地址", "320102", "QLT-01"),
    ],
)
def test_the_county_in_the_text_is_the_codes(
    con: duckdb.DuckDBPyConnection, text: str, county: str, flag: str | None
) -> None:
    asked = "flag_address_text(t, t, DATE '2026-01-03', other := c) FROM (SELECT ?::VARCHAR AS t, ? AS c)"
    assert one(con, asked, text, county) == flag


SQUARE = "POLYGON ((118 32,118.1 32,118.1 32.1,118 32.1,118 32))"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("polygon((118 32, 118.1 32, 118.1  32.1, 118 32.1, 118 32))", (SQUARE, None)),
        (SQUARE.replace("))", "),(118.01 32.01,118.02 32.01,118.02 32.02,118.01 32.01))"), (Any, None)),
        (f"MULTIPOLYGON ({SQUARE[8:]},((119 33,119.1 33,119.1 33.1,119 33)))", (Any, None)),
        ("POLYGON ((118 32,118.1 32,118.1 32.1,118 32.1))", (Any, "GEO-07")),  # not closed
        ("POLYGON ((118 32,118.1 32,118 32))", (Any, "GEO-07")),  # no area
        ("POLYGON ((32 118,32 118.1,32.1 118.1,32 118))", (Any, "GEO-02")),  # latitude first
        ("POINT (118 32)", (Any, "GEO-07")),
        ("见附件", (Any, "GEO-07")),
    ],
)
def test_polygons(judge: Judge, raw: str, expected: tuple[Any, str | None]) -> None:
    value, error, _ = judge("polygon", raw)
    assert error == expected[1]
    if expected[0] is not Any:
        assert value == expected[0]
