"""The generated rows of a population register, in SQL: seeded, repeatable, with valid check digits and known faults.

A row is a function of (person, version), so any day of any size can be made again. 13 columns, about 200 bytes a row;
1/64 of the rows each is padded with spaces, written full-width, or has a wrong check digit in its citizen number.
Loading the rows anywhere is town.py's.
"""

from datetime import date

from govpipes.sql import literal

SEED = 20260105
COLUMNS = ("rybh", "gmsfhm", "xm", "xb", "mz", "csrq", "ssxq", "hkdz", "jzdz", "lxdh", "dwdm", "hyzk", "gxsj")
"""Number in the register, citizen number, name, sex, ethnic group, birth date, county, address of registration and of
residence, telephone, employer's USCC, marital status, time of the last change."""

NEW_SHARE, TWICE_SHARE = 5, 256
"""A day of n rows has n / NEW_SHARE new persons; n / TWICE_SHARE of its persons change twice on the day."""

_STRIDE = 1_000_003
_COUNTIES = (
    "320102 320104 320105 320106 320111 320113 320114 320115 320116 320117 320118 320205 320206 320211 "
    "320213 320214 320281 320282 320302 320303 320305 320311 320312 320321 320322 320324 320381 320382 "
    "320402 320404 320411 320412 320413 320481 320505 320506 320507 320508 320509 320581 "
)
"""Codes of counties of today (GB/T 2260)."""
_BIRTH_COUNTIES = "320102 320104 320105 320106 320111 320113 320302 320303 320305 320402 320404"
"""Those of them that there were at every birth: a number keeps the code of where its person was first registered."""
_SURNAMES = list("王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡")
_GIVEN = list("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红健波宁飞鑫浩宇轩子涵欣怡")
_ROADS = ["山东路", "解放路", "人民路", "建设路", "中山路", "和平街", "新华街", "长江路", "太湖大道", "珠江路"]
_ALPHABET = list("0123456789ABCDEFGHJKLMNPQRTUWXY")

_MIX = """
CREATE OR REPLACE TEMP MACRO mix(i, salt) AS CAST(hash(i, salt, {seed}) >> 1 AS BIGINT);
CREATE OR REPLACE TEMP MACRO pick(list, i, salt) AS list[1 + mix(i, salt) % len(list)];
"""

_PEOPLE = """
WITH numbered AS (
    SELECT i, v, changed,
        -- a citizen number is a place in birth counties × days × sequences, walked with a stride prime to their number
        (i * {stride}) % ({births} * 29000 * 999::BIGINT) AS place,
        mix(i + 7919 * v, 'quirk') % 64 AS quirk, mix(i + 7919 * v, 'version') AS h
    FROM ({persons})
), bodies AS (
    SELECT *, {birth_regions}[1 + place % {births}] AS birth_county, pick({regions}, i, 'county') AS county,
        DATE '1940-01-01' + CAST(place // {births} % 29000 AS INTEGER) AS born,
        1 + place // ({births} * 29000) AS seq
    FROM numbered
), numbers AS (
    SELECT *, birth_county || strftime(born, '%Y%m%d') || lpad(seq::VARCHAR, 3, '0') AS body,
        {alphabet}[1 + h % 31] || lpad((h // 31 % 100000)::VARCHAR, 5, '0') AS unit
    FROM bodies
), checked AS (
    SELECT *, citizen_id_check_of(CAST(body AS BIGINT)) AS digit,
        '91' || county || CASE WHEN h % 2 = 0 THEN 'MA' ELSE lpad((h % 97)::VARCHAR, 2, '0') END || unit AS employer
    FROM numbers
), written AS (
    SELECT *,
        body || CASE WHEN quirk = 2 THEN substr('10X98765432', strpos('0X987654321', digit), 1) ELSE digit END AS id,
        pick({surnames}, i, 'surname') || pick({given}, i, 'first')
            || CASE WHEN i % 5 < 4 THEN pick({given}, i, 'second') ELSE '' END AS name,
        '江苏省' || pick({roads}, i, 'road') || (1 + mix(i, 'house') % 999)::VARCHAR || '号'
            || (1 + mix(i, 'room') % 30)::VARCHAR || '幢' || (101 + h % 1900)::VARCHAR || '室' AS home,
        '江苏省' || pick({roads}, h, 'road') || (1 + h % 999)::VARCHAR || '号' || (101 + h % 1500)::VARCHAR || '室'
            AS lives,
        '1' || (30 + h % 70)::VARCHAR || lpad((h // 70 % 100000000)::VARCHAR, 8, '0') AS phone,
        employer || organization_code_check(substr(employer, 9, 8)) AS body17
    FROM checked
)
SELECT
    'R' || lpad(i::VARCHAR, 11, '0') AS rybh,
    CASE quirk WHEN 0 THEN ' ' || id || '  ' WHEN 1 THEN {full_width_id} ELSE id END AS gmsfhm,
    CASE quirk WHEN 0 THEN name || '  ' ELSE name END AS xm,
    CASE WHEN seq % 2 = 1 THEN '1' ELSE '2' END AS xb,
    lpad((CASE WHEN h % 20 = 0 THEN 1 + h // 20 % 56 ELSE 1 END)::VARCHAR, 2, '0') AS mz,
    strftime(born, '%Y%m%d') AS csrq,
    county AS ssxq,
    CASE quirk WHEN 0 THEN ' ' || home ELSE home END AS hkdz,
    lives AS jzdz,
    CASE quirk WHEN 1 THEN {full_width_phone} ELSE phone END AS lxdh,
    CASE WHEN h % 3 > 0 THEN body17 || uscc_check(body17) END AS dwdm,
    CASE h // 3 % 4 WHEN 0 THEN '10' WHEN 1 THEN '20' WHEN 2 THEN '30' ELSE '40' END AS hyzk,
    changed AS gxsj
FROM written
"""


def macros_sql() -> str:
    """The generator's own macros; it also needs the standards installed."""
    return _MIX.format(seed=SEED)


def stock_sql(first: int, end: int, until: date) -> str:
    """The register before the days: persons `first` to `end` once each, changed in the 300 days before `until`."""
    moment = f"CAST({literal(until)} AS TIMESTAMP) - to_seconds(1 + mix(i, 'stock') % (300 * 86400))"
    return _rows(f"SELECT i, 0 AS v, {moment} AS changed FROM range({first}, {end}) r(i)")


def day_sql(persons: int, rows: int, day: date, number: int) -> str:
    """A day's changes, `rows` in all: known persons spread over the whole register, and new ones.

    persons: how many the stock has; number: which day it is, from 1.
    """
    twice, new = rows // TWICE_SHARE, rows // NEW_SHARE
    known = rows - twice - new
    changed = f"CAST({literal(day)} AS TIMESTAMP) + to_microseconds(1 + mix(j, 'time{number}') % 86399000000)"
    chosen = (
        # a stride without a common divisor visits each person once
        f"SELECT j, (j * {_STRIDE} + {number} * 7919) % {persons} AS i FROM range({known}) r(j) UNION ALL "
        f"SELECT j + {known}, {persons} + {(number - 1) * new} + j FROM range({new}) r(j)"
    )
    once = f"SELECT i, {number} * 2 AS v, {changed} AS changed FROM ({chosen})"
    again = f"SELECT i, {number} * 2 - 1, {changed} - to_seconds(1) FROM ({chosen}) WHERE j < {twice}"
    return _rows(f"{once} UNION ALL {again}")


def _rows(persons: str) -> str:
    wide = "translate({}, '0123456789X', '０１２３４５６７８９Ｘ')"
    return _PEOPLE.format(
        persons=persons,
        stride=_STRIDE,
        births=len(_BIRTH_COUNTIES.split()),
        birth_regions=_list(_BIRTH_COUNTIES.split()),
        regions=_list(_COUNTIES.split()),
        alphabet=_list(_ALPHABET),
        surnames=_list(_SURNAMES),
        given=_list(_GIVEN),
        roads=_list(_ROADS),
        full_width_id=wide.format("id"),
        full_width_phone=wide.format("phone"),
    )


def _list(values: list[str]) -> str:
    return "[" + ", ".join(literal(value) for value in values) + "]"
