"""Loading the macros and code lists into a DuckDB connection.

Only loading belongs here. The rules are SQL in `sql/`, the codes are in `data/codes/`.
"""

import csv
import hashlib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import duckdb

from govpipes.errors import CatalogueError
from govpipes.sql import ident, literal
from govpipes.standards.elements import ELEMENTS
from govpipes.standards.reasons import REASONS

# In the order they build on each other; unicode.sql is made by build_unicode.py.
SQL_FILES = (
    "unicode", "text", "region", "citizen", "organization", "time", "number", "geo", "address", "classified",
    "statistics", "masks",
)  # fmt: skip
# Lists with columns of their own.
SPECIAL_LISTS = ("region", "township")
SEPARATOR = "\x1f"


def install(con: duckdb.DuckDBPyConnection, codes_dir: Path) -> None:
    """Create every macro of the standards as TEMP macros, and the temporary views `code_list` and `region`.

    Temporary, so that they are found whatever database is in use, and disappear with the connection; a cursor of
    the connection is a connection of its own. Takes about 0.15 s; doing it again on one connection changes nothing.

    con: an open DuckDB connection (ICU is built in).
    codes_dir: the folder with `<list>.csv`.
    Raises CatalogueError when a code list is missing or malformed.
    """
    con.execute(_script(_stamp(codes_dir)))


def fingerprint(codes_dir: Path) -> str:
    """SHA-256 over all macro SQL, code lists, elements and reasons: changes when any standardized value may change.

    Raises CatalogueError when a code list is missing.
    """
    digest = hashlib.sha256()
    for name in (*SQL_FILES, "code_list"):
        digest.update(_sql(name).encode())
    for path in sorted(_lists(codes_dir).values()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    tables = {
        "elements": {name: asdict(element) for name, element in ELEMENTS.items()},
        "reasons": {code: asdict(reason) for code, reason in REASONS.items()},
    }
    digest.update(json.dumps(tables, ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()


Stamp = tuple[tuple[Path, int, int], ...]


def _stamp(codes_dir: Path) -> Stamp:
    stats = ((path, path.stat()) for path in sorted(_lists(codes_dir).values()))
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)


@lru_cache(maxsize=4)
def _script(stamp: Stamp) -> str:
    """All statements, made once per state of the code lists."""
    lists = {path.stem: path for path, _, _ in stamp}
    parts = [*_constants(lists), *(_sql(name) for name in SQL_FILES)]
    template = _sql("code_list")
    parts += [
        template.replace("{element}", element.name).replace("{list}", str(element.code_list))
        for element in ELEMENTS.values()
        if element.code_list and element.code_list not in SPECIAL_LISTS
    ]
    parts += _views(lists)
    return "\n".join(parts).replace("CREATE TEMP MACRO", "CREATE OR REPLACE TEMP MACRO")


def _sql(name: str) -> str:
    return (files("govpipes.standards") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _lists(codes_dir: Path) -> dict[str, Path]:
    found = {path.stem: path for path in codes_dir.glob("*.csv")}
    wanted = {element.code_list for element in ELEMENTS.values() if element.code_list}
    missing = sorted(wanted - set(found))
    if missing:
        raise CatalogueError(
            [f"{codes_dir / (name + '.csv')}: the code list is missing" for name in missing],
            next_step="restore data/codes from the repository, or set GOVPIPES_DATA",
        )
    return found


def _read(path: Path, *columns: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        absent = [column for column in columns if column not in (reader.fieldnames or ())]
        if absent:
            raise CatalogueError([f"{path}: column {', '.join(absent)} is missing"])
        return list(reader)


def folded(text: str) -> str:
    """What the macro fold_code makes of a code or name: NFKC, upper case, no spaces or quotes."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(char for char in plain if not char.isspace() and char not in "'\"`´‘’“”")


def _constants(lists: dict[str, Path]) -> Iterator[str]:
    yield f"CREATE TEMP MACRO ascii_blank() AS {literal(''.join(map(chr, (*range(1, 33), 127))))} || chr(0);"
    for name, path in sorted(lists.items()):
        if name not in SPECIAL_LISTS:
            keys = _keys(_read(path, "code", "name_zh", "name_en", "aliases"), path)
            yield _list_macro(f"code_keys_{name}", list(keys))
            yield _list_macro(f"code_values_{name}", list(keys.values()))
    sections = _read(lists["industry_section"], "code", "aliases")
    letters = {int(division): row["code"] for row in sections for division in row["aliases"].split(";")}
    divisions = "".join(letters.get(number, ".") for number in range(1, max(letters) + 1))
    yield f"CREATE TEMP MACRO industry_divisions() AS {literal(divisions)};"
    yield from _region_constants(lists)


def _keys(rows: list[dict[str, str]], path: Path) -> dict[str, str]:
    """Every spelling of every code, codes before names before aliases."""
    keys = {folded(row["code"]): row["code"] for row in rows}
    clashes = []
    for column in ("name_zh", "name_en", "aliases"):
        for row in rows:
            for spelling in filter(None, map(folded, row[column].split(";"))):
                if keys.setdefault(spelling, row["code"]) != row["code"]:
                    clashes.append(f"{path}: {spelling!r} means both {keys[spelling]} and {row['code']}")
    if clashes:
        raise CatalogueError(clashes, next_step="give each name and alias to one code of the list")
    return keys


def _list_macro(name: str, values: list[str]) -> str:
    return f"CREATE TEMP MACRO {name}() AS string_split({literal(SEPARATOR.join(values))}, chr(31));"


def _region_constants(lists: dict[str, Path]) -> Iterator[str]:
    rows = sorted(
        _read(lists["region"], "code", "name", "level", "parent", "valid_from", "valid_to", "successors"),
        key=lambda row: (row["code"], row["valid_from"]),
    )
    towns: dict[str, str] = {}
    for town in _read(lists["township"], "code", "name", "parent"):
        towns[town["parent"]] = towns.get(town["parent"], "") + ";" + town["code"][6:]
    followers = {row["code"]: _chain(row["code"], rows) for row in rows}
    yield _list_macro("region_rows", [_region_row(row, followers[row["code"]]) for row in rows])
    yield f"CREATE TEMP MACRO region_book() AS {literal(_region_book(rows, followers))};"
    yield _list_macro("township_groups", [towns.get(row["code"], "") for row in rows])
    names = _current_names(rows)
    yield _list_macro("region_name_keys", list(names))
    yield _list_macro("region_name_codes", list(names.values()))
    stems = {row["name"].rstrip("市区县省") for row in rows if len(row["name"].rstrip("市区县省")) > 1}
    yield f"CREATE TEMP MACRO region_name_pattern() AS {literal(_alternation(stems))};"
    cities = {row["name"] for row in rows if row["level"] == "2" and row["name"].endswith("市")}
    counties = {row["name"] for row in rows if row["level"] == "3"} - cities  # 扬州市 was a county once
    yield f"CREATE TEMP MACRO address_counties() AS {literal(_alternation(counties))};"
    cities = {name.removesuffix("市") for name in cities}
    yield f"CREATE TEMP MACRO address_cities() AS {literal(_alternation(cities))};"
    yield _list_macro("region_names", [_all_names(row["code"], rows, followers) for row in rows])


def _alternation(names: set[str]) -> str:
    """A regular expression's alternatives, the longest first."""
    return "|".join(sorted(names, key=lambda name: (-len(name), name)))


def _all_names(code: str, rows: list[dict[str, str]], followers: dict[str, list[str]]) -> str:
    """The names ever of what is one area with the code's today, the present name first."""
    last = {of: [of, *chain][-1] for of, chain in followers.items()}
    names = {row["valid_to"] or "9": row["name"] for row in rows if row["code"] == last[code]}
    present = names[max(names)]
    return "|".join(dict.fromkeys([present, *(row["name"] for row in rows if last[row["code"]] == last[code])]))


def _region_row(row: dict[str, str], chain: list[str]) -> str:
    first, end = row["valid_from"][:4] or "1000", row["valid_to"][:4] or "9999"
    return f"{row['code']} {first} {end} {row['level']} {','.join(chain)}|{row['name']}"


def _chain(code: str, rows: list[dict[str, str]]) -> list[str]:
    """The codes an area went through after this one, while each step had exactly one successor.

    Raises CatalogueError when they lead in a circle.
    """
    last = {row["code"]: row["successors"] for row in rows}
    chain: list[str] = []
    while (following := last.get(code, "")) and ";" not in following:
        if following in chain:
            raise CatalogueError(
                [f"code list region: the successors of {code} lead in a circle: {' → '.join([*chain, following])}"],
                next_step="mend the column successors in data/codes/region.csv: the last code has none, or is in force",
            )
        chain.append(following)
        code = following
    return chain


def _region_book(rows: list[dict[str, str]], followers: dict[str, list[str]]) -> str:
    codes = [row["code"] for row in rows]
    current = {row["code"] for row in rows if not row["valid_to"]}
    entries = [" " * 17] * (max(int(code[2:]) for code in codes) + 1)
    for code in sorted(set(codes)):
        of_code = [row for row in rows if row["code"] == code]
        first = of_code[0]["valid_from"][:4] or "1000"
        end = max(row["valid_to"][:4] or "9999" for row in of_code)
        latest = ([code, *followers[code]])[-1]
        today = latest if latest in current else "------"
        entries[int(code[2:])] = f"{codes.index(code) + 1:03d}{first}{end}{today}"
    return "".join(entries)


def _current_names(rows: list[dict[str, str]]) -> dict[str, str]:
    """Names that stand for one current county: alone where unique, and after the prefecture's name."""
    current = {row["code"]: row for row in rows if not row["valid_to"]}
    counties = [row for row in current.values() if row["level"] == "3"]
    names = [row["name"] for row in counties]
    found = {row["name"]: row["code"] for row in counties if names.count(row["name"]) == 1}
    for row in counties:
        prefecture = current[row["parent"]]["name"]
        found[prefecture + row["name"]] = found["江苏省" + prefecture + row["name"]] = row["code"]
    found |= {row["name"]: code for code, row in current.items() if row["level"] != "3"}
    return found


def _views(lists: dict[str, Path]) -> Iterator[str]:
    """`code_list` (list, code, name_zh, name_en) and `region` (as region.csv) for joins and documentation."""
    codes = [
        (name, row["code"], row["name_zh"], row["name_en"])
        for name, path in sorted(lists.items())
        if name not in SPECIAL_LISTS
        for row in _read(path, "code", "name_zh", "name_en", "aliases")
    ]
    yield _view("code_list", dict.fromkeys(("list", "code", "name_zh", "name_en"), "VARCHAR"), codes)
    columns = dict.fromkeys(("code", "name", "level", "parent"), "VARCHAR")
    columns |= {"valid_from": "DATE", "valid_to": "DATE", "successors": "VARCHAR"}
    rows = [tuple(row[column] or None for column in columns) for row in _read(lists["region"], *columns)]
    yield _view("region", columns, rows)


def _view(name: str, columns: dict[str, str], rows: Sequence[tuple[str | None, ...]]) -> str:
    """A view of one text with a line a row: few ask for it, and thousands of values would be bound for everybody."""
    text = "\n".join(SEPARATOR.join(value or "" for value in row) for row in rows)
    fields = ", ".join(
        f"CAST(nullif(field[{n}], '') AS {kind}) AS {ident(column)}"
        for n, (column, kind) in enumerate(columns.items(), 1)
    )
    return (
        f"CREATE OR REPLACE TEMP VIEW {ident(name)} AS SELECT {fields} FROM "
        f"(SELECT string_split(unnest(string_split({literal(text)}, chr(10))), chr(31)) AS field);"
    )
