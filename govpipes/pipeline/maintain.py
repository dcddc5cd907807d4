"""Maintain: everything that keeps an installation small, in the order that is safe.

Landings are never removed: they are what a department said. Dagster's own records are orchestration/maintenance.py's.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select, text

from govpipes.days import now as wall_clock
from govpipes.errors import WarehouseError
from govpipes.ledger import tables as t
from govpipes.pipeline.workspace import Workspace
from govpipes.settings import Kept
from govpipes.warehouse import maintenance
from govpipes.warehouse.releases import list_releases

_FEW = 5
"""More landings than this were not all left by killed steps: a process leaves one."""


@dataclass(slots=True)
class Maintained:
    """What was done, or would be. The figures are of things removed.

    compacted: table -> data files before and after (after: None in a plan, DuckLake says so only when it is done).
    bytes: of the removed releases, files, orphans and leftovers, by these names. problem: why it ended early.
    """

    releases: list[str] = field(default_factory=list)
    compacted: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    snapshots: int = 0
    files: int = 0
    orphans: int = 0
    leftovers: int = 0
    events: int = 0
    bytes: dict[str, int] = field(default_factory=dict)
    problem: str | None = None


def maintain(
    ws: Workspace,
    kept: Kept | None = None,
    run_id: str | None = None,
    remove_events: Callable[[], int] | None = None,
) -> Maintained:
    """Remove old releases and snapshots, compact tables, delete what nobody refers to. Twice in a row changes nothing.

    It runs beside syncs and readers: a table's writers wait while it is compacted, readers never do. What was done is
    written to the ledger, also when it ended early. kept: default the settings'. remove_events: shortens Dagster's
    log, tells by how many. Raises WarehouseError, with nothing done, when the ledger is older than the home.
    """
    started, done = time.monotonic(), Maintained()
    try:
        _maintain(ws, kept or ws.settings.kept, done)
        if remove_events is not None:
            done.events = remove_events()
    except Exception as error:
        done.problem = str(error) or type(error).__name__
        raise
    finally:
        seconds = round(time.monotonic() - started, 3)
        ws.ledger.record(t.maintenance, {**asdict(done), "run_id": run_id, "seconds": seconds})
    return done


def plan(ws: Workspace, kept: Kept | None = None, count_events: Callable[[], int] | None = None) -> Maintained:
    """What `maintain` would do now; nothing is changed.

    Files whose snapshot or release goes now are not in it: they stay for the time of grace.
    """
    kept, now, planned = kept or ws.settings.kept, wall_clock(), Maintained()
    try:
        leftovers = _leftovers(ws, kept, now)
    except WarehouseError as error:
        planned.problem = str(error)
        return planned
    leftovers += maintenance.stale_links(ws.settings, kept, now)
    old = maintenance.old_releases(ws.settings, kept)
    planned.releases = [file.stem for file in old]
    planned.compacted = {name: (files, None) for name, files in maintenance.compactable(ws.lake).items()}
    planned.snapshots = len(maintenance.old_snapshots(ws.lake, kept, now, _of_releases(ws, planned.releases)))
    files, orphans = maintenance.unreferred(ws.lake, kept, now, maintenance.referred(ws.settings))
    planned.files, planned.orphans, planned.leftovers = len(files), len(orphans), len(leftovers)
    planned.events = count_events() if count_events is not None else 0
    removed = {"releases": old, "files": files, "orphans": orphans, "leftovers": leftovers}
    planned.bytes = {what: maintenance.size(paths) for what, paths in removed.items()}
    return planned


def _maintain(ws: Workspace, kept: Kept, done: Maintained) -> None:
    now = wall_clock()
    leftovers = _leftovers(ws, kept, now)
    # also of releases that go now: who reads one may finish
    referred = maintenance.referred(ws.settings)
    old = maintenance.old_releases(ws.settings, kept)
    done.releases = [file.stem for file in old]
    done.bytes["releases"] = maintenance.delete([*old, *(file.with_suffix(".json") for file in old)])
    done.compacted = {**maintenance.compact(ws.lake)}
    done.snapshots = maintenance.expire(ws.lake, kept, now, _of_releases(ws, done.releases))
    referred |= maintenance.referred(ws.settings)
    files, orphans = maintenance.delete_files(ws.lake, kept, wall_clock(), referred)
    (done.files, done.bytes["files"]), (done.orphans, done.bytes["orphans"]) = files, orphans
    leftovers += maintenance.stale_links(ws.settings, kept, now)
    done.leftovers, done.bytes["leftovers"] = len(leftovers), maintenance.delete(leftovers)


def _of_releases(ws: Workspace, removed: Sequence[str]) -> set[int]:
    """The snapshots of the releases there are, but for those that go."""
    there = {str(row["release"]) for row in list_releases(ws.settings)} - set(removed)
    return {int(row["snapshot_id"]) for row in ws.ledger.releases() if row["release"] in there}


def _leftovers(ws: Workspace, kept: Kept, now: datetime) -> list[Path]:
    """What a killed step left, files the ledger never heard of and temporary ones, and candidates of the past.

    The quarantine of a past candidate stays: its history is read. Raises WarehouseError when the ledger is older than
    the home.
    """
    settings = ws.settings
    # before the ledger is asked: what is landed in between must not look unknown
    landings = list(settings.landing_dir.glob("*/*/*"))
    files = list(settings.candidate_dir.glob("*/*/*.parquet"))
    rejected = list(settings.quarantine_dir.glob("*/*/*.parquet"))
    with ws.ledger.engine.connect() as con:
        landed = {*con.execute(select(t.landings.c.landing_id)).scalars()}
        landed |= {*con.execute(select(t.sweeps.c.landing_id)).scalars()}
        candidates = {*con.execute(select(t.candidates.c.candidate_id)).scalars()}
        wanted = {*con.execute(text(_WANTED_CANDIDATES)).scalars()}
        newest = con.execute(select(func.max(t.steps.c.at))).scalar()
    unknown = [path for path in landings if path.name not in landed]
    left = [path for path in unknown if _age(path, now) > kept.grace.total_seconds()]
    _break(unknown, [path for path in left if newest is None or _age(path, newest) < 0], newest)
    others = [path for path in files if path.stem not in wanted]
    others += [path for path in rejected if path.stem not in candidates]
    # a socket's age says nothing: the servers of `govpipes up` listen on theirs for months
    others += [path for path in settings.temp_dir.glob("*") if not path.is_socket()]
    return left + [path for path in others if _age(path, now) > kept.grace.total_seconds()]


def _break(unknown: Sequence[Path], younger: Sequence[Path], newest: datetime | None) -> None:
    """The breaker: a ledger restored from an older backup knows nothing of what was landed since, which is no rubbish.

    Nor does the lake's catalogue in the same PostgreSQL know the files written since: nothing at all is removed then.
    """
    if len(unknown) <= _FEW and not younger:
        return
    told = f"{len(unknown)} landings the ledger does not know"
    if younger:
        told += f", {len(younger)} of them newer than its newest entry ({newest or 'there is none'})"
    days = sorted({f"{path.parent.parent.name}/{path.parent.name}" for path in younger or unknown})
    raise WarehouseError(
        "PostgreSQL looks older than the home (restored from a backup?): nothing is removed",
        found=f"{told}: {', '.join(days[:10])}{' …' if len(days) > 10 else ''}",
        allowed=f"at most {_FEW}, left by killed steps before the ledger's newest entry",
        next_step="restore PostgreSQL and home of one moment; if that cannot be, move these folders out of landing/ to "
        "a safe place, run `govpipes reconcile`, which reads what the sources still have, and maintain again",
    )


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
