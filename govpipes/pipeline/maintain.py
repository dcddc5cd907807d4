"""Maintain: everything that keeps an installation small, in the order that is safe.

Landings are never removed: they are what a department said. Dagster's own records are orchestration/maintenance.py's.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from govpipes.days import now as wall_clock
from govpipes.ledger import tables as t
from govpipes.pipeline.workspace import Workspace
from govpipes.warehouse import maintenance
from govpipes.warehouse.maintenance import Kept
from govpipes.warehouse.releases import list_releases


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done. compacted: table -> data files before and after. The other figures are of things removed."""

    releases: list[str]
    compacted: dict[str, tuple[int, int]]
    snapshots: int
    files: int
    orphans: int
    leftovers: int


def maintain(ws: Workspace, kept: Kept | None = None) -> Maintained:
    """Remove old releases and snapshots, compact tables, delete what nobody refers to. Twice in a row changes nothing.

    It runs beside syncs and readers: a table's writers wait while it is compacted, readers never do.
    """
    kept, now = kept or Kept(), wall_clock()
    removed = maintenance.remove_releases(ws.settings, kept)
    there = {str(row["release"]) for row in list_releases(ws.settings)}
    of_releases = {int(row["snapshot_id"]) for row in ws.ledger.releases() if row["release"] in there}
    compacted = maintenance.compact(ws.lake)
    snapshots = maintenance.expire(ws.lake, kept, now, of_releases)
    files, orphans = maintenance.delete_files(ws.lake, ws.settings, kept, wall_clock())
    return Maintained(removed, compacted, snapshots, files, orphans, _leftovers(ws, kept, now))


def _leftovers(ws: Workspace, kept: Kept, now: datetime) -> int:
    """Remove what a killed step left: files the ledger never heard of, and temporary ones."""
    with ws.ledger.engine.connect() as con:
        landed = {*con.execute(select(t.landings.c.landing_id)).scalars()}
        landed |= {*con.execute(select(t.sweeps.c.landing_id)).scalars()}
        candidates = {*con.execute(select(t.candidates.c.candidate_id)).scalars()}
    settings = ws.settings
    left = [path for path in settings.landing_dir.glob("*/*/*") if path.name not in landed]
    for folder in (settings.candidate_dir, settings.quarantine_dir):
        left += [path for path in folder.glob("*/*/*.parquet") if path.stem not in candidates]
    left += settings.temp_dir.glob("*")
    old = [path for path in left if _age(path, now) > kept.grace.total_seconds()]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


def _age(path: Path, now: datetime) -> float:
    try:
        return now.timestamp() - datetime.fromtimestamp(path.stat().st_mtime, UTC).timestamp()
    except FileNotFoundError:  # its step has just ended
        return 0.0
