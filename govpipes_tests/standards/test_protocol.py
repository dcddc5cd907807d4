"""What every element promises: its macros exist, never raise, are idempotent, and give only known reasons."""

import re
from pathlib import Path

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from govpipes.errors import CatalogueError
from govpipes.pipeline.standardize_sql import OTHER_DATUM
from govpipes.standards import ELEMENTS, MASKS, REASONS, fingerprint, install
from govpipes.standards.install import SQL_FILES, _sql

# Text as departments write it, good and bad, and any text at all.
SAMPLES = [
    "320102199003074018",
    "32010219900307401x",
    "320106840101001",
    "USA320190010112",
    "91320102MA1MK2XQ63",
    "D2143569-X",
    "440301103097413",
    "1990-3-7",
    "1990年3月7日",
    "07-MAR-90",
    "民国79年3月7日",
    "32939",
    "9999-12-31",
    "99999999999999",
    "20260103080506",
    "2026-01-03T08:00:00Z",
    "118°47′48″",
    "118,7969",
    "40386386.09",
    "3549172.17",
    "1.2E+3",
    "1E99",
    "-0",
    "￥1,234.50",
    "5万元",
    "3亩",
    "½",
    "①",
    "Ⅻ",
    "㎡",
    "ｶﾞ",
    "320602",
    "320102002005",
    "玄武区",
    "I21.900",
    "C3942",
    "张三丰（曾用名张君宝）",
    "王•阿力",
    "\ue863",
    "�",
    "025-83712345",
    "+8613912345678",
    "是",
    "0",
    "1",
    "男",
    "²",
    "٣",
    "１２",
]
texts = st.one_of(
    st.sampled_from(SAMPLES),
    st.text(max_size=25),
    st.text("0123456789Xx.-/ :年月日万元°′″ＡＺ０９（）()·•　\u200b\u0301+E,", max_size=22),
    st.from_regex(r"[0-9]{1,20}", fullmatch=True),
    st.tuples(st.sampled_from(SAMPLES), st.text(max_size=3)).map("".join),
)


def option_sets(name: str) -> list[dict[str, str]]:
    """The defaults, and every value of every option."""
    options = ELEMENTS[name].options
    return [{}, *({option: value} for option, values in options.items() for value in values or ())]


def call(name: str, options: dict[str, str]) -> str:
    element = ELEMENTS[name]
    given = "".join(f", {element.parameter(option)} := '{value}'" for option, value in options.items())
    return given + (", other := other" if element.column_options else "")


@pytest.mark.parametrize("name", sorted(ELEMENTS))
@given(raws=st.lists(texts, min_size=1, max_size=40))
@settings(max_examples=12, deadline=None)
def test_any_text(con: duckdb.DuckDBPyConnection, name: str, raws: list[str]) -> None:
    """Never raises; has the declared type; gives known reasons; standardizing again changes nothing."""
    element = ELEMENTS[name]
    values = [raw.replace("\x00", "") for raw in raws] + SAMPLES
    create = "CREATE OR REPLACE TEMP TABLE arbitrary AS SELECT unnest(?::VARCHAR[]) AS raw, '32.5' AS other"
    con.execute(create, [values])
    for options in option_sets(name):
        given_options = call(name, options)
        rows = con.execute(
            f"""SELECT raw, value::VARCHAR, std_{name}(value::VARCHAR)::VARCHAR, typeof(value), missing(raw),
            err_{name}(raw, value{given_options}), flag_{name}(raw, value, DATE '2026-01-03'{given_options}),
            mask_{element.mask}(value)
            FROM (SELECT raw, other, std_{name}(raw{given_options}) AS value FROM arbitrary)"""
        ).fetchall()
        for raw, value, again, kind, _, err, flag, _ in rows:
            assert kind == element.sql_type
            assert again == value, raw
            assert err is None or REASONS[err].severity == "E", raw
            assert flag is None or REASONS[flag].severity in "WI" or err is not None, raw


@pytest.mark.parametrize("name", sorted(ELEMENTS))
def test_null(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """A constant NULL is bound and standardized like a NULL in a column."""
    raw, value = "NULL::VARCHAR", f"std_{name}(NULL::VARCHAR)"
    sql = f"SELECT {value}, mask_{ELEMENTS[name].mask}({value}), missing({raw})"
    assert con.execute(sql).fetchone() == (None, None, True)
    con.execute(f"SELECT err_{name}({raw}, {value}), flag_{name}({raw}, {value}, DATE '2026-01-03')")


def test_the_table_of_elements_is_complete() -> None:
    for name, element in ELEMENTS.items():
        assert element.name == name
        assert element.mask in MASKS
        assert element.sensitivity in (1, 2, 3, 4)
        assert set(element.column_options) <= set(element.options)


def test_every_reason_in_the_sql_is_explained_and_used() -> None:
    text = "".join(_sql(name) for name in (*SQL_FILES, "code_list") if name != "unicode")
    code = re.sub(r"--.*", "", text)
    used = set(re.findall(r"'([A-Z]{2,7}-\d\d)'", code))
    assert used | {OTHER_DATUM} == set(REASONS)  # that one is told of a whole batch
    for err in re.findall(r"MACRO err_\w+\(.*?(?=CREATE TEMP|\Z)", code, flags=re.S):
        assert {REASONS[c].severity for c in re.findall(r"'([A-Z]{2,7}-\d\d)'", err)} <= {"E"}, err


def test_every_code_list_is_described_and_read(con: duckdb.DuckDBPyConnection, codes_dir: Path) -> None:
    described = yaml.safe_load((codes_dir / "_lists.yaml").read_text(encoding="utf-8"))
    assert sorted(described) == sorted(path.stem for path in codes_dir.glob("*.csv"))
    assert {entry["verified"] for entry in described.values()} <= set("SVCM")
    for element in ELEMENTS.values():
        assert element.code_list is None or element.code_list in described
    rows = con.execute("SELECT list, code, name_zh FROM code_list").fetchall()
    for name, code, title in rows:
        if name in ELEMENTS and ELEMENTS[name].code_list == name:
            assert con.execute(f"SELECT std_{name}(?), std_{name}(?)", [code, title]).fetchone() == (code, code)


def test_fingerprint_follows_the_codes(codes_dir: Path, tmp_path: Path) -> None:
    for path in codes_dir.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert fingerprint(tmp_path) == fingerprint(codes_dir)
    with (tmp_path / "sex.csv").open("a", encoding="utf-8") as file:
        file.write("5,测试,x,\n")
    assert fingerprint(tmp_path) != fingerprint(codes_dir)


def test_broken_code_lists_are_named(codes_dir: Path, tmp_path: Path) -> None:
    for path in codes_dir.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "sex.csv").write_text("code,name_zh,name_en,aliases\n1,男,male,\n2,男,female,\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="'男' means both 1 and 2"):
        install(duckdb.connect(), tmp_path)
    (tmp_path / "sex.csv").write_text("code,name\n1,男\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="column name_zh, name_en, aliases is missing"):
        install(duckdb.connect(), tmp_path)
    (tmp_path / "sex.csv").unlink()
    with pytest.raises(CatalogueError, match=r"sex\.csv: the code list is missing"):
        install(duckdb.connect(), tmp_path)


def test_successors_that_lead_in_a_circle_are_named(codes_dir: Path, tmp_path: Path) -> None:
    for path in codes_dir.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    regions = (tmp_path / "region.csv").read_text(encoding="utf-8")
    circle = regions.replace("320104,秦淮区,3,320100,,,", "320104,秦淮区,3,320100,,2015-01-01,320103")
    assert circle != regions
    (tmp_path / "region.csv").write_text(circle, encoding="utf-8")
    with pytest.raises(CatalogueError, match="320103 lead in a circle: 320104 → 320103"):
        install(duckdb.connect(), tmp_path)


def test_installing_twice_and_beside_another_database(con: duckdb.DuckDBPyConnection, codes_dir: Path) -> None:
    install(con, codes_dir)
    con.execute("ATTACH ':memory:' AS lake; USE lake")
    try:
        assert con.execute("SELECT std_sex('男')").fetchone() == ("1",)
    finally:
        con.execute("USE memory; DETACH lake")


def test_what_is_missing_is_not_overlooked_by_its_first_character(con: duckdb.DuckDBPyConnection) -> None:
    """`missing` lets most values pass by their first character alone; every token must get further than that."""
    tokens = "SELECT unnest(string_split(missing_tokens(), '␟')) AS token"
    overlooked = con.execute(f"SELECT token FROM ({tokens}) WHERE NOT missing(token)").fetchall()
    assert overlooked == []
    assert con.execute(f"SELECT count(*) FROM ({tokens}) WHERE missing(token || '1')").fetchone() == (0,)
