"""Dates, numbers, coordinates, names, text, codes: the spellings of DOMAIN.md §1.9, §1.12 and §4."""

import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from math import cos, hypot, radians

import duckdb
import pytest

from .conftest import Judge
from .test_identifiers import one

MARCH_7 = date(1990, 3, 7)


@pytest.mark.parametrize(
    "raw",
    [
        "1990-03-07",
        "1990-3-7",
        "1990/03/07",
        "19900307",
        "1990年3月7日",
        "1990.3.7",
        "32939",
        "636739200000",
        "07-MAR-90",
        "民国79年3月7日",
        "一九九〇年三月七日",
        "1990-03-07T00:00:00",
        "1990-03-07T12:30:00.000+08:00",
        "１９９０－０３－０７",
        "19900307120000",
        "900307",
        "1990-03-07 00:00:00",
        " 1990-03-07\r",
        "1990年3月7日 8时5分",
        "07 MAR 1990",
        "07/03/1990",
        "'1990-03-07",
    ],
)
def test_one_date_in_many_spellings(judge: Judge, raw: str) -> None:
    assert judge("date", raw)[:2] == (MARCH_7, None)


@pytest.mark.parametrize(
    ("raw", "options", "expected"),
    [
        ("1900-01-01", {}, (None, None, "DATE-02")),
        ("1970-01-01", {}, (None, None, "DATE-02")),
        ("0001-01-01", {}, (None, None, "DATE-02")),
        ("0000-00-00", {}, (None, None, "DATE-02")),
        ("9999-12-31", {}, (None, None, None)),
        ("2099-12-31", {}, (None, None, None)),
        ("2099/12/31", {}, (None, None, None)),
        ("长期", {}, (None, None, None)),
        ("1990-02-30", {}, (None, "DATE-01", None)),
        ("1799-01-01", {}, (None, "DATE-01", None)),
        ("昨天", {}, (None, "DATE-01", None)),
        ("03/07/1990", {"form": "mdy"}, (MARCH_7, None, None)),
        ("07/03/1990", {}, (MARCH_7, None, "DATE-05")),
        ("1990.03", {}, (date(1990, 3, 1), None, "DATE-03")),
        ("32939", {}, (MARCH_7, None, "DATE-03")),
        ("2026-01-04", {"future": "flag"}, (date(2026, 1, 4), None, "DATE-04")),
        ("2026-01-04", {}, (date(2026, 1, 4), None, None)),
    ],
)
def test_odd_dates(judge: Judge, raw: str, options: dict[str, str], expected: tuple[object, ...]) -> None:
    assert judge("date", raw, **options) == expected


@pytest.mark.parametrize(
    ("raw", "options"),
    [
        ("2026-01-03 08:05:06", {}),
        ("2026-01-03T08:05:06", {}),
        ("2026-01-03T00:05:06Z", {}),
        ("2026-01-03 08:05:06+08", {}),
        ("2026-01-03T08:05:06+0800", {}),
        ("2026/1/3 8:05:06", {}),
        ("2026年1月3日8时5分6秒", {}),
        ("20260103080506", {}),
        ("1767398706", {}),
        ("1767398706000", {}),
        ("2026-01-03 00:05:06", {"zone": "UTC"}),
    ],
)
def test_one_moment_in_many_spellings(judge: Judge, raw: str, options: dict[str, str]) -> None:
    value, err, flag = judge("timestamp", raw, **options)
    assert (value.astimezone(UTC), err, flag) == (datetime(2026, 1, 3, 0, 5, 6, tzinfo=UTC), None, None)


def test_odd_moments(judge: Judge) -> None:
    assert judge("timestamp", "2026-13-03 08:00:00") == (None, "TIME-01", None)
    assert judge("timestamp", "2026-03-03 08:00:00")[2] == "TIME-02"


@pytest.mark.parametrize(
    ("element", "raw", "options", "expected"),
    [
        ("money_yuan", "￥1，234.50", {}, (Decimal("1234.50"), None, None)),
        ("money_yuan", "1,234,567", {}, (Decimal(1234567), None, None)),
        ("money_yuan", "5万元", {}, (Decimal(50000), None, "UNIT-02")),
        ("money_yuan", "5", {"unit": "万元"}, (Decimal(50000), None, None)),
        ("money_yuan", "9308859608552542", {}, (Decimal(9308859608552542), None, "UNIT-01")),
        ("money_yuan", "123456789.123456", {"unit": "万元"}, (Decimal("1234567891234.56"), None, "UNIT-01")),
        ("money_wan", "1亿元", {}, (Decimal(10000), None, "UNIT-02")),
        ("money_yuan", "-3", {}, (Decimal(-3), None, "NUM-02")),
        ("money_yuan", "五元", {}, (None, "NUM-01", None)),
        ("money_wan", "1000000", {"unit": "元"}, (Decimal(100), None, None)),
        ("money_wan", "1000000", {}, (Decimal(1000000), None, "UNIT-01")),
        ("money_wan", "0.123456", {}, (Decimal("0.123456"), None, None)),
        ("area_sqm", "3亩", {}, (Decimal(2000), None, "UNIT-02")),
        ("area_sqm", "1.5", {"unit": "公顷"}, (Decimal(15000), None, None)),
        ("area_sqm", "88㎡", {}, (Decimal(88), None, "UNIT-02")),
        ("quantity", "1,200人", {}, (1200, None, None)),
        ("quantity", "3.0", {}, (3, None, None)),
        ("quantity", "3.5", {}, (None, "NUM-03", None)),
        ("decimal", "1.2E+3", {}, (Decimal(1200), None, None)),
        ("decimal", "0x1F", {}, (None, "NUM-01", None)),
        ("boolean_flag", "是", {}, (True, None, None)),
        ("boolean_flag", "也许", {}, (None, "BOOL-01", None)),
        ("sex", "男", {}, ("1", None, None)),
        ("sex", "Ｆ", {}, ("2", None, None)),
        ("sex", "1.0", {}, ("1", None, None)),
        ("sex", "雄", {}, (None, None, "CODE-01")),
        ("ethnic", "汉", {}, ("01", None, None)),
        ("ethnic", "HA", {}, ("01", None, None)),
        ("ethnic", "1", {}, ("01", None, None)),
        ("education", "本科", {}, ("20", None, None)),
        ("market_type", "有限责任公司(自然人投资或控股)", {}, ("1130", None, None)),
        ("subject_kind", "法人及非法人组织", {}, ("1", None, None)),
        ("licence_kind", "其他-注明", {}, ("9", None, None)),
        ("currency", "CNY", {}, ("156", None, None)),
        ("industry_code", "3942", {}, ("C3942", None, None)),
        ("industry_code", "D3942", {}, (None, "IND-01", None)),
        ("industry_code", "98", {}, ("98", None, "IND-02")),
        ("icd10", "I219", {}, ("I21.9", None, None)),
        ("icd10", "i21.900", {}, ("I21.900", None, None)),
        ("icd10", "心脏病", {}, (None, None, "ICD-01")),
        ("phone", "+86 139-1234-5678", {}, ("13912345678", None, None)),
        ("phone", "（025）83712345转12", {}, ("025-83712345-12", None, None)),
        ("phone", "13800138000", {}, ("13800138000", None, "TEST-01")),
        ("phone", "八三七", {}, (None, None, "PHONE-01")),
        ("document_number", "苏市监处[2025] 12 号", {}, ("苏市监处〔2025〕12号", None, None)),
        ("postcode", "210008", {}, ("210008", None, None)),
    ],
)
def test_values(judge: Judge, element: str, raw: str, options: dict[str, str], expected: tuple[object, ...]) -> None:
    assert judge(element, raw, **options) == expected


@pytest.mark.parametrize(
    ("raw", "value", "err", "flag"),
    [
        ("王小明", "王小明", None, None),
        (" 王　小 明 ", "王小明", None, None),
        ("王•阿力", "王·阿力", None, "NAME-01"),
        ("王.阿力.买买提", "王·阿力·买买提", None, "NAME-01"),
        ("J. Smith", "J. Smith", None, None),
        ("张三丰（曾用名张君宝）", "张三丰", None, "NAME-04"),
        ("王\ue863", "王䶮", None, "ENC-02"),
        ("王\ue81e", "王龴", None, "ENC-02"),
        ("王□", "王□", None, "NAME-02"),
        ("王\u200b明", "王明", None, "TXT-01"),
        ("锟斤拷", "锟斤拷", "ENC-01", None),
        ("12345", "12345", "NAME-03", None),
        ("测试", "测试", None, "TEST-01"),
        ("张三", "张三", None, "TEST-02"),
    ],
)
def test_person_name(judge: Judge, raw: str, value: str, err: str | None, flag: str | None) -> None:
    assert judge("person_name", raw) == (value, err, flag)


def test_organization_name(con: duckdb.DuckDBPyConnection, judge: Judge) -> None:
    for raw in ("恒盛(南京)科技有限公司", " 恒盛［南京］科技 有限公司 ", "恒盛〔南京〕科技有限公司"):
        assert judge("organization_name", raw)[0] == "恒盛（南京）科技有限公司"
    assert judge("organization_name", "12")[1] == "ORGNAME-01"
    assert judge("organization_name", "测试公司")[2] == "TEST-01"
    assert judge("organization_name", "苏州芯片测试有限公司")[2] == "TEST-02"
    same = ["南京恒盛科技有限公司", "江苏恒盛科技股份有限公司", "恒盛（南京）科技有限责任公司"]
    assert {one(con, "name_core(?)", name) for name in same} == {"恒盛科技"}


def test_text(judge: Judge) -> None:
    assert judge("text", "ＡＢ㎡ ①…\u200b　x")[0] == "ABm2 1... x"
    assert judge("free_text", "联系电话13912345678。")[2] == "SEC-01"
    assert judge("text", "字" * 85)[2] == "TXT-02"
    assert judge("address_text", "江苏省 南京市玄武区　珠江路１号") == ("江苏省南京市玄武区珠江路1号", None, None)


BASIC_PLANE = "SELECT chr(i::INT) AS char FROM range(33, 65536) r(i) WHERE i NOT BETWEEN 55296 AND 57343"


def test_every_regular_character_is_its_own_nfkc(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute(f"SELECT char FROM ({BASIC_PLANE}) WHERE text_is_regular('a' || char || 'a')").fetchall()
    changed = [c for (c,) in rows if unicodedata.normalize("NFKC", c) != c or unicodedata.combining(c)]
    assert changed == []


def test_fold_text_is_nfkc(con: duckdb.DuckDBPyConnection) -> None:
    """Every character of the Basic Multilingual Plane that Unicode 14 has, hidden ones and spaces aside."""
    rows = con.execute(f"SELECT char, fold_text('a' || char || 'b') FROM ({BASIC_PLANE})").fetchall()
    hidden = {"Cc", "Cf", "Cn", "Zs", "Zl", "Zp", "Co"}
    wrong = [
        char
        for char, found in rows
        if unicodedata.category(char) not in hidden and not 0xFE00 <= ord(char) <= 0xFE0F
        if not 0x180B <= ord(char) <= 0x180F
        if found != " ".join(unicodedata.normalize("NFKC", f"a{char}b").split())
    ]
    assert wrong == []


MISSING = [
    *["-", "——", "/", "null", "NULL", "暂无", "待查", "N/A", "Ｎ／Ａ", "不详", "空", "#N/A"],
    "",
    " ",
    " 无 ",
    "\u3000",
    "\ufeff",
    "\r\n",
]


@pytest.mark.parametrize("raw", MISSING)
def test_missing(con: duckdb.DuckDBPyConnection, raw: str) -> None:
    assert one(con, "missing(?)", raw) is True


def test_not_missing(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "missing(NULL)") is True
    for raw in ("0", "无锡市", "空军", "王", "x" * 100):
        assert one(con, "missing(?)", raw) is False


def metres(lon: float, lat: float, to: tuple[float, float]) -> float:
    return hypot((lon - to[0]) * cos(radians(lat)), lat - to[1]) * 111_320


NANJING = (118.7969, 32.0603)


@pytest.mark.parametrize(
    ("lon", "lat", "datum"),
    [
        ("118.7969", "32.0603", "cgcs2000"),
        ("118.7969", "32.0603", "wgs84"),
        ("118.802084", "32.058224", "gcj02"),
        ("118.808504", "32.064583", "bd09"),
        ("40386386.09", "3549172.17", "gk_zone"),
        ("386386.09", "3549172.17", "gk_cm120"),
        ("3549172.17", "40386386.09", "gk_zone"),
        ("32.0603", "118.7969", "cgcs2000"),
        ("118°47′48.84″", "32°3′37.08″", "cgcs2000"),
        ("118°47'48.84\"", "北纬32度3分37.08秒", "cgcs2000"),
        ("118,7969", "32,0603", "cgcs2000"),
    ],
)
def test_one_point_in_many_systems(judge: Judge, lon: str, lat: str, datum: str) -> None:
    east, err_east, _ = judge("longitude", lon, datum=datum, paired_with=lat)
    north, err_north, _ = judge("latitude", lat, datum=datum, paired_with=lon)
    assert (err_east, err_north) == (None, None)
    assert metres(east, north, NANJING) < 1


def test_projection_agrees_with_the_published_vectors(con: duckdb.DuckDBPyConnection) -> None:
    zone_40 = one(con, "cgcs2000_to_gk(118.7969, 32.0603, 40)")
    assert (round(zone_40["x"], 2), round(zone_40["y"], 2)) == (40386386.09, 3549172.17)
    zone_39 = one(con, "cgcs2000_to_gk(118.7969, 32.0603, 39)")
    assert (round(zone_39["x"], 2), round(zone_39["y"], 2)) == (39669695.74, 3549951.71)


@pytest.mark.parametrize("lon", [116.4, 118.0, 119.5, 121.9])
@pytest.mark.parametrize("lat", [30.8, 32.5, 35.1])
def test_transformations_are_inverses(con: duckdb.DuckDBPyConnection, lon: float, lat: float) -> None:
    for there, back in (
        ("cgcs2000_to_gk(?, ?, 40)", "gk_to_cgcs2000(?, ?)"),
        ("cgcs2000_to_gcj02(?, ?)", "gcj02_to_cgcs2000(?, ?)"),
        ("gcj02_to_bd09(?, ?)", "bd09_to_gcj02(?, ?)"),
    ):
        moved = tuple(one(con, there, lon, lat).values())
        found = one(con, back, *moved)
        # Baidu's own inverse is only good to some decimetres.
        assert metres(found["lon"], found["lat"], (lon, lat)) < (1 if "bd09" in back else 0.001)


@pytest.mark.parametrize(
    ("lon", "other", "err", "flag"),
    [
        ("118.7969", "32.0603", None, None),
        ("32.0603", "118.7969", None, "GEO-08"),
        ("118", "32", None, "GEO-05"),
        ("118.79", "32.06", None, "GEO-06"),
        ("0", "0", None, "GEO-05"),
        ("114.05", "22.54", "GEO-02", None),
        ("经度", "32", "GEO-01", None),
    ],
)
def test_doubtful_points(judge: Judge, lon: str, other: str, err: str | None, flag: str | None) -> None:
    assert judge("longitude", lon, paired_with=other)[1:] == (err, flag)


def test_a_point_moved_out_of_range_is_no_point(judge: Judge) -> None:
    assert judge("longitude", "73", datum="gcj02", paired_with="32.5") == (None, "GEO-01", None)


def test_masks(con: duckdb.DuckDBPyConnection) -> None:
    shown = {
        "name('张三丰')": "张**",
        "name('张三')": "张*",
        "citizen_id('320102199003074018')": "3201**********4018",
        "phone('13812341234')": "138****1234",
        "address('江苏省南京市玄武区梅园新村街道大影壁社区1号')": "江苏省南京市玄武区梅园新村街道大影壁社区****",
        "address('江苏省南京市玄武区珠江路1号')": "江苏省南京市玄武区****",
        "address('珠江路1号')": "****",
        "number('123456789')": "12*****89",
        "number(118.7969)": "11****69",
        "number('123')": "***",
        "none(5)": 5,
        "name(NULL)": None,
        "address(NULL)": None,
    }
    assert {call: one(con, f"mask_{call}") for call in shown} == shown
