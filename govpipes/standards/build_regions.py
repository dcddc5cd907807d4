"""Make `data/codes/region.csv` and `township.csv`: `python -m govpipes.standards.build_regions`.

They come from `data/reference/*.csv`; run it when those change, the result is committed. How the sources that
disagree were reconciled belongs here (DOMAIN.md §1.5), not how a region code is checked: that is `sql/region.sql`.

Intervals. The source says at which year-ends a code stood in the list, so a change is known by its year only. An
interval therefore includes the whole year in which it began and the whole year in which it ended; old and new codes
are both valid in the year of the change. `valid_to` is the first day after the interval, empty while current;
`valid_from` is empty for what stood in the first list (1980).

Successors. One code means the whole area lives on under it, several mean a split (no automatic mapping), none that
it is not known. The yearly comparison in `jiangsu_code_changes.csv` flattens splits and mistakes a reused code for
a renaming, so `CORRECTED` overrules it.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from govpipes.settings import ROOT

FIRST_LIST = 1980
HEADER = ("code", "name", "level", "parent", "valid_from", "valid_to", "successors")

# (code, last year-end) -> successors, where the change file is silent, flattened, or an artefact of comparing by code.
CORRECTED: dict[tuple[str, int], str] = {
    ("320205", 1999): "320211",  # 马山区 went to 滨湖区; 锡山区 took the free code
    ("320212", 1999): "320211",
    ("320222", 1994): "320283",  # 无锡县 became 锡山市
    ("320283", 1999): "320205;320206",  # 锡山市 was split into 锡山区 and 惠山区
    ("320304", 2009): "320302;320311;320312",  # 九里区 was divided among 鼓楼区, 泉山区 and 铜山区
    ("320325", 1991): "329019",  # 邳县 became 邳州市
    ("320403", 1985): "320402;320404",  # 广化区
    ("320511", 1999): "320505",  # 苏州郊区 became 虎丘区
    ("320521", 1985): "329004",  # 沙洲县 became 张家港市
    ("320586", 1999): "320506;320507",  # 吴县市 was split into 吴中区 and 相城区
    ("320602", 2019): "320613",
    ("320603", 1982): "",
    ("320611", 2019): "320613",
    ("320624", 1992): "329021",  # 南通县 became 通州市
    ("320683", 2008): "320612",
    (
        "320702",
        1982,
    ): "",  # 1980-85 the districts of 连云港 were renamed and their codes reused: not known which is which
    ("320702", 1985): "320705;320706",  # 新海区 was split into 新浦区 and 海州区
    ("320703", 1982): "",
    ("320704", 1982): "",
    ("320704", 2000): "320703;320705;320706",  # 云台区
    ("320705", 1982): "",
    ("320711", 1982): "",
    ("320881", 1995): "321302;321321",  # 宿迁市 (county level) became 宿城区 and 宿豫县
    ("320882", 1999): "320803",  # 淮安市 (county level) became 楚州区
    ("320911", 1995): "320928",  # 盐城郊区 became 盐都县
    ("321028", 1993): "329028",  # 泰县 became 姜堰市
    ("321082", 1995): "321202;321203",  # 泰州市 (county level) became 海陵区; 高港区 followed
    ("322201", 1982): "320802;320811",  # 清江市
    ("322326", 1982): "320902;320911",  # 盐城县
    ("322401", 1982): "321002;321011",  # 扬州市 (county level)
    ("322601", 1982): "321102;321111",  # 镇江市 (county level)
}

# Codes one source has and the other lacks; an identification number may carry either, so both are known.
ADDED = (("320212", "马山区", 1987, 1999),)

CITIES = ("南京", "无锡", "徐州", "常州", "苏州", "南通", "连云港")
PREFECTURES = ("徐州", "淮阴", "盐城", "扬州", "南通", "镇江", "苏州")

# Above the counties: (code, name, first year-end, last year-end or None while current).
WIDER: tuple[tuple[str, str, int, int | None], ...] = (
    ("320000", "江苏省", FIRST_LIST, None),
    ("320800", "淮阴市", 1983, 1999),
    ("320800", "淮安市", 2000, None),
    ("320900", "盐城市", 1983, None),
    ("321000", "扬州市", 1983, None),
    ("321100", "镇江市", 1983, None),
    ("321200", "泰州市", 1996, None),
    ("321300", "宿迁市", 1996, None),
    *((f"320{n}00", name + "市", FIRST_LIST, None) for n, name in enumerate(CITIES, 1)),
    *((f"322{n}00", name + "地区", FIRST_LIST, 1982) for n, name in enumerate(PREFECTURES, 1)),
)


def build(reference: Path, codes: Path) -> None:
    """Write `region.csv` and `township.csv` into `codes`."""
    rows = sorted({*_counties(reference), *_wider()})
    _write(codes / "region.csv", HEADER, rows)
    towns = [(row["code9"], row["name"], row["parent"]) for row in _read(reference / "jiangsu_townships.csv")]
    _write(codes / "township.csv", ("code", "name", "parent"), towns)


def _counties(reference: Path) -> Iterator[tuple[str, ...]]:
    changes = _changes(reference)
    known = [
        (row["code"], row["name"], int(row["first_yearend"]), int(row["last_yearend"]), row["current"] == "1")
        for row in _read(reference / "jiangsu_code_validity.csv")
    ]
    for code, name, first, last, current in [*known, *((*added, False) for added in ADDED)]:
        if code.endswith("00"):
            continue
        end = None if current else last
        renamed = any(c == code and f == last + 1 for c, _, f, _, _ in known)
        successors = "" if current else CORRECTED.get((code, last), changes.get((code, last + 1), ""))
        if renamed and (code, last) not in CORRECTED:
            successors = ""  # the code lives on under the new name
        yield _row(code, name, "3", code[:4] + "00", first, end, successors)


def _changes(reference: Path) -> dict[tuple[str, int], str]:
    rows = _read(reference / "jiangsu_code_changes.csv")
    return {
        (row["old_code"], int(row["year"])): row["new_code"]
        for row in rows
        if row["old_code"].startswith("32") and row["new_code"].startswith("32")
        if row["old_code"] != row["new_code"] and not row["new_code"].endswith("00")
    }


def _wider() -> Iterator[tuple[str, ...]]:
    for code, name, first, last in WIDER:
        top = code.endswith("0000")
        yield _row(code, name, "1" if top else "2", "" if top else "320000", first, last, "")


def _row(
    code: str, name: str, level: str, parent: str, first: int, last: int | None, successors: str
) -> tuple[str, ...]:
    valid_from = "" if first <= FIRST_LIST else f"{first}-01-01"
    valid_to = "" if last is None else f"{last + 2}-01-01"
    return code, name, level, parent, valid_from, valid_to, successors


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "data"
    build(data / "reference", data / "codes")
