"""Reading many periods at once: an incremental table is read once for all of them, then cut by its cursor.

Each day gets the landing it would have got alone. Files and dumps are one reading per period in any case. What becomes
of a reading is land's.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from govpipes import sources
from govpipes.catalogue.model import Contract
from govpipes.days import now
from govpipes.duck import LANDED
from govpipes.errors import GovpipesError
from govpipes.files import new_id
from govpipes.pipeline.budget import slot
from govpipes.pipeline.land import Reader, window_of
from govpipes.pipeline.workspace import Workspace
from govpipes.sources import TEXT_TIMES, Extract, Window
from govpipes.sql import ident, literal


@contextmanager
def read_together(ws: Workspace, contract: Contract, days: Sequence[date]) -> Iterator[Reader | None]:
    """One reading of consecutive periods, oldest first, for `land(…, read=…)` of each; None: read them one by one.

    None is also for a reading that fails, so that the day at fault fails alone, with its own message. Rows without a
    time of change, or with one after all these periods, are given to the last of them.
    """
    if len(days) < 2 or contract.source.mode != "incremental":
        yield None
        return
    made = ws.settings.temp_dir / new_id()
    made.mkdir(parents=True, mode=0o700)
    try:
        yield _read(ws, contract, days, made / "chunk.parquet")
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _read(ws: Workspace, contract: Contract, days: Sequence[date], file: Path) -> Reader | None:
    first, last = window_of(contract, days[0]), window_of(contract, days[-1])
    whole = replace(last, start=first.start, future=now() + timedelta(days=1))
    try:
        system = sources.resolve(ws.settings, ws.catalogue.data_dir, contract.source.system)
        with slot(ws, contract):
            extract = sources.extract(ws.con, system, contract.source, whole, days[0], file)
    except GovpipesError:
        return None
    form = _form(ws, contract, extract, file)
    if form is None:
        return None
    written = form

    def read(window: Window, target: Path) -> Extract:
        within = _within(contract, window, written, everything_after=window.end == whole.end)
        query = f"SELECT * FROM read_parquet({literal(file)}) WHERE {within}"
        row = ws.con.execute(f"COPY ({query}) TO {literal(target)} ({LANDED})").fetchone()
        assert row is not None
        return replace(extract, rows=int(row[0]))

    return read


def _form(ws: Workspace, contract: Contract, extract: Extract, file: Path) -> str | None:
    """How the landed cursor writes a moment: a type of DuckDB, or a strftime pattern; None when it cannot be cut."""
    cursor = contract.source.cursor
    kind = next((column.type for column in extract.columns if column.name == cursor), "")
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return kind
    column = ident(str(cursor))
    row = ws.con.execute(
        f"SELECT min({column}), max({column}) FROM read_parquet(?) WHERE {column} <> ''", [str(file)]
    ).fetchone()
    values = [str(value) for value in row or () if value is not None]
    fitting = (pattern for shape, pattern in TEXT_TIMES.items() if all(re.fullmatch(shape, v) for v in values))
    return next(fitting, None) if kind == "VARCHAR" else None


def _within(contract: Contract, window: Window, form: str, *, everything_after: bool) -> str:
    start, end = window.bounds(contract.source.time_zone)
    cursor = ident(str(contract.source.cursor))
    begun = "TRUE" if start is None else f"{cursor} >= {_moment(start, form)}"
    ended = f"coalesce({cursor} < {_moment(end, form)}, FALSE)"
    if everything_after:
        return f"({begun} AND {ended}) OR NOT {ended}"
    return f"{begun} AND {ended}"


def _moment(moment: datetime, form: str) -> str:
    if form == "DATE":
        return literal(moment.date())
    if form == "TIMESTAMP WITH TIME ZONE":
        return f"TIMESTAMPTZ {literal(moment.isoformat(sep=' '))}"
    if form.startswith("TIMESTAMP"):
        return literal(moment.replace(tzinfo=None))
    return literal(moment.strftime(form))
