"""E-certificate identifiers, building codes and statistical periods: vectors, spellings, and what cannot be either."""

from datetime import date

import duckdb
import pytest
from stdnum.iso7064 import mod_37_36

from .conftest import Judge
from .test_identifiers import one

ROOT = "1.2.156.3005.2."


TYPES = ("11100000MB00000011001", "11100000000000002A050")


@pytest.mark.parametrize(("kind", "organ"), [*zip(TYPES, ("320100", "11320000MB0000003X"), strict=True)])
@pytest.mark.parametrize("number", ["000000016", "2025052201", "YS3201020000007"])
@pytest.mark.parametrize("version", ["001", "002"])
def test_certificate_identifiers(
    judge: Judge, con: duckdb.DuckDBPyConnection, kind: str, organ: str, number: str, version: str
) -> None:
    """Of no real certificate; the check is that of python-stdnum."""
    check = mod_37_36.calc_check_digit(kind + organ + number + version)
    assert one(con, "certificate_identifier_check(?)", kind + organ + number + version) == check
    identifier = f"{ROOT}{kind}.{organ}.{number}.{version}.{check}"
    for raw in (identifier, f" {identifier.lower()}"):
        assert judge("certificate_identifier", raw) == (identifier, None, None)


def test_certificate_identifiers_that_are_none(judge: Judge) -> None:
    body = f"{TYPES[0]}.320100.000000016.001"
    right = mod_37_36.calc_check_digit(body.replace(".", ""))
    wrong = f"{ROOT}{body}.{'1' if right == '0' else '0'}"
    assert judge("certificate_identifier", wrong) == (wrong, None, "ECERT-02")
    for raw in ("苏字第1号", wrong[:-2], wrong.replace("3005", "3006"), wrong.replace("11001.", "1100.")):
        assert judge("certificate_identifier", raw) == (None, "ECERT-01", None)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("320102001001GB000010012", "320102001001GB000010012"),
        (" ３２０１０２001001gb00001 12", "320102001001GB000010012"),
        ("320102001001GB000010", "320102001001GB000010000"),
        ("B32010200100100017", "B32010200100100017"),
    ],
)
def test_one_building_code_with_and_without_its_zeros(judge: Judge, raw: str, value: str) -> None:
    """The parcel is the example of GB/T 37346-2019 in DOMAIN §1.11."""
    assert judge("building_code", raw) == (value, None, None)


@pytest.mark.parametrize(
    "raw", ["320102001001GB00001", "320102001001XB000010012", "320102001001GB0000100123", "B3201020010010001", "3幢"]
)
def test_what_is_no_building_code(judge: Judge, raw: str) -> None:
    assert judge("building_code", raw) == (None, "BDC-01", None)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("2024", "2024"),
        ("2024年", "2024"),
        ("２０２４年度", "2024"),
        ("2024.0", "2024"),
        ("2024Q1", "2024Q1"),
        ("2024-q3", "2024Q3"),
        ("2024年一季度", "2024Q1"),
        ("2024年第4季度", "2024Q4"),
        ("2024-01", "2024-01"),
        ("2024/1", "2024-01"),
        ("202412", "2024-12"),
        ("2024年1月", "2024-01"),
        ("2024 年 10 月份", "2024-10"),
    ],
)
def test_one_period_in_many_spellings(judge: Judge, raw: str, value: str) -> None:
    assert judge("statistical_period", raw) == (value, None, None)


@pytest.mark.parametrize("raw", ["2024.1", "2024Q5", "2024-13", "20241", "1824", "去年", "2024-01-01"])
def test_what_is_no_period(judge: Judge, raw: str) -> None:
    assert judge("statistical_period", raw) == (None, "PERIOD-01", None)
    if raw != "2024-01-01":  # a day is no period, and the last one of some
        assert judge("period_end", raw) == (None, "PERIOD-01", None)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024Q4", date(2024, 10, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
    ],
)
def test_the_days_of_a_period(
    judge: Judge, con: duckdb.DuckDBPyConnection, period: str, first: date, last: date
) -> None:
    assert one(con, "period_start(?)", period) == first
    for raw in (period, str(last)):
        assert judge("period_end", raw) == (last, None, None)


@pytest.mark.parametrize(
    ("code", "period", "flag"),
    [
        ("320103", "2012", None),  # 白下区, merged into 320104 in 2013
        ("320103", "2012年四季度", None),
        ("320103", "2016-01", "REG-02"),
        ("320116", "1990", "REG-03"),  # 六合区, of 2002
        ("320104", "2024", None),
        ("320104", "去年", None),
    ],
)
def test_a_division_code_is_right_in_its_time(
    con: duckdb.DuckDBPyConnection, code: str, period: str, flag: str | None
) -> None:
    days = "DATE '2026-01-03'"
    assert one(con, "std_region_code_of_period(?)", code) == code
    assert one(con, f"flag_region_code_of_period($1, $1, {days}, other := $2)", code, period) == flag


@pytest.mark.parametrize(
    ("element", "raw", "value"),
    [
        ("certificate_status", "有效", "1"),
        ("certificate_status", "吊销", "3"),
        ("holder_kind", "个人", "1"),
        ("statistical_frequency", "季报", "Q"),
        ("region_level", "设区市", "2"),
        ("observation_status", "初步核算数", "1"),
        ("building_structure", "砖混", "4"),
        ("building_status", "拆除", "4"),
        ("fulfilment", "已兑现", "1"),
        ("fulfilment", "违约", "2"),
    ],
)
def test_codes_by_name(judge: Judge, element: str, raw: str, value: str) -> None:
    assert judge(element, raw) == (value, None, None)
