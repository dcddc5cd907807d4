"""Publish: make the warehouse's claims of a dataset-day equal to its candidate, when a verdict allows exactly that.

A claim is a version of a record: (source_key, cursor, row_hash). Claims are only added; one that a day no longer
says is withdrawn by closing its recorded time. The set of claims of a day is a function of its candidate alone, so
order, repetition and retries cannot matter; which version is current is decided by cursor, then content (DESIGN.md D6).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from govpipes.catalogue.model import CANDIDATE_COLUMNS, Contract
from govpipes.days import period
from govpipes.errors import GateError
from govpipes.ledger import tables as t
from govpipes.pipeline.claims import HISTORY, RECENCY, claims_table, current_rows_sql, ensure_claims, make_claims
from govpipes.pipeline.expectations import Outcome
from govpipes.pipeline.standardize import Candidate, candidate_of
from govpipes.pipeline.verify import held_because
from govpipes.pipeline.workspace import Step, Workspace, step
from govpipes.sql import column_list, literal
from govpipes.warehouse import LAKE

_FATES = ("inserted", "updated", "unchanged", "superseded", "withdrawn", "late")
_COUNTS = tuple(f"rows_{fate}" for fate in _FATES)
_VERSION = "source_key, cursor, row_hash"


@dataclass(frozen=True, slots=True)
class Publication:
    """What a publication did, by the fate of each accepted row.

    inserted: a record not known before; updated: a newer version of a known one; unchanged: says what is known
    already; superseded: older than what is known, or a duplicate in its own day. withdrawn: claims the day no longer
    makes. late: rows that came after their day had been published. already: nothing was left to do.
    """

    publication_id: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    withdrawn: int
    late: int
    snapshot_id: int
    already: bool
    seconds: float


def publish(ws: Workspace, contract: Contract, day: date, run_id: str) -> Publication:
    """Publish the newest candidate of a dataset-day.

    Raises GateError, and changes nothing, unless a passing verdict was recorded for exactly the candidate's bytes and
    exactly this contract, and its rows balance; WarehouseError when the lake cannot be written.
    """
    with step(ws, contract, day, "publish", run_id) as running:
        table, message = f"claims.{contract.dataset}", f"publish {contract.dataset} {day}"
        if not ws.lake.columns("claims", contract.dataset):
            _allowed(ws, contract, day)
            make_claims(ws)
        candidate, counts, number, already = ws.lake.write(table, message, lambda: _write(ws, running))
        if not ws.ledger.publication_known(number):
            ws.ledger.record(
                t.publications,
                {
                    **running.facts,
                    "publication_id": number,
                    "candidate_sha256": candidate.sha256,
                    "contract_sha256": contract.sha256,
                    **dict(zip(_COUNTS, counts, strict=True)),
                },
            )
        fates = dict(zip(_FATES, counts, strict=True))
        return Publication(number, **fates, snapshot_id=ws.lake.snapshot_id(), already=already, seconds=running.seconds)


def _allowed(ws: Workspace, contract: Contract, day: date) -> Candidate:
    candidate = candidate_of(ws, contract, day)
    verdict = ws.ledger.verdict(contract.dataset, day, candidate.sha256, contract.sha256)
    if verdict is None:
        raise GateError("this candidate has no verdict", next_step="verify it first: `govpipes sync`")
    if not verdict["passed"]:
        raise GateError(
            "held: its verdict says no",
            found=verdict["error"] or held_because(Outcome(**outcome) for outcome in verdict["outcomes"]),
            next_step="see `govpipes quarantine list`; when the department has corrected the rows, sync the day again",
        )
    if candidate.rows_read != candidate.accepted + candidate.quarantined:
        raise GateError(
            "held: its rows do not balance",
            found=f"{candidate.rows_read} read, {candidate.accepted} accepted, {candidate.quarantined} quarantined",
            allowed="read = accepted + quarantined",
        )
    return candidate


def _write(ws: Workspace, running: Step) -> tuple[Candidate, list[int], int, bool]:
    """Inside the lake transaction: the candidate, the counts, the publication that holds it, whether it was there.

    Which candidate is the newest and which number comes next are asked here, under the table's lock: asked earlier,
    another publisher's newer candidate could be taken back, and a fusion could miss a number that comes late.
    """
    contract, day, con = running.contract, running.day, ws.con
    candidate = _allowed(ws, contract, day)
    last = con.execute(
        f"SELECT candidate_sha256, contract_sha256, publication_id, {', '.join(_COUNTS)} "
        f"FROM {LAKE}.pipeline.publications WHERE dataset = ? AND day = ? ORDER BY publication_id DESC LIMIT 1",
        [contract.dataset, day],
    ).fetchone()
    if last and last[:2] == (candidate.sha256, contract.sha256):
        return candidate, list(last[3:]), int(last[2]), True
    publication_id = ws.ledger.next_publication_id()
    ensure_claims(ws, contract)
    _classify(ws, contract, day, candidate)
    counts = _counts(ws, contract, day, first_time=last is None)
    _change(ws, contract, day, candidate, publication_id, counts[4])
    con.execute(
        f"INSERT INTO {LAKE}.pipeline.publications VALUES (?, ?, ?, ?, ?, ?, {', '.join(map(str, counts))}, ?, now())",
        [publication_id, contract.dataset, contract.registry, day, candidate.sha256, contract.sha256, running.run_id],
    )
    return candidate, counts, publication_id, False


def _classify(ws: Workspace, contract: Contract, day: date, candidate: Candidate) -> None:
    """Temp tables: `said` the candidate's rows, `fate` what becomes of each, `unsaid` claims the day no longer makes.

    They name a row by its number in the candidate's file: its items are read once, when they are inserted.
    """
    con, table = ws.con, claims_table(contract)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE said AS SELECT {_VERSION}, {RECENCY} AS recency, file_row_number "
        f"FROM read_parquet({literal(candidate.path)}, file_row_number = true)"
    )
    # nearly every record is said once: only the others are ordered
    con.execute("CREATE OR REPLACE TEMP TABLE twice AS SELECT source_key FROM said GROUP BY ALL HAVING count(*) > 1")
    aged = (
        "SELECT *, 1 AS copy, 1 AS age FROM said ANTI JOIN twice USING (source_key) UNION ALL "
        f"SELECT *, row_number() OVER (PARTITION BY {_VERSION} ORDER BY file_row_number), "
        "row_number() OVER (PARTITION BY source_key ORDER BY recency DESC) FROM said SEMI JOIN twice USING (source_key)"
    )
    of_day = f"SELECT {_VERSION} FROM {table} WHERE source_day = {literal(day)} AND recorded_to IS NULL"
    con.execute(f"CREATE OR REPLACE TEMP TABLE unsaid AS {of_day} EXCEPT SELECT {_VERSION} FROM said")
    if contract.source.mode == "snapshot":  # compared with its predecessor
        known = current_rows_sql(contract, table, day - timedelta(days=1))
    else:
        known = f"SELECT * FROM {table} WHERE recorded_to IS NULL AND source_key IN (SELECT source_key FROM said)"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE fate AS SELECT s.*, "
        "d.source_key IS NOT NULL AS of_day, CASE "
        "WHEN s.copy > 1 THEN 'superseded' "
        "WHEN d.source_key IS NOT NULL THEN 'unchanged' "
        "WHEN s.age > 1 THEN 'superseded' "
        "WHEN n.source_key IS NULL THEN 'inserted' "
        "WHEN n.newest % 9223372036854775808 = s.row_hash THEN 'unchanged' "
        "WHEN s.recency < n.newest THEN 'superseded' "
        f"ELSE 'updated' END AS fate FROM ({aged}) s LEFT JOIN ({of_day}) d USING ({_VERSION}) "
        f"LEFT JOIN (SELECT source_key, max({RECENCY}) AS newest FROM ({known}) GROUP BY source_key) n "
        "USING (source_key)"
    )


def _counts(ws: Workspace, contract: Contract, day: date, *, first_time: bool) -> list[int]:
    start, _ = period(contract.update.cycle, day)
    opening = day <= contract.first_day
    late = "NOT of_day AND copy = 1"
    if first_time:
        late += f" AND cursor < {literal(datetime.combine(start, time.min))}" if not opening else " AND FALSE"
    if contract.source.mode == "snapshot":
        late = "FALSE"
    fates = ", ".join(
        f"count(*) FILTER (fate = '{name}')" for name in ("inserted", "updated", "unchanged", "superseded")
    )
    row = ws.con.execute(
        f"SELECT {fates}, (SELECT count(*) FROM unsaid), count(*) FILTER ({late}) FROM fate"
    ).fetchone()
    assert row is not None
    return [int(value) for value in row]


def _change(
    ws: Workspace, contract: Contract, day: date, candidate: Candidate, publication_id: int, withdrawn: int
) -> None:
    con, table = ws.con, claims_table(contract)
    names = [item.name for item in contract.items] + list(CANDIDATE_COLUMNS)
    con.execute(
        f"INSERT INTO {table} ({column_list(names)}, {column_list(list(HISTORY))}) "
        f"SELECT {column_list(names, 'c')}, {literal(day)}, {publication_id}, now(), NULL, NULL "
        f"FROM read_parquet({literal(candidate.path)}, file_row_number = true) c "
        "SEMI JOIN (SELECT file_row_number FROM fate WHERE NOT of_day AND copy = 1) f USING (file_row_number)"
    )
    if withdrawn:
        con.execute(
            f"UPDATE {table} SET recorded_to = now(), withdrawn_by = {publication_id} "
            f"WHERE source_day = {literal(day)} AND recorded_to IS NULL "
            f"AND ({_VERSION}) IN (SELECT ({_VERSION}) FROM unsaid)"
        )
    for name in ("said", "twice", "unsaid", "fate"):
        con.execute(f"DROP TABLE {name}")
