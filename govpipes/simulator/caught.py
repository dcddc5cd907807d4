"""Which of the faults that departments delivered were caught, kind by kind, and which true rows were rejected.

A fault counts when a landing holds it (a table that changes in place can have forgotten one before anybody read it)
and in no row that is deleted with it: of a deletion nothing is published but that it is one.
How near golden records are to the truth is in `score.py`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Contract
from govpipes.settings import Settings
from govpipes.simulator import truth
from govpipes.simulator.faults import FAULTS
from govpipes.sql import ident, literal
from govpipes.standards import ELEMENTS

Row = dict[str, Any]

_BETWEEN_DEPARTMENTS = ("FK-01", "GEO-03", "ID-08", "LEG-02", "POP-05")
"""Rules that compare records of several datasets: no row breaks them by itself, and none is flagged for them."""

_WHOLE_FILE = "*"
"""The fault list's source key of a file that is wrong as a whole."""


@dataclass(frozen=True, slots=True)
class Caught:
    """kinds: per what must become of it (`expected`) and `fault`: how many were delivered, `caught`, `missed`; None
    where no row shows it. Caught is: rejected, flagged, held, repaired to the standard value of what should have been
    written (of a whole file: flagged, row by row), or (`keep`) published. missed: those rows. rejected: how many rows
    were; true_rejected: those without a fault that must be rejected.
    """

    kinds: list[Row]
    missed: list[Row]
    rejected: int
    true_rejected: list[Row]


def caught(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    settings: Settings,
    quarantines: Mapping[str, Sequence[Path]],
    stopped: Collection[tuple[str, date]],
) -> Caught:
    """Look for every delivered fault.

    con: a release, in use, with the standards' macros. quarantines: each dataset's files of rejected rows, as they are
    now. stopped: the dataset-days that were ever held or failed, or whose drift was noted.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE fault AS {truth.faults(settings)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE delivered AS {_delivered(con, catalogue, settings)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE rejected AS {_rejected(quarantines)}")
    con.execute("CREATE OR REPLACE TEMP TABLE stopped (dataset VARCHAR, day DATE)")
    if stopped:
        con.executemany("INSERT INTO stopped VALUES (?, ?)", sorted(stopped))
    con.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {_judged(con, catalogue)}")
    kinds = _rows(
        con,
        "SELECT expected, fault, count(*) AS delivered, count(*) FILTER (caught) AS caught, "
        "count(*) FILTER (NOT caught) AS missed FROM judged WHERE caught IS NOT NULL GROUP BY ALL UNION ALL "
        "SELECT expected, fault, count(*), NULL, NULL FROM judged WHERE caught IS NULL GROUP BY ALL "
        "ORDER BY expected, fault",
    )
    missed = _rows(con, "SELECT dataset, day, source_key, expected, fault, item, raw FROM judged WHERE NOT caught")
    innocent = _rows(
        con,
        "SELECT dataset, source_key, reasons FROM rejected r ANTI JOIN fault f ON f.expected = 'reject' "
        "AND f.dataset = r.dataset AND f.source_key IS NOT DISTINCT FROM r.source_key",
    )
    row = con.execute("SELECT count(*) FROM rejected").fetchone()
    return Caught(kinds, missed, int(row[0]) if row else 0, innocent)


def damaged_columns() -> Iterator[tuple[str, str, str, str]]:
    """Dataset, fault, the column the fault list reports, and each column it damages."""
    for dataset, faults in FAULTS.items():
        for fault in faults:
            for column in fault.sets or (fault.column,):
                yield dataset, fault.code, fault.column, column


def delivered(settings: Settings, contract: Contract, day: date) -> str:
    """SQL in parentheses: the dataset's rows up to `day` as they should be: the department's columns, truth_key."""
    files = literal(settings.home / "simulator" / "delivered" / f"{contract.dataset}-*.parquet")
    return (
        f"(FROM read_parquet({files}, union_by_name = true, filename = true) "
        f"WHERE right(parse_filename(filename, true), 10) <= {literal(day.isoformat())})"
    )


def whose(settings: Settings, contract: Contract, day: date) -> str:
    """SQL: source_key, truth_key: of whom each record is that the department delivered up to `day`."""
    return (
        f"SELECT {_key(contract)} AS source_key, truth_key FROM {delivered(settings, contract, day)} UNION "
        f"SELECT source_key, truth_key FROM fault WHERE dataset = {literal(contract.dataset)} "
        f"AND truth_key IS NOT NULL AND written_on <= {literal(day)}"
    )


def _key(contract: Contract) -> str:
    return f"concat_ws('|', {', '.join(f'trim(CAST({ident(key)} AS VARCHAR))' for key in contract.source.key)})"


def _delivered(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, settings: Settings) -> str:
    """SQL: the values of every column that ever had a fault, as they were landed."""
    parts = [
        "SELECT NULL::VARCHAR AS dataset, NULL::VARCHAR AS item, NULL::VARCHAR AS source_key, NULL::VARCHAR AS raw"
    ]
    reported = con.execute(
        "SELECT dataset, list(DISTINCT item) FROM fault WHERE item IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    for dataset, items in reported:
        files = settings.landing_dir / dataset / "*" / "*" / "part.parquet"
        deletes = catalogue.contracts[dataset].source.deletes
        gone = f"coalesce(trim({ident(deletes.column)}) = {literal(deletes.value)}, false)" if deletes else "false"
        landed = f"(FROM read_parquet({literal(files)}, union_by_name = true) WHERE NOT {gone})"
        columns = {name for (name, *_) in con.execute(f"DESCRIBE {landed}").fetchall()}
        parts += [
            f"SELECT DISTINCT {literal(dataset)}, {literal(item)}, {_key(catalogue.contracts[dataset])}, "
            f"CAST({ident(item)} AS VARCHAR) FROM {landed}"
            for item in sorted(columns.intersection(items))
        ]
    return " UNION ALL ".join(parts)


def _rejected(quarantines: Mapping[str, Sequence[Path]]) -> str:
    parts = ["SELECT NULL::VARCHAR AS dataset, NULL::VARCHAR AS source_key, NULL::VARCHAR[] AS reasons WHERE false"]
    parts += [
        f"SELECT {literal(dataset)}, source_key, reasons FROM read_parquet([{', '.join(map(literal, files))}])"
        for dataset, files in quarantines.items()
        if files
    ]
    return " UNION ALL ".join(parts)


def _judged(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> str:
    """SQL: the delivered faults, each with whether it was caught."""
    whole = f"FROM fault f WHERE source_key = {literal(_WHOLE_FILE)}"
    parts = [
        "SELECT f.*, EXISTS (FROM stopped s WHERE s.dataset = f.dataset AND s.day = f.day) AS caught "
        f"{whole} AND expected NOT IN ('corrected', 'repair')"
    ]
    repaired = con.execute(f"SELECT DISTINCT f.dataset {whole} AND expected = 'repair' ORDER BY ALL").fetchall()
    parts += [
        f"SELECT f.*, EXISTS (FROM (SELECT source_day, unnest(flags) AS flag FROM {ident('claims', dataset)}) c "
        "WHERE c.source_day = f.day AND split_part(c.flag, ':', 2) = f.rule) AS caught "
        f"{whole} AND expected = 'repair' AND f.dataset = {literal(dataset)}"
        for (dataset,) in repaired
    ]
    listed = con.execute(
        "SELECT DISTINCT dataset, item FROM fault WHERE item IS NOT NULL AND source_key <> ? ORDER BY ALL",
        [_WHOLE_FILE],
    ).fetchall()
    between = ", ".join(map(literal, _BETWEEN_DEPARTMENTS))
    for dataset, column in listed:
        mine = "c.source_key = f.source_key"
        claims = ident("claims", dataset)
        rejected = f"EXISTS (FROM rejected c WHERE c.dataset = f.dataset AND {mine})"
        flagged = f"EXISTS (FROM {claims} c WHERE {mine} AND len(c.flags) > 0)"
        published = f"EXISTS (FROM {claims} c WHERE {mine})"
        parts.append(
            "SELECT f.*, CASE expected "
            f"WHEN 'reject' THEN {rejected} "
            f"WHEN 'flag' THEN CASE WHEN rule NOT IN ({between}) THEN {flagged} OR {rejected} END "
            f"WHEN 'repair' THEN EXISTS (FROM {claims} c WHERE {mine} AND {_repaired(catalogue, dataset, column)}) "
            f"ELSE {published} END AS caught FROM fault f "
            "SEMI JOIN delivered d ON d.dataset = f.dataset AND d.item = f.item AND d.source_key = f.source_key "
            "AND d.raw IS NOT DISTINCT FROM f.raw "
            f"WHERE f.dataset = {literal(dataset)} AND f.item = {literal(column)} AND f.expected <> 'corrected'"
        )
    return " UNION ALL ".join(parts)


def _repaired(catalogue: Catalogue, dataset: str, column: str) -> str:
    """SQL: the claim `c` has the standard value of what should have been written.

    Where a value needs more than its column (a coordinate its pair, an amount its unit), that there is one.
    """
    tests = []
    for item in catalogue.contracts[dataset].items:
        if column in item.columns:
            kind = ELEMENTS[item.element].sql_type
            standard = f"TRY_CAST(std_{item.element}(f.clean) AS {kind})"
            value = f"c.{ident(item.name)}"
            tests.append(
                f"{value} IS NOT NULL"
                if item.options and item.element != "address_text"
                else f"{value} IS NOT DISTINCT FROM {standard}"
            )
    return " AND ".join(tests) or "true"


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    found = con.execute(query)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
