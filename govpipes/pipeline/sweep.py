"""The key sweep: what a table that deletes without a trace has deleted, found by comparing its keys with what is known.

A sweep is a statement of its day like a landing: immutable, and of a day's sweeps the newest counts. It says at the end
of its period which records are gone, and which of those an earlier sweep called gone are back. Whether it is believed
is decided in verify.py (`Source.max_vanished`).
"""

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from govpipes import sources
from govpipes.catalogue.model import Contract
from govpipes.days import closes_on, period, today
from govpipes.duck import LANDED
from govpipes.files import new_id, sha256_of
from govpipes.ledger import tables as t
from govpipes.pipeline.budget import slot
from govpipes.pipeline.claims import claims_table, current_rows_sql
from govpipes.pipeline.land import day_rows, landings_of, window_of
from govpipes.pipeline.standardize_sql import SWEPT, source_key_sql
from govpipes.pipeline.workspace import Step, Workspace, step
from govpipes.sql import ident, literal


def sweep(ws: Workspace, contract: Contract, day: date, run_id: str) -> None:
    """Sweep a dataset-day that was landed, where its contract asks for it then; only the newest period can be swept.

    Nothing is written when the sweep says what the day's last one said. Raises SourceError when the keys cannot be
    read: the day has then failed, and nobody is deleted.
    """
    if not _due(ws, contract, day):
        return
    with step(ws, contract, day, "sweep", run_id) as running:
        made = ws.settings.temp_dir / new_id()
        made.mkdir(parents=True, mode=0o700)
        try:
            _sweep(ws, running, made)
        finally:
            shutil.rmtree(made, ignore_errors=True)
            ws.con.execute("DROP TABLE IF EXISTS swept")


def _sweep(ws: Workspace, running: Step, made: Path) -> None:
    contract, day = running.contract, running.day
    system = sources.resolve(ws.settings, ws.catalogue.data_dir, contract.source.system)
    keys, file = made / "keys.parquet", made / "sweep.parquet"
    with slot(ws, contract):
        sources.keys(ws.con, system, contract.source, None, keys)
    known, gone, revived = _compare(ws, contract, day, keys)
    last = ws.ledger.latest(t.sweeps, contract.dataset, day)
    if not (gone or revived or last):
        return
    _write(ws, contract, day, file)
    sha256 = sha256_of(file)
    if last is None or last["sha256"] != sha256:
        _keep(ws, running, file, sha256, {"known": known, "gone": gone, "revived": revived})


def newest_sweep(ws: Workspace, contract: Contract, day: date) -> dict[str, Any] | None:
    """The day's newest sweep, as its ledger row; None when it has none, or its file is gone."""
    last = ws.ledger.latest(t.sweeps, contract.dataset, day) if contract.source.sweep else None
    return last if last is not None and Path(last["path"]).is_file() else None


def _due(ws: Workspace, contract: Contract, day: date) -> bool:
    """Whether the sweep's own cycle ends with this period, and the source as it is now is what it was then."""
    _, end = period(contract.update.cycle, day)
    newest = ws.ledger.newest_landed(contract.dataset)
    current = newest == day and period(contract.update.cycle, end)[1] > today()
    swept = contract.source.sweep
    return swept is not None and current and closes_on(swept, end - timedelta(days=1)) and _has_claims(ws, contract)


def _has_claims(ws: Workspace, contract: Contract) -> bool:
    return contract.dataset in ws.lake.tables("claims")


def _compare(ws: Workspace, contract: Contract, day: date, keys: Path) -> tuple[int, int, int]:
    """Temp table `swept`: source_key, gone (or back), of the records on which the source and we differ."""
    table = claims_table(contract)
    # what this day's own earlier sweep said is said anew
    others = f"(SELECT * FROM {table} WHERE source_day <> {literal(day)} OR NOT list_contains(flags, {literal(SWEPT)}))"
    ws.con.execute(
        "CREATE OR REPLACE TEMP TABLE swept AS "
        f"SELECT k.source_key, k.is_deleted, list_contains(k.flags, {literal(SWEPT)}) AS by_sweep, "
        f"h.source_key IS NULL AS absent FROM ({current_rows_sql(contract, others, day)}) k "
        f"LEFT JOIN (SELECT DISTINCT {source_key_sql(contract)} AS source_key FROM read_parquet({literal(keys)})) h "
        "USING (source_key)"
    )
    row = ws.con.execute(
        "SELECT count(*) FILTER (NOT is_deleted), count(*) FILTER (NOT is_deleted AND absent), "
        "count(*) FILTER (is_deleted AND by_sweep AND NOT absent) FROM swept"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def _write(ws: Workspace, contract: Contract, day: date, file: Path) -> None:
    """A row per record gone (its key alone), and the last landed row of each that is back."""
    at = literal(_at(contract, day))
    gone = f"SELECT source_key AS swept_key, {at} AS swept_at FROM swept WHERE NOT is_deleted AND absent"
    back = "SELECT source_key FROM swept WHERE is_deleted AND by_sweep AND NOT absent"
    # The row that is back was landed when it was last changed. Had it been changed since, its time of change would
    # have brought it, with this day or an earlier one.
    days = ws.con.execute(
        f"SELECT DISTINCT source_day FROM {claims_table(contract)} WHERE source_key IN ({back}) AND NOT is_deleted"
    ).fetchall()
    parts = [
        f"SELECT * EXCLUDE (landing_id, row_number) FROM ({day_rows(contract, landings)})"
        for (known,) in {*days, (day,)}
        if (landings := landings_of(ws, contract, known))
    ]
    key, cursor = source_key_sql(contract), ident(str(contract.source.cursor))
    revived = (
        f"SELECT *, NULL::VARCHAR AS swept_key, {at} AS swept_at FROM ({' UNION ALL BY NAME '.join(parts)}) "
        f"WHERE {key} IN ({back}) QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {cursor} DESC) = 1"
    )
    query = f"SELECT * FROM ({revived} UNION ALL BY NAME {gone}) ORDER BY ALL"
    ws.con.execute(f"COPY ({query}) TO {literal(file)} ({LANDED})")


def _at(contract: Contract, day: date) -> datetime:
    """The last second of the period, as the source's clock writes it."""
    _, end = window_of(contract, day).bounds(contract.source.time_zone)
    return end.replace(tzinfo=None) - timedelta(seconds=1)


def _keep(ws: Workspace, running: Step, file: Path, sha256: str, figures: dict[str, int]) -> None:
    landing_id = new_id()
    target = ws.day_dir(ws.settings.landing_dir, running.contract, running.day) / landing_id
    described = ws.con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file)]).fetchall()
    columns = [{"name": name, "type": kind} for name, kind, *_ in described]
    target.mkdir(parents=True, mode=0o700)
    file.chmod(0o400)
    file.rename(target / "part.parquet")
    ws.ledger.record(
        t.sweeps,
        {
            **running.facts,
            **figures,
            "landing_id": landing_id,
            "swept_at": _at(running.contract, running.day),
            "sha256": sha256,
            "path": str(target / "part.parquet"),
            "detail": {"columns": columns},
        },
    )
