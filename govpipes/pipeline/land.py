"""Land: read one period of a department's system into immutable Parquet with a manifest.

Landing keeps every column and every row as the source gave them; what they mean is for standardize.
A source that changes in place forgets, so reading a day again adds what is new and never takes away what an earlier
reading landed (DESIGN.md D6). A file or a full dump states its whole period: there the newest reading counts.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from govpipes import sources
from govpipes.catalogue.model import Contract
from govpipes.days import now, period, today
from govpipes.errors import SchemaError, SourceError
from govpipes.files import new_id, sha256_of, write_json
from govpipes.ledger import tables as t
from govpipes.pipeline.budget import slot
from govpipes.pipeline.drift import drift, keys_replaced_sql
from govpipes.pipeline.standardize_sql import cursor_sql
from govpipes.pipeline.workspace import Step, Workspace, step
from govpipes.sources import Extract, Window
from govpipes.sql import column_list, ident, literal

_OWN_COLUMNS = frozenset(
    {"filename", "file_row_number", "landing_id", "landing_order", "row_number", "swept_at", "swept_key", "tombstone"}
)
"""What a landing adds beside a source's columns, and what DuckDB adds to read them."""


Reader = Callable[[Window, Path], Extract]
"""What gives the rows of a window: writes them to the file, as sources.extract does."""


@dataclass(frozen=True, slots=True)
class Landing:
    """What a reading of a dataset-day landed.

    rows: what the source gave this time; new_rows: how many of them were not landed before; new: whether a landing
    was added. unknown_columns are in the source but not in the contract, missing_columns the other way round.
    """

    landing_id: str
    dataset: str
    day: date
    rows: int
    new_rows: int
    new: bool
    path: Path
    unknown_columns: list[str]
    missing_columns: list[str]
    skipped: list[dict[str, Any]]
    seconds: float


def land(ws: Workspace, contract: Contract, day: date, run_id: str, read: Reader | None = None) -> Landing:
    """Read the period that starts on `day` from its source system and land it.

    read: takes the place of the source system (chunk.py). Raises SourceError (SchemaError) when the source cannot be
    read as the contract says, WarehouseError when the disk is full; nothing is landed then.
    """
    with step(ws, contract, day, "land", run_id) as running:
        if day > today():
            raise SourceError("this day has not begun", allowed=f"days up to {today()}")
        past = _past_dump(ws, running)
        if past is not None:
            return past
        made = ws.settings.temp_dir / new_id()
        made.mkdir(parents=True, mode=0o700)
        try:
            return _read(ws, running, made / "part.parquet", read)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def window_of(contract: Contract, day: date) -> Window:
    """The cursor window of a period; the contract's first period also takes everything older (the opening stock)."""
    start, end = period(contract.update.cycle, day)
    first, _ = period(contract.update.cycle, contract.update.start)
    opening = None if start <= first else datetime.combine(start, time.min)
    return Window(start=opening, end=datetime.combine(end, time.min))


def landings_of(ws: Workspace, contract: Contract, day: date) -> list[dict[str, Any]]:
    """The landings of a dataset-day that are there, oldest first; what was removed by hand is read again as new."""
    return [row for row in ws.ledger.landings_of(contract.dataset, day) if Path(row["path"]).is_file()]


def columns_of(landings: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The landed columns and their DuckDB types, of several landings the newest's."""
    return {column["name"]: column["type"] for landing in landings for column in landing["detail"]["columns"]}


def end_of(contract: Contract, day: date, columns: Mapping[str, str]) -> datetime:
    """Where the period ends, as the cursor writes it: an instant is cast to Asia/Shanghai, other times are as given."""
    source = contract.source
    instant = columns.get(source.cursor or "", "TIMESTAMP WITH TIME ZONE") == "TIMESTAMP WITH TIME ZONE"
    _, end = window_of(contract, day).bounds("Asia/Shanghai" if instant else source.time_zone)
    return end.replace(tzinfo=None)


def day_rows(contract: Contract, landings: Sequence[dict[str, Any]]) -> str:
    """SQL for the landed rows of a dataset-day, with `landing_id` and `row_number` (from 1) beside the columns.

    For a source that changes in place: of each key the rows of the newest landing that has it, and of the newest that
    has it with a time of change of this period: one that is wrong takes nothing away. Else: the newest landing.
    """
    if contract.source.mode != "incremental":
        landings = landings[-1:]
    ids = ", ".join(f"({literal(row['path'])}, {literal(row['landing_id'])}, {n})" for n, row in enumerate(landings))
    paths = "[" + ", ".join(literal(row["path"]) for row in landings) + "]"
    query = (
        "SELECT p.* EXCLUDE (filename, file_row_number), l.landing_id, p.file_row_number + 1 AS row_number, "
        "l.landing_order\n"
        f"FROM read_parquet({paths}, union_by_name = true, filename = true, file_row_number = true) p\n"
        f"JOIN (VALUES {ids}) l(filename, landing_id, landing_order) USING (filename)"
    )
    if len(landings) > 1:
        keys = column_list(list(contract.source.key), "p")
        empty = " OR ".join(f"p.{ident(key)} IS NULL" for key in contract.source.key)
        columns = columns_of(landings)
        end = end_of(contract, landings[-1]["day"], columns)
        dated = f"CASE WHEN {cursor_sql(contract, columns, end)} < {literal(end)} THEN l.landing_order END"
        newest = [f"max({order}) OVER (PARTITION BY {keys})" for order in ("l.landing_order", dated)]
        query += f"\nQUALIFY l.landing_order = {newest[0]} OR {dated} = {newest[1]} OR {empty}"
    return f"SELECT * EXCLUDE (landing_order) FROM ({query})"


def _past_dump(ws: Workspace, running: Step) -> Landing | None:
    """A dump that shows only the present cannot be read for a period when a newer one has been landed: what was landed
    for it stands. None where the source can be read.
    """
    contract, day = running.contract, running.day
    source = contract.source
    newest = ws.ledger.newest_landed(contract.dataset)
    if source.mode != "snapshot" or "%" in (source.file or "") or newest is None or newest <= day:
        return None
    landings = landings_of(ws, contract, day)
    if not landings:
        raise SourceError(
            "the source shows only its present state, and a newer period has been landed",
            found=f"{newest} is landed",
            allowed="the newest period, or one that was landed in its time",
        )
    kept = landings[-1]
    columns = [column["name"] for column in kept["detail"]["columns"]]
    return Landing(
        landing_id=kept["landing_id"],
        dataset=contract.dataset,
        day=day,
        rows=kept["rows"],
        new_rows=0,
        new=False,
        path=Path(kept["path"]),
        unknown_columns=contract.unknown_columns_in(columns),
        missing_columns=contract.missing_columns_in(columns),
        skipped=kept["detail"]["skipped"],
        seconds=running.seconds,
    )


def _read(ws: Workspace, running: Step, file: Path, read: Reader | None) -> Landing:
    contract, day = running.contract, running.day
    window = window_of(contract, day)
    if read is None:
        window = replace(window, future=now() + timedelta(days=1))
        system = sources.resolve(ws.settings, ws.catalogue.data_dir, contract.source.system)
        with slot(ws, contract):
            extract = sources.extract(ws.con, system, contract.source, window, day, file)
    else:
        extract = read(window, file)
    return _take(ws, running, file, window, extract)


def _take(ws: Workspace, running: Step, file: Path, window: Window, extract: Extract) -> Landing:
    """Land a reading that lies in `file`, in a folder of its own: what of it is new becomes a landing."""
    contract, day = running.contract, running.day
    given = {"tombstone"} if contract.source.tombstones else set()
    taken = sorted(_OWN_COLUMNS.intersection(column.name.lower() for column in extract.columns) - given)
    if taken:
        raise SchemaError(
            f"the source has a column named {', '.join(taken)}, a name the landing uses itself",
            next_step="have the department read through a view that names the column otherwise",
        )
    content = _content(ws, file)
    earlier = landings_of(ws, contract, day)
    new_rows = _new_rows(ws, contract, file, content, extract.rows, earlier)
    columns = [column.name for column in extract.columns]
    skipped = [dict(line) for line in extract.skipped]
    described = [asdict(column) for column in extract.columns]
    before = ws.ledger.landing_before(contract.dataset, day)
    detail: dict[str, Any] = {
        "columns": described,
        "drift": drift(before["detail"]["columns"], described) if before and described else [],
        "files": [asdict(read) for read in extract.files],
        "skipped": skipped,
        "notes": list(extract.notes),
        "statement": extract.statement,
    }
    replaced = _replaced(ws, contract, file, extract, new_rows, earlier)
    if replaced is not None:
        detail["replaced"] = replaced
    new = bool(new_rows) or not earlier or replaced is not None
    if new:
        landing_id = _keep(ws, running, file, window, content, extract.rows, detail)
    else:
        landing_id = str(earlier[-1]["landing_id"])
    target = ws.day_dir(ws.settings.landing_dir, contract, day) / landing_id
    ws.ledger.record(
        t.readings, {**running.facts, "landing_id": landing_id, "rows": extract.rows, "new_rows": new_rows}
    )
    return Landing(
        landing_id=landing_id,
        dataset=contract.dataset,
        day=day,
        rows=extract.rows,
        new_rows=new_rows,
        new=new,
        path=target / "part.parquet",
        unknown_columns=contract.unknown_columns_in(columns),
        missing_columns=contract.missing_columns_in(columns),
        skipped=skipped,
        seconds=running.seconds,
    )


def _keep(
    ws: Workspace,
    running: Step,
    file: Path,
    window: Window,
    content: str,
    rows: int,
    detail: dict[str, Any],
) -> str:
    """Give the landing its manifest and its place, then write it down: files first, then the ledger."""
    landing_id, made = new_id(), file.parent
    target = ws.day_dir(ws.settings.landing_dir, running.contract, running.day) / landing_id
    fact = {
        **running.facts,
        "landing_id": landing_id,
        "rows": rows,
        "sha256": sha256_of(file),
        "content": content,
        "path": str(target / file.name),
        "window_start": window.start,
        "window_end": window.end,
        "detail": detail,
    }
    write_json(made / "manifest.json", fact)
    write_json(made / "contract.json", running.contract.model_dump(mode="json"))
    for part in made.iterdir():
        part.chmod(0o400)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made.rename(target)
    ws.ledger.record(t.landings, fact)
    return landing_id


def _content(ws: Workspace, file: Path) -> str:
    """A hash of a Parquet file's rows that does not depend on their order."""
    return str(
        ws.lake.one(
            "SELECT count(*) || ':' || coalesce(sum(hash(r)::HUGEINT), 0)::VARCHAR FROM read_parquet(?) r", [str(file)]
        )
    )


def _new_rows(
    ws: Workspace, contract: Contract, file: Path, content: str, rows: int, earlier: Sequence[dict[str, Any]]
) -> int:
    """How many of the rows just read the day does not hold yet.

    For whole statements (files, dumps) a difference in either direction counts, as a missing row is news there.
    """
    if not earlier:
        return rows
    if contract.source.mode != "incremental":
        return 0 if earlier[-1]["content"] == content else max(rows, 1)
    if any(row["content"] == content for row in earlier[-1:]):
        return 0
    known = day_rows(contract, earlier)
    return int(
        ws.lake.one(
            "SELECT count(*) FROM (SELECT hash(r) AS h FROM read_parquet(?) r) "
            f"WHERE h NOT IN (SELECT hash(r) FROM (SELECT * EXCLUDE (landing_id, row_number) FROM ({known})) r)",
            [str(file)],
        )
    )


def _replaced(
    ws: Workspace, contract: Contract, file: Path, extract: Extract, new_rows: int, earlier: Sequence[dict[str, Any]]
) -> dict[str, int] | None:
    """How many keys are new, gone and changed when a period stated before is stated again: other rows, or a file of
    the same name with other bytes. None when nothing of it is new.
    """
    if not earlier or contract.source.mode == "incremental":
        return None
    before, now = earlier[-1]["detail"]["files"], extract.files
    if not new_rows and [one["sha256"] for one in before] == [one.sha256 for one in now]:
        return None
    found = ws.con.execute(keys_replaced_sql(contract, Path(earlier[-1]["path"]), file)).fetchone()
    assert found is not None
    return dict(zip(("new", "gone", "changed"), map(int, found), strict=True))
