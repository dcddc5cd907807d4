"""Maintain: everything that keeps an installation small, in the order that is safe.

Landings are never removed: they are what a department said. Dagster's own records are orchestration/maintenance.py's.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, text

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
    # also of releases that go now: who reads one may finish
    referred = maintenance.referred(ws.settings)
    removed = maintenance.remove_releases(ws.settings, kept)
    there = {str(row["release"]) for row in list_releases(ws.settings)}
    of_releases = {int(row["snapshot_id"]) for row in ws.ledger.releases() if row["release"] in there}
    compacted = maintenance.compact(ws.lake)
    snapshots = maintenance.expire(ws.lake, kept, now, of_releases)
    referred |= maintenance.referred(ws.settings)
    files, orphans = maintenance.delete_files(ws.lake, kept, wall_clock(), referred)
    leftovers = _leftovers(ws, kept, now) + maintenance.remove_stale_links(ws.settings, kept, now)
    return Maintained(removed, compacted, snapshots, files, orphans, leftovers)


def _leftovers(ws: Workspace, kept: Kept, now: datetime) -> int:
    """Remove what a killed step left, files the ledger never heard of and temporary ones, and candidates of the past.

    The quarantine of a past candidate stays: its history is read.
    """
    with ws.ledger.engine.connect() as con:
        landed = {*con.execute(select(t.landings.c.landing_id)).scalars()}
        landed |= {*con.execute(select(t.sweeps.c.landing_id)).scalars()}
        candidates = {*con.execute(select(t.candidates.c.candidate_id)).scalars()}
        wanted = {*con.execute(text(_WANTED_CANDIDATES)).scalars()}
    settings = ws.settings
    left = [path for path in settings.landing_dir.glob("*/*/*") if path.name not in landed]
    left += [path for path in settings.candidate_dir.glob("*/*/*.parquet") if path.stem not in wanted]
    left += [path for path in settings.quarantine_dir.glob("*/*/*.parquet") if path.stem not in candidates]
    # a socket's age says nothing: the servers of `govpipes up` listen on theirs for months
    left += [path for path in settings.temp_dir.glob("*") if not path.is_socket()]
    old = [path for path in left if _age(path, now) > kept.grace.total_seconds()]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


_WANTED_CANDIDATES = """
(SELECT DISTINCT ON (dataset, day) candidate_id FROM ledger.candidates ORDER BY dataset, day, sequence DESC)
UNION
SELECT c.candidate_id FROM ledger.candidates c
JOIN (SELECT DISTINCT ON (dataset, day) * FROM ledger.publications ORDER BY dataset, day, publication_id DESC) p
     ON p.dataset = c.dataset AND p.day = c.day AND p.candidate_sha256 = c.sha256
"""
"""The candidates that are the newest of their day, or what was last published of it."""


def _age(path: Path, now: datetime) -> float:
    try:
        return now.timestamp() - datetime.fromtimestamp(path.stat().st_mtime, UTC).timestamp()
    except FileNotFoundError:  # its step has just ended
        return 0.0
