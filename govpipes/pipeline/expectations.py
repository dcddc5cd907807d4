"""What is expected of a candidate, and how it is judged: a Great Expectations suite made from the contract.

Rows were rejected one by one while they were standardized; here the candidate is judged as a whole (DESIGN.md D7).
`planned` says what is expected as plain data, `judge` has Great Expectations check it inside DuckDB. What a judgement
leads to (verdict, hold) belongs in verify.py; how Great Expectations speaks to DuckDB in duckdb_datasource.py.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from govpipes.catalogue.model import (
    CANDIDATE_COLUMNS,
    Between,
    Contract,
    FillRate,
    InSet,
    Item,
    RejectRate,
    RowCount,
    Severity,
    SqlCheck,
    Unique,
)
from govpipes.sql import column_list, ident, literal
from govpipes.standards import ELEMENTS

if TYPE_CHECKING:
    from govpipes.pipeline.duckdb_datasource import Result, Validation

ROWS, LIVE, DAY = "govpipes_rows", "govpipes_live", "govpipes_day"
"""The temporary tables judged: every row of the candidate; those the source has not deleted; one row of FACTS."""

_IN_MEMORY_ROWS = 200_000
"""Up to this many rows a candidate is read from its file once, above that as often as it is asked about."""

_UNKNOWN_CODE, _DRIFT = "CODE-01", 0.05

PATTERNS = {
    "citizen_id": r"[1-9]\d{16}[0-9X]|[A-Z]{3}\d{12}",  # GB 11643-1999; the 2017 foreigner's card has 3 letters
    "uscc": r"[0-9A-HJ-NP-RTUW-Y]{2}\d{6}[0-9A-HJ-NP-RTUW-Y]{10}",  # GB 32100-2015, 4
    "organization_code": r"[0-9A-Z]{8}-?[0-9X]",  # GB 11714-1997
    "region_code": r"\d{6}",  # GB/T 2260-2007
    "region_code_any": r"\d{6}",
    "township_code": r"\d{9}",  # GB/T 10114-2003
    "community_code": r"\d{12}",
    "postcode": r"\d{6}",
}
"""The outer form of a standardized identifier or code, by data element; DuckDB matches the whole value."""

RANGES: dict[str, tuple[Any, Any]] = {
    "date": (date(1800, 1, 1), date(2200, 12, 31)),
    "timestamp": (datetime(1800, 1, 1), datetime(2200, 12, 31)),  # noqa: DTZ001  (Asia/Shanghai wall clock)
    "longitude": (73.0, 136.0),  # CGCS2000 degrees; China with its seas' edge
    "latitude": (3.0, 54.0),
}
"""Where a standardized value can lie at all, by data element; anything else shows that standardizing went wrong."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ledger knows about a candidate, in rows.

    last_published_rows: accepted rows of the last published day before this one; None when there is none to compare.
    corrected: rejected rows of which a newer version is published: they no longer count against their day.
    """

    rows_read: int
    accepted: int
    quarantined: int
    last_published_rows: int | None
    corrected: int = 0

    @property
    def reject_rate(self) -> float:
        """Rejected rows that are not corrected yet, as a share of the rows read; 0 when nothing was read."""
        return (self.quarantined - self.corrected) / self.rows_read if self.rows_read else 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one expectation.

    observed: the figure judged, where there is one; unexpected, unexpected_share: rows that break the expectation.
    error: why it could not be checked; it has then not passed, and says nothing about the data.
    """

    expectation: str
    item: str | None
    severity: Severity
    passed: bool
    observed: str | float | None
    unexpected: int | None
    unexpected_share: float | None
    allowed: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Planned:
    """One expectation: `kind` is the class of Great Expectations, `arguments` what it is made with.

    table: what it is about. observes: the outcome shows the figure found (a count, a share) rather than bad rows.
    """

    expectation: str
    item: str | None
    severity: Severity
    allowed: str
    kind: str
    arguments: dict[str, Any] = field(default_factory=dict)
    table: str = LIVE
    observes: Literal["nothing", "value", "filled"] = "nothing"


def judge(con: duckdb.DuckDBPyConnection, candidate: Path, contract: Contract, facts: Facts) -> list[Outcome]:
    """Judge a candidate file: one outcome per expectation of its contract, in the order of `planned`.

    con: a connection with the standards installed. An expectation that cannot be checked gives an outcome with an
    error; a candidate that cannot be read at all raises duckdb.Error. No outcome holds a value of a row.
    """
    plan = planned(contract, facts)
    with _tables(con, candidate, facts), _validation().on(con) as validation:
        results: dict[int, Outcome] = {}
        for table in (ROWS, LIVE, DAY):
            places = [place for place, one in enumerate(plan) if one.table == table]
            results |= dict(zip(places, _run(validation, table, [plan[p] for p in places]), strict=True))
    return [results[place] for place in range(len(plan))]


def planned(contract: Contract, facts: Facts) -> list[Planned]:
    """Everything expected of a candidate: what holds for every one, what its elements bring, the contract's checks."""
    return [*_of_every_candidate(contract, facts), *_of_elements(contract), *_of_checks(contract, facts)]


def _of_every_candidate(contract: Contract, facts: Facts) -> Iterator[Planned]:
    # rows may only be lost where the ledger says so (DESIGN.md D6, conservation)
    yield _count("rows_in_file", facts.accepted, facts.accepted, f"{facts.accepted} rows, as many as were accepted")
    read = facts.rows_read
    yield _figure("conservation", "accounted", read, read, f"{read} rows, as many as were read")
    yield _schema(contract)
    for name in ("source_key", "cursor", "is_deleted"):
        yield _filled(name, "block", ROWS)
    if any(ELEMENTS[item.element].code_list for item in contract.items):
        yield _code_drift()


def _of_elements(contract: Contract) -> Iterator[Planned]:
    for item in contract.items:
        if item.required:
            # where an error only flags its row, standardizing leaves the item empty
            yield _filled(item.name, "block" if item.on_error == "reject" else "warn", LIVE)
        if item.element in PATTERNS:
            pattern = PATTERNS[item.element]
            kind, arguments = "ExpectColumnValuesToMatchRegex", {"column": item.name, "regex": pattern}
            yield Planned("format", item.name, "block", f"the form {pattern}", kind, arguments)
        if item.element in RANGES:
            low, high = RANGES[item.element]
            yield _range("range", item.name, low, high, "block")


def _of_checks(contract: Contract, facts: Facts) -> Iterator[Planned]:
    for check in contract.checks:
        match check:
            case RowCount():
                yield from _row_count(check, facts)
            case RejectRate(max=most, severity=severity):
                allowed = f"at most {most:.2%} of the rows read"
                yield _figure("reject_rate", "reject_rate", None, most, allowed, severity)
            case FillRate(item=item, min=least, severity=severity):
                arguments = {"column": item, "mostly": least}
                kind = "ExpectColumnValuesToNotBeNull"
                allowed = f"at least {least:.2%} of the rows filled"
                yield Planned("fill_rate", item, severity, allowed, kind, arguments, observes="filled")
            case Unique():
                yield _unique(check)
            case InSet():
                yield _in_set(check, contract)
            case Between():
                yield _between(check, contract)
            case SqlCheck():
                yield _no_bad_rows(f"sql:{check.name}", None, check.severity, "no row", check.sql)


def _row_count(check: RowCount, facts: Facts) -> Iterator[Planned]:
    if check.min is not None or check.max is not None:
        yield _count("row_count", check.min, check.max, _bounds(check.min, check.max), check.severity)
    if check.drop_vs_last is not None and facts.last_published_rows is not None:
        last = facts.last_published_rows
        least = math.ceil(round(last * (1 - check.drop_vs_last), 6))  # 10 × (1 − 0.7) is a little more than 3
        allowed = f"at least {least} rows: a drop of at most {check.drop_vs_last:.0%} from the {last} published last"
        yield _count("drop_vs_last", least, None, allowed, check.severity)


def _unique(check: Unique) -> Planned:
    # grouping takes half the time of the window function behind Great Expectations' own; rows with an empty item pass
    names = column_list(check.items)
    there = " AND ".join(f"{ident(name)} IS NOT NULL" for name in check.items)
    query = f"SELECT 1 FROM {{batch}} p WHERE {there} GROUP BY {names} HAVING count(*) > 1"
    label = ", ".join(check.items)
    return _no_bad_rows("unique", label, check.severity, "no repeated value", query)


def _in_set(check: InSet, contract: Contract) -> Planned:
    text = _type_of(contract.item(check.item)) == "VARCHAR"
    values = [str(value) if text else value for value in check.values]
    shown = ", ".join(str(value) for value in values[:20]) + (", …" if len(values) > 20 else "")
    arguments = {"column": check.item, "value_set": values}
    return Planned("in_set", check.item, check.severity, shown, "ExpectColumnValuesToBeInSet", arguments)


def _between(check: Between, contract: Contract) -> Planned:
    kind = _type_of(contract.item(check.item))
    if kind != "VARCHAR":
        low, high = _typed(check.min, kind), _typed(check.max, kind)
        return _range("between", check.item, low, high, check.severity)
    # Great Expectations refuses to compare text; codes have an order
    column = ident(check.item)
    sides = [f"{column} < {literal(str(check.min))}"] if check.min is not None else []
    sides += [f"{column} > {literal(str(check.max))}"] if check.max is not None else []
    query = f"SELECT 1 FROM {{batch}} p WHERE {' OR '.join(sides)}"
    return _no_bad_rows("between", check.item, check.severity, _bounds(check.min, check.max), query)


def _schema(contract: Contract) -> Planned:
    columns = {item.name: _type_of(item) for item in contract.items} | CANDIDATE_COLUMNS
    wanted = ", ".join(f"({literal(name)}, {literal(kind)})" for name, kind in columns.items())
    query = (
        f"SELECT 1 FROM (VALUES {wanted}) e(name, kind) ANTI JOIN "
        "(SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {batch} p)) c "
        "ON e.name = c.column_name AND (e.kind IS NULL OR e.kind = c.column_type)"
    )
    allowed = f"the contract's {len(columns)} columns with their types"
    return _no_bad_rows("schema", None, "block", allowed, query, ROWS)


def _code_drift() -> Planned:
    """A department that changes its codes flags nearly every row of an item, and rejects none."""
    unknown = f"unnest(list_filter(flags, lambda f: f LIKE '%:{_UNKNOWN_CODE}'))"
    query = (
        f"SELECT 1 FROM (SELECT {unknown} AS flag FROM {{batch}} p) "
        f"GROUP BY flag HAVING count(*) > {_DRIFT} * (SELECT count(*) FROM {{batch}} p)"
    )
    allowed = f"no item with codes unknown to its list in more than {_DRIFT:.0%} of the rows"
    return _no_bad_rows("code_drift", None, "warn", allowed, query)


def _filled(column: str, severity: Severity, table: str) -> Planned:
    kind = "ExpectColumnValuesToNotBeNull"
    return Planned("not_null", column, severity, "no empty value", kind, {"column": column}, table)


def _range(name: str, column: str, low: Any, high: Any, severity: Severity) -> Planned:
    arguments = {"column": column, "min_value": low, "max_value": high}
    kind = "ExpectColumnValuesToBeBetween"
    return Planned(name, column, severity, _bounds(low, high), kind, arguments)


def _count(name: str, low: int | None, high: int | None, allowed: str, severity: Severity = "block") -> Planned:
    arguments = {"min_value": low, "max_value": high}
    return Planned(name, None, severity, allowed, "ExpectTableRowCountToBeBetween", arguments, ROWS, "value")


def _figure(
    name: str, column: str, low: float | None, high: float | None, allowed: str, severity: Severity = "block"
) -> Planned:
    arguments = {"column": column, "min_value": low, "max_value": high}
    return Planned(name, None, severity, allowed, "ExpectColumnMaxToBeBetween", arguments, DAY, "value")


def _no_bad_rows(
    name: str, item: str | None, severity: Severity, allowed: str, query: str, table: str = LIVE
) -> Planned:
    arguments = {"unexpected_rows_query": _for_great_expectations(query)}
    return Planned(name, item, severity, allowed, "NoBadRows", arguments, table)


def _for_great_expectations(query: str) -> str:
    """A query over `{batch}` in its spelling: braces doubled, colons no parameters, the batch a nameless subquery."""
    text = query.strip().rstrip(";")
    text = text.replace("{", "{{").replace("}", "}}").replace("{{batch}}", "(SELECT * FROM {batch})")
    return f"SELECT 1 FROM ({text}\n) bad".replace(":", "\\:")


def _type_of(item: Item | None) -> str | None:
    return ELEMENTS[item.element].sql_type if item is not None else None


def _typed(bound: object, kind: str | None) -> object:
    """A bound as YAML gives it, as a value of the column's type; what is none stays, for the check to stumble on."""
    if not isinstance(bound, str):
        return bound
    try:
        if kind == "DATE":
            return date.fromisoformat(bound)
        if kind is not None and kind.startswith("TIMESTAMP"):
            return datetime.fromisoformat(bound)
    except ValueError:
        return bound
    return bound


def _bounds(low: object, high: object) -> str:
    if low is None or high is None:
        return f"at most {high}" if low is None else f"at least {low}"
    return f"{low} to {high}"


@contextmanager
def _tables(con: duckdb.DuckDBPyConnection, candidate: Path, facts: Facts) -> Iterator[None]:
    """ROWS, LIVE and DAY, for as long as they are judged."""
    rows = f"SELECT * FROM read_parquet({literal(candidate)})"
    counted = con.execute(f"SELECT count(*) FROM ({rows})").fetchone()
    assert counted is not None
    kind = "TABLE" if counted[0] <= _IN_MEMORY_ROWS else "VIEW"
    try:
        con.execute(f"CREATE TEMP {kind} {ROWS} AS {rows}")
        columns = {row[0] for row in con.execute(f"DESCRIBE {ROWS}").fetchall()}
        live = "WHERE is_deleted IS NOT TRUE" if "is_deleted" in columns else ""
        con.execute(f"CREATE TEMP VIEW {LIVE} AS SELECT * FROM {ROWS} {live}")
        con.execute(
            f"CREATE TEMP TABLE {DAY} AS SELECT CAST($1 AS BIGINT) AS accounted, CAST($2 AS DOUBLE) AS reject_rate",
            [facts.accepted + facts.quarantined, facts.reject_rate],
        )
        yield
    finally:
        for made, name in (("VIEW", LIVE), (kind, ROWS), ("TABLE", DAY)):
            con.execute(f"DROP {made} IF EXISTS temp.{name}")


@cache
def _validation() -> "Validation":
    from govpipes.pipeline.duckdb_datasource import Validation  # Great Expectations takes seconds to import

    return Validation()


def _run(validation: "Validation", table: str, plan: Sequence[Planned]) -> Iterable[Outcome]:
    from govpipes.pipeline import duckdb_datasource as source

    made: dict[int, Any] = {}
    outcomes: dict[int, Outcome] = {}
    for place, one in enumerate(plan):
        severity = "critical" if one.severity == "block" else "warning"
        kind: Any = source.NoBadRows if one.kind == "NoBadRows" else getattr(source.gxe, one.kind)
        try:
            made[place] = kind(**one.arguments, severity=severity)
        except ValueError as error:  # Great Expectations refuses what the check asks for
            outcomes[place] = _errored(one, str(error))
    results = validation.run(table, list(made.values()))
    for place, result in zip(made, results, strict=True):
        message = source.error_of(result)
        outcomes[place] = _outcome(plan[place], result) if message is None else _errored(plan[place], message)
    return [outcomes[place] for place in range(len(plan))]


def _outcome(one: Planned, result: "Result") -> Outcome:
    found = result.result
    unexpected, total = found.get("unexpected_count"), found.get("element_count")
    share = round(unexpected / total, 6) if unexpected is not None and total else None
    observed = found.get("observed_value") if one.observes == "value" else None
    if one.observes == "filled" and share is not None:
        observed = round(1 - share, 6)
    return Outcome(
        expectation=one.expectation,
        item=one.item,
        severity=one.severity,
        passed=bool(result.success),
        observed=observed,
        unexpected=unexpected,
        unexpected_share=share,
        allowed=one.allowed,
        error=None,
    )


def _errored(one: Planned, message: str) -> Outcome:
    return Outcome(
        one.expectation, one.item, one.severity, False, None, None, None, one.allowed, _without_values(message)
    )


def _without_values(message: str) -> str:
    """An error's first lines, without the value of a row that DuckDB may quote in it."""
    text = " ".join(message.split("[SQL:")[0].split())
    about_value = re.search(r"(Conversion|Invalid Input|Out of Range) Error", text)
    if about_value:
        return f"{about_value[0]} (DuckDB's words are not shown: they repeat a row's value)"
    text = re.sub(r"((?:string|value|text)\s+)'.*?'(?=\s|$)", r"\1'…'", text, flags=re.IGNORECASE)
    return re.sub(r"\d{6,}", "…", text)[:400]
