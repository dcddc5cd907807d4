"""Citizen and organization identifiers: the vectors of DOMAIN.md §1.1-1.4 and properties of the check characters."""

from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc
from stdnum.iso7064 import mod_11_2, mod_11_10

from .conftest import Judge

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def one(con: duckdb.DuckDBPyConnection, sql: str, *values: object) -> Any:
    row = con.execute(f"SELECT {sql}", list(values)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("raw", "value", "err", "flag"),
    [
        ("11010519491231002X", "11010519491231002X", None, None),
        ("440524188001010014", "440524188001010014", None, None),
        ("320102199003074018", "320102199003074018", None, None),
        ("320602198506151022", "320602198506151022", None, None),
        ("320613202010050031", "320613202010050031", None, None),
        ("320613201010050037", "320613201010050037", None, "ID-05"),
        ("810000199001010019", "810000199001010019", None, None),
        ("830000198505050021", "830000198505050021", None, None),
        ("932840198001010018", "932840198001010018", None, None),
        ("USA320190010112", "USA320190010112", None, None),
        ("320106840101001", "320106198401010010", None, "ID-11"),
        ("11010519491231002x", "11010519491231002X", None, "ID-12"),
        ("11010519491231002ｘ", "11010519491231002X", None, "ID-12"),
        ("11010519491231002Ⅹ", "11010519491231002X", None, "ID-12"),
        ("11010519491231002Х", "11010519491231002X", None, "ID-12"),
        ("11010519491231002*", "11010519491231002X", None, "ID-12"),
        ("３２０１０２１９９００３０７４０１８", "320102199003074018", None, "ID-12"),
        (" 320102 19900307 4018 ", "320102199003074018", None, "ID-12"),
        ("'320102199003074018", "320102199003074018", None, "ID-12"),
        ("\u200b320102199003074018\ufeff", "320102199003074018", None, "ID-12"),
        ("320102199003074081", "320102199003074081", "ID-02", None),
        ("320102199002304018", "320102199002304018", "ID-03", None),
        ("320102199003074000", "320102199003074000", "ID-09", None),
        ("3.20102199003074E+17", None, "ID-09", None),
        ("111111111111111111", "111111111111111111", "ID-10", None),
        ("12345619900101123X", "12345619900101123X", "ID-10", None),
        ("111111190001010017", "111111190001010017", "ID-10", None),
        ("000000199001010000", None, "ID-10", None),
        ("3201021990030740", None, "ID-01", None),
        ("E12345678", None, "ID-01", None),
        ("320102203001010018", "320102203001010018", None, "ID-13"),
    ],
)
def test_citizen_id(judge: Judge, raw: str, value: str | None, err: str | None, flag: str | None) -> None:
    if flag == "ID-13":  # a future birth: the check character is right
        raw = value = "32010220300101001" + mod_11_2.calc_check_digit("32010220300101001")
    assert judge("citizen_id", raw) == (value, err, flag)


def test_parts_of_a_citizen_id(con: duckdb.DuckDBPyConnection) -> None:
    parts = "citizen_id_birth(?)::VARCHAR || citizen_id_sex(?) || citizen_id_region(?)"
    assert one(con, parts, *["320102199003074018"] * 3) == "1990-03-071320102"
    assert one(con, "upgrade_citizen_id('320106840101001')") == "320106198401010010"
    assert one(con, "upgrade_citizen_id('320106010101998')")[6:10] == "1801"


bodies = st.from_regex(r"[1-8][0-9]{16}", fullmatch=True)


@given(body=bodies)
@settings(max_examples=200, deadline=None)
def test_mod_11_2_agrees_with_stdnum(con: duckdb.DuckDBPyConnection, body: str) -> None:
    assert one(con, "citizen_id_check(?)", body) == mod_11_2.calc_check_digit(body)


@given(body=bodies, place=st.integers(0, 16), other=st.sampled_from("0123456789"))
@settings(max_examples=100, deadline=None)
def test_mod_11_2_detects_one_wrong_digit_and_every_transposition(
    con: duckdb.DuckDBPyConnection, body: str, place: int, other: str
) -> None:
    check = one(con, "citizen_id_check(?)", body)
    wrong = body[:place] + other + body[place + 1 :]
    assert (one(con, "citizen_id_check(?)", wrong) == check) == (wrong == body)
    if place < 16:
        swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
        assert (one(con, "citizen_id_check(?)", swapped) == check) == (swapped == body)


@given(born=st.dates(min_value=date(1900, 1, 1), max_value=date(1999, 12, 31)), serial=st.integers(1, 995))
@settings(max_examples=50, deadline=None)
def test_15_digits_upgrade_to_the_18_they_were_cut_from(judge: Judge, born: Any, serial: int) -> None:
    body = f"320102{born:%Y%m%d}{serial:03d}"
    full = body + mod_11_2.calc_check_digit(body)
    assert judge("citizen_id", full[:6] + full[8:17])[0] == full


@pytest.mark.parametrize(
    "raw",
    [
        "91110000600037341L",
        "91330100799655058B",
        "914403001922038216",
        "91320102MA1MK2XQ63",
        "1132000001400001XX",
        "52320500509100573T",
        "92320583MA1N8P6T7N",
        "93320922MA1P3R7U1B",
        "N2320681MF0123451W",
        "Y1320000MB0Q12347E",
    ],
)
def test_valid_uscc(judge: Judge, raw: str) -> None:
    assert judge("uscc", raw) == (raw, None, None)
    assert judge("uscc", f" {raw[:8].lower()}-{raw[8:]} ") == (raw, None, "USCC-10")


@pytest.mark.parametrize(
    ("raw", "err", "flag"),
    [
        ("91320102MA1MK2XQ64", "USCC-03", None),
        ("91320102MA1MK2XQ6O", "USCC-02", None),
        ("9132010MA1MK2XQ63", "USCC-02", None),
        ("91320594MA1MK2XQ6", "USCC-02", None),
    ],
)
def test_invalid_uscc(judge: Judge, raw: str, err: str, flag: str | None) -> None:
    assert judge("uscc", raw)[1:] == (err, flag)


@pytest.mark.parametrize(
    ("body", "flag"),
    [
        ("91329999MA1MK2XQ6", "USCC-06"),
        ("91320594MA1MK2XQ6", None),
        ("98320102MA1MK2XQ6", "USCC-05"),
        ("91320102MA1MK2XQ7", "USCC-04"),
    ],
)
def test_odd_but_valid_uscc(con: duckdb.DuckDBPyConnection, judge: Judge, body: str, flag: str | None) -> None:
    assert judge("uscc", body + one(con, "uscc_check(?)", body))[1:] == (None, flag)


@given(
    body=st.tuples(st.from_regex(r"[0-9]{8}", fullmatch=True), st.text(ALPHABET, min_size=9, max_size=9)).map("".join)
)
@settings(max_examples=150, deadline=None)
def test_uscc_check_agrees_with_stdnum(con: duckdb.DuckDBPyConnection, body: str) -> None:
    assert one(con, "uscc_check(?)", body) == stdnum_uscc.calc_check_digit(body)


def test_organization_code(con: duckdb.DuckDBPyConnection, judge: Judge) -> None:
    assert judge("organization_code", "D2143569-X") == ("D2143569X", None, None)
    assert judge("organization_code", "D21435691") == ("D21435691", "ORG-02", None)
    assert judge("organization_code", "D214356") == (None, "ORG-01", None)
    assert one(con, "organization_code_of_uscc('91110000600037341L')") == "600037341"


@pytest.mark.parametrize(
    ("raw", "value", "err", "flag"),
    [
        ("440301103097413", "440301103097413", None, None),
        ("440301103448669", "440301103448669", None, None),
        ("330100400013364", "330100400013364", None, None),
        ("110000450027364", "110000450027364", None, None),
        ("440301103097414", "440301103097414", None, "REGNO-02"),
        ("3201021234567", "3201021234567", None, "REGNO-03"),
        ("企独苏宁总字第 012345 号", "企独苏宁总字第012345号", None, "REGNO-04"),
        ("4403011030", None, "REGNO-01", None),
    ],
)
def test_registration_number(judge: Judge, raw: str, value: str | None, err: str | None, flag: str | None) -> None:
    assert judge("registration_number", raw) == (value, err, flag)


@given(body=st.from_regex(r"[0-9]{14}", fullmatch=True))
@settings(max_examples=50, deadline=None)
def test_mod_11_10_agrees_with_stdnum(con: duckdb.DuckDBPyConnection, body: str) -> None:
    assert one(con, "registration_number_check(?)", body) == mod_11_10.calc_check_digit(body)


def test_tax_number(judge: Judge) -> None:
    assert judge("tax_number", "91110000600037341L") == ("91110000600037341L", None, None)
    assert judge("tax_number", "320102600037341") == ("320102600037341", None, "TAX-03")
    assert judge("tax_number", "320102600037342") == ("320102600037342", None, "TAX-04")
    assert judge("tax_number", "32010219900307401801") == ("32010219900307401801", None, None)
    assert judge("tax_number", "91110000600037341M")[1] == "TAX-02"
    # its last digit is a citizen's number's check digit, by chance
    assert judge("tax_number", "923201159553911391")[1] == "TAX-02"
    assert judge("tax_number", "12")[1] == "TAX-01"


def test_organization_key(con: duckdb.DuckDBPyConnection) -> None:
    key = "organization_key(?, ?, ?)"
    assert one(con, key, "91110000600037341L", None, None) == "600037341"
    assert one(con, key, "320102600037341", None, None) == "600037341"
    assert one(con, key, None, "600037341", "440301103097413") == "600037341"
    assert one(con, key, None, None, "440301103097413") == "R440301103097413"
    assert one(con, key, None, None, None) is None
