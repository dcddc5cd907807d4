"""The life of a rejected row: open until its department corrects it, resolved from then on; derived, never stored.

A row is one entry however often it was read: the same dataset, key and content. It is resolved when a newer version of
its record was published, or when no newest candidate rejects it any more. Showing rows is quarantine.py's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from govpipes.catalogue.model import Contract
from govpipes.ledger import tables as t
from govpipes.pipeline.claims import claims_table
from govpipes.pipeline.standardize import Candidate
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import literal

Row = dict[str, Any]

AGES = ((3, "0-3"), (7, "4-7"), (30, "8-30"))
"""The classes of age in days, upper bound and name; what is older is `>30`."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A dataset-day with open rejected rows. changed: its contract has changed since they were rejected."""

    dataset: str
    day: date
    rows: int
    changed: bool


def corrected_rows(ws: Workspace, contract: Contract, candidate: Candidate) -> int:
    """How many rejected rows of a candidate were corrected since: a newer version of the record is published.

    A source that changes in place gives the corrected row another time of change, and so another day; the row that was
    wrong stays in the landing of its own day for ever. It must not hold that day for ever, too.
    """
    if contract.source.mode != "incremental" or not candidate.quarantined or not _published(ws, contract):
        return 0
    return int(
        ws.lake.one(
            f"SELECT count(*) FROM read_parquet({literal(candidate.quarantine_path)}) q WHERE EXISTS "
            f"(SELECT 1 FROM {claims_table(contract)} c WHERE c.source_key = q.source_key AND c.cursor > q.cursor "
            "AND c.recorded_to IS NULL)"
        )
    )


def entries(ws: Workspace, contracts: Iterable[Contract]) -> None:
    """Make the temp table `entries`: every rejected row of these datasets once.

    dataset, source_key, raw (JSON), reasons, first_day, last_day, readings, state (open, resolved), rejected_at,
    resolved_at, landing_id and row_number (of its last reading).
    """
    ws.con.execute(
        "CREATE OR REPLACE TEMP TABLE entries (dataset VARCHAR, source_key VARCHAR, raw VARCHAR, reasons VARCHAR[], "
        "first_day DATE, last_day DATE, readings BIGINT, state VARCHAR, rejected_at TIMESTAMPTZ, "
        "resolved_at TIMESTAMPTZ, landing_id VARCHAR, row_number BIGINT)"
    )
    for contract in contracts:
        candidates = [row for row in _candidates(ws, contract) if Path(row["quarantine_path"]).is_file()]
        if candidates:
            ws.con.execute(f"INSERT INTO entries {_entries_sql(ws, contract, candidates)}")


def ageing(ws: Workspace, contracts: Iterable[Contract], today: date) -> list[Row]:
    """Open rows by age for each department and dataset, the oldest day, and how long the resolved ones took.

    Columns: department, dataset, open, one per age class, oldest, resolved, median_days.
    """
    chosen = {contract.dataset: contract for contract in contracts}
    entries(ws, chosen.values())
    classes, low = [], 0
    for high, name in AGES:
        classes.append(f"count(*) FILTER (state = 'open' AND age BETWEEN {low} AND {high}) AS {_quoted(name)}")
        low = high + 1
    classes.append(f"count(*) FILTER (state = 'open' AND age >= {low}) AS {_quoted('>30')}")
    found = ws.con.execute(
        f"SELECT dataset, count(*) FILTER (state = 'open') AS open, {', '.join(classes)}, "
        "min(first_day) FILTER (state = 'open') AS oldest, count(*) FILTER (state = 'resolved') AS resolved, "
        "round(median(date_diff('second', rejected_at, resolved_at)) FILTER (state = 'resolved') / 86400, 1) "
        f"AS median_days FROM (SELECT *, {literal(today)} - first_day AS age FROM entries) GROUP BY ALL ORDER BY ALL"
    )
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [{"department": chosen[row["dataset"]].provider, **row} for row in rows]


def stale(ws: Workspace, contracts: Iterable[Contract]) -> list[Stale]:
    """The dataset-days whose newest candidate has rejected rows that are open, newest first."""
    chosen = {contract.dataset: contract for contract in contracts}
    entries(ws, chosen.values())
    rows = ws.con.execute(
        "SELECT dataset, last_day, count(*) FROM entries WHERE state = 'open' GROUP BY ALL ORDER BY 2 DESC, 1"
    ).fetchall()
    found = []
    for dataset, day, count in rows:
        newest = ws.ledger.latest(t.candidates, dataset, day)
        changed = newest is not None and newest["contract_sha256"] != chosen[dataset].sha256
        found.append(Stale(str(dataset), day, int(count), changed))
    return found


def _candidates(ws: Workspace, contract: Contract) -> list[Row]:
    """All candidates of a dataset that rejected rows, and whether each is the newest of its day."""
    c = t.candidates.c
    query = select(c.day, c.sequence, c.quarantine_path, c.rows_quarantined, c.at).where(c.dataset == contract.dataset)
    with ws.ledger.engine.connect() as con:
        rows = [dict(row) for row in con.execute(query).mappings()]
    newest: dict[date, int] = {}
    for row in rows:
        newest[row["day"]] = max(newest.get(row["day"], 0), row["sequence"])
    return [{**row, "newest": newest[row["day"]] == row["sequence"]} for row in rows if row["rows_quarantined"]]


def _entries_sql(ws: Workspace, contract: Contract, candidates: Sequence[Row]) -> str:
    files = ",\n".join(
        f"({literal(row['quarantine_path'])}, {literal(row['day'])}, {row['newest']}, "
        f"{literal(row['at'].isoformat())}::TIMESTAMPTZ)"
        for row in candidates
    )
    paths = ", ".join(literal(row["quarantine_path"]) for row in candidates)
    known = "SELECT NULL::VARCHAR AS source_key, NULL::TIMESTAMP AS cursor, NULL::TIMESTAMPTZ AS published_at LIMIT 0"
    if _published(ws, contract):
        known = (
            "SELECT source_key, max(cursor) AS cursor, max(recorded_from) AS published_at "
            f"FROM {claims_table(contract)} WHERE recorded_to IS NULL GROUP BY source_key"
        )
    # a row whose time of change is no use is corrected by whatever was published of its record afterwards
    useless = "q.cursor IS NULL OR list_contains(q.reasons, 'FUTURE')"
    newer = f"CASE WHEN {useless} THEN k.published_at > f.made_at ELSE k.cursor > q.cursor END"
    return f"""
        WITH rejected AS (
            SELECT q.source_key, q.raw::VARCHAR AS raw, q.reasons, q.landing_id, q.row_number,
                   f.day, f.newest, f.made_at,
                   CASE WHEN {newer} THEN k.published_at END AS corrected_at,
                   f.newest AND NOT coalesce({newer}, FALSE) AS open
            FROM read_parquet([{paths}], filename = true, union_by_name = true) q
            JOIN (VALUES {files}) f(filename, day, newest, made_at) USING (filename)
            LEFT JOIN ({known}) k ON k.source_key = q.source_key
        )
        SELECT {literal(contract.dataset)}, source_key, raw, arg_max(reasons, made_at), min(day), max(day),
               count(DISTINCT day), CASE WHEN bool_or(open) THEN 'open' ELSE 'resolved' END, min(made_at),
               CASE WHEN NOT bool_or(open) THEN greatest(max(corrected_at), max(made_at)) END,
               arg_max(landing_id, made_at), arg_max(row_number, made_at)
        FROM rejected GROUP BY source_key, raw"""


def _published(ws: Workspace, contract: Contract) -> bool:
    return contract.dataset in ws.lake.tables("claims")


def _quoted(name: str) -> str:
    return f'"{name}"'
