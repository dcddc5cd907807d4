"""Standardize: one DuckDB scan turns landed rows into a candidate and a quarantine.

Every landed row ends in exactly one of the two; a rejected row carries all its reasons and its raw values.
The SQL itself is made in standardize_sql.py.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from govpipes.catalogue.model import CANDIDATE_COLUMNS, Contract, Entity
from govpipes.duck import PARQUET
from govpipes.errors import GateError, SchemaError, WarehouseError
from govpipes.files import new_id, sha256_of, whole_file
from govpipes.ledger import tables as t
from govpipes.pipeline.datum import Datum, tell, telling_sql
from govpipes.pipeline.drift import retyped
from govpipes.pipeline.land import columns_of, day_rows, end_of, landings_of
from govpipes.pipeline.standardize_sql import standardize_sql
from govpipes.pipeline.sweep import newest_sweep
from govpipes.pipeline.workspace import Step, Workspace, step
from govpipes.sql import column_list, literal


@dataclass(frozen=True, slots=True)
class Candidate:
    """A standardized dataset-day that waits for its verdict.

    sha256: of the candidate file's bytes. reasons, flags: rows per "item:CODE". datum: of a contract that lists
    several. reused: it was there already.
    """

    candidate_id: str
    sha256: str
    contract_sha256: str
    rows_read: int
    accepted: int
    quarantined: int
    flagged: int
    reasons: dict[str, int]
    flags: dict[str, int]
    path: Path
    quarantine_path: Path
    reused: bool
    seconds: float
    datum: Datum | None = None

    @classmethod
    def from_ledger(
        cls, row: dict[str, Any], *, reused: bool, seconds: float, datum: Datum | None = None
    ) -> "Candidate":
        """The candidate a ledger row speaks of."""
        return cls(
            candidate_id=row["candidate_id"],
            sha256=row["sha256"],
            contract_sha256=row["contract_sha256"],
            rows_read=row["rows_read"],
            accepted=row["rows_accepted"],
            quarantined=row["rows_quarantined"],
            flagged=row["rows_flagged"],
            reasons=row["reasons"],
            flags=row["flags"],
            path=Path(row["path"]),
            quarantine_path=Path(row["quarantine_path"]),
            reused=reused,
            seconds=seconds,
            datum=datum,
        )


def standardize(ws: Workspace, contract: Contract, day: date, run_id: str) -> Candidate:
    """Bring a landed dataset-day to the national standards; a day standardized already is returned as it is.

    A datum that was not told before is asked for again: what it is compared with may have come since.
    Raises SchemaError when a column the contract needs is missing (or an unknown one or another type is frozen out),
    WarehouseError when the day has not been landed.
    """
    with step(ws, contract, day, "standardize", run_id) as running:
        landings = landings_of(ws, contract, day)
        if not landings:
            raise WarehouseError(
                "nothing is landed for this day", next_step="materialize landing first, or run `govpipes sync`"
            )
        known = ws.ledger.latest(t.candidates, contract.dataset, day)
        swept = newest_sweep(ws, contract, day)
        ids = [row["landing_id"] for row in (*landings, *([swept] if swept else []))]
        told = None
        if known and (known["landing_ids"], known["contract_sha256"]) == (ids, contract.sha256):
            before = _datum_of(ws, contract, known)
            told = before if before and before.told else _tell(ws, running, *_landed(contract, landings, swept))
            reusable = Candidate.from_ledger(known, reused=True, seconds=running.seconds, datum=told)
            # a candidate whose file was removed is made again, and one that was made under another datum
            if reusable.path.is_file() and (told and told.datum) == (before and before.datum):
                if told and told != before:
                    _record(ws, running, known["candidate_id"], told)
                return reusable
        return _make(ws, running, landings, swept, told)


def candidate_of(ws: Workspace, contract: Contract, day: date) -> Candidate:
    """The newest candidate of a dataset-day, its bytes checked against the ledger.

    Raises GateError when there is none under this contract, or the file was changed or removed.
    """
    row = ws.ledger.latest(t.candidates, contract.dataset, day)
    if row is None:
        raise GateError("this day has no candidate", next_step="land and standardize it first: `govpipes sync`")
    candidate = Candidate.from_ledger(row, reused=True, seconds=0.0)
    if candidate.contract_sha256 != contract.sha256:
        raise GateError(
            "the candidate was made under another version of the contract",
            found=candidate.contract_sha256[:12],
            allowed=contract.sha256[:12],
            next_step=f"standardize it again: `govpipes sync --day {day} --dataset {contract.dataset}`",
        )
    found = sha256_of(candidate.path) if candidate.path.is_file() else "no file"
    if found != candidate.sha256:
        raise GateError(
            "the candidate's file is not the one that was standardized",
            found=found[:12],
            allowed=candidate.sha256[:12],
            next_step=f"remove {candidate.path.name} and sync the day again",
        )
    return candidate


def explain(contract: Contract, entity: Entity, columns: dict[str, str], day: date) -> str:
    """The standardizing SQL as it would run for a day whose landing has these columns (name -> DuckDB type).

    Before it, where the contract lists several datums, the SQL that tells which one the day's points are in.
    """
    landed = (
        "SELECT *, 'landing' AS landing_id, file_row_number + 1 AS row_number\n"
        f"FROM read_parquet('landing/{contract.dataset}/{day}/part.parquet', file_row_number = true)"
    )
    end = end_of(contract, day, columns)
    standardizing = standardize_sql(contract, entity, landed, columns, day, end)
    if contract.located_by is None:
        return standardizing
    telling = telling_sql(contract, entity, landed, columns, end, contract.located_by.entity)
    return (
        f"-- the datum of the points, one of {', '.join(contract.datums)}: the one that is told, else the first\n"
        f"{telling};\n\n-- the day under {contract.datums[0]}\n{standardizing}"
    )


def _make(
    ws: Workspace, running: Step, landings: list[dict[str, Any]], swept: dict[str, Any] | None, told: Datum | None
) -> Candidate:
    contract, day, con = running.contract, running.day, ws.con
    _check_columns(contract, list(columns_of(landings)))
    if contract.unknown_columns == "freeze":
        _check_types(ws, contract, landings[-1])
    rows_sql, columns = _landed(contract, landings, swept)
    told = told or _tell(ws, running, rows_sql, columns)
    entity = ws.catalogue.entity(contract.registry, contract.entity)
    end = end_of(contract, day, columns)
    query = standardize_sql(contract, entity, rows_sql, columns, day, end, told.datum if told else None)
    candidate_id = new_id()
    path = ws.day_dir(ws.settings.candidate_dir, contract, day) / f"{candidate_id}.parquet"
    quarantine_path = ws.day_dir(ws.settings.quarantine_dir, contract, day) / f"{candidate_id}.parquet"
    used = [*landings, *([swept] if swept else [])]
    con.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {query}")
    try:
        with whole_file(ws.settings.temp_dir, path) as made, whole_file(ws.settings.temp_dir, quarantine_path) as bad:
            names = column_list([item.name for item in contract.items] + list(CANDIDATE_COLUMNS))
            con.execute(f"COPY (SELECT {names} FROM judged WHERE len(reasons) = 0) TO {literal(made)} ({PARQUET})")
            con.execute(f"COPY ({_quarantine_sql(rows_sql)}) TO {literal(bad)} ({PARQUET})")
            sha256 = sha256_of(made)
        fact = _fact(ws, running, used, candidate_id, sha256, path, quarantine_path)
    finally:
        con.execute("DROP TABLE IF EXISTS judged")
    if told:
        _record(ws, running, candidate_id, told)
    ws.ledger.record(t.candidates, fact)
    return Candidate.from_ledger(fact, reused=False, seconds=running.seconds, datum=told)


def _landed(
    contract: Contract, landings: list[dict[str, Any]], swept: dict[str, Any] | None
) -> tuple[str, dict[str, str]]:
    """SQL for the rows of a dataset-day, with what a key sweep says, and their columns."""
    rows_sql, columns = day_rows(contract, landings), columns_of(landings)
    if swept is None:
        return rows_sql, columns
    return f"{rows_sql}\nUNION ALL BY NAME {_swept_rows(swept)}", columns | columns_of([swept])


def _tell(ws: Workspace, running: Step, rows_sql: str, columns: dict[str, str]) -> Datum | None:
    return tell(ws, running.contract, rows_sql, columns, end_of(running.contract, running.day, columns))


def _datum_of(ws: Workspace, contract: Contract, candidate: dict[str, Any]) -> Datum | None:
    """The datum a candidate was made under."""
    row = ws.ledger.latest(t.datums, contract.dataset, candidate["day"]) if contract.datums else None
    return Datum.from_ledger(row) if row and row["candidate_id"] == candidate["candidate_id"] else None


def _record(ws: Workspace, running: Step, candidate_id: str, told: Datum) -> None:
    ws.ledger.record(t.datums, {**running.facts, "candidate_id": candidate_id, **told.fact})


def _fact(
    ws: Workspace,
    running: Step,
    landings: list[dict[str, Any]],
    candidate_id: str,
    sha256: str,
    path: Path,
    quarantine_path: Path,
) -> dict[str, Any]:
    counted = ws.con.execute(
        "SELECT count(*), count(*) FILTER (len(reasons) = 0), count(*) FILTER (len(reasons) > 0), "
        "count(*) FILTER (len(reasons) = 0 AND len(flags) > 0) FROM judged"
    ).fetchone()
    assert counted is not None
    return {
        **running.facts,
        "candidate_id": candidate_id,
        "contract_sha256": running.contract.sha256,
        "sha256": sha256,
        "landing_ids": [row["landing_id"] for row in landings],
        "rows_read": counted[0],
        "rows_accepted": counted[1],
        "rows_quarantined": counted[2],
        "rows_flagged": counted[3],
        "reasons": _histogram(ws, "reasons", "TRUE"),
        "flags": _histogram(ws, "flags", "len(reasons) = 0"),
        "path": str(path),
        "quarantine_path": str(quarantine_path),
    }


def _histogram(ws: Workspace, column: str, where: str) -> dict[str, int]:
    rows = ws.con.execute(
        f"SELECT code, count(*) FROM (SELECT unnest({column}) AS code FROM judged WHERE {where}) "
        "GROUP BY code ORDER BY code"
    ).fetchall()
    return {str(code): int(count) for code, count in rows}


def _quarantine_sql(rows_sql: str) -> str:
    """Rejected rows with the source's own values, as JSON, from the landing."""
    return (
        "SELECT q.source_key, q.entity_key, q.cursor, q.reasons, q.flags, q.landing_id, q.row_number, "
        "to_json(r) AS raw FROM (SELECT * FROM judged WHERE len(reasons) > 0) q "
        "JOIN (SELECT landing_id, row_number, struct_pack(*COLUMNS(* EXCLUDE (landing_id, row_number))) AS r "
        f"FROM ({rows_sql})) "
        "USING (landing_id, row_number) ORDER BY q.landing_id, q.row_number"
    )


def _swept_rows(swept: dict[str, Any]) -> str:
    """SQL for what a key sweep says, as `day_rows` gives landed rows."""
    return (
        f"SELECT * EXCLUDE (file_row_number), {literal(swept['landing_id'])} AS landing_id, "
        f"file_row_number + 1 AS row_number FROM read_parquet({literal(swept['path'])}, file_row_number = true)"
    )


def _check_columns(contract: Contract, columns: list[str]) -> None:
    missing = contract.missing_columns_in(columns, required_only=True)
    if missing:
        raise SchemaError(
            f"the source lacks {', '.join(missing)}",
            found=", ".join(columns),
            allowed="every column a required item, the key or the cursor is read from",
            next_step="ask the department, or name the new column in the contract (`from: [new, old]`)",
        )
    unknown = contract.unknown_columns_in(columns)
    if unknown and contract.unknown_columns == "freeze":
        raise SchemaError(
            f"the source has columns the contract does not know: {', '.join(unknown)}",
            allowed="unknown_columns: freeze allows none",
            next_step="add them to the contract as items, or to `unknown_columns: {ignore: […]}`",
        )


def _check_types(ws: Workspace, contract: Contract, landing: dict[str, Any]) -> None:
    """A frozen layout has the types of what was last published; a landing that was published once is accepted."""
    known = ws.ledger.published_landing(contract.dataset, landing["sequence"])
    changed = retyped(known["detail"]["columns"], landing["detail"]["columns"]) if known else []
    if changed:
        raise SchemaError(
            f"columns of the source have another type: {'; '.join(changed)}",
            allowed=f"unknown_columns: freeze allows the types of {known['day'] if known else None}",
            next_step="ask the department; if it is right, let `unknown_columns: warn` stand until a day is published",
        )
