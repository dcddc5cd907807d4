"""Keeping the lake small: old releases, small files, old snapshots, files nobody refers to.

All of it is safe beside open releases and running writers: a table is compacted under its lock, and no file that a kept
release refers to is deleted. What only the ledger can tell (landings, candidates) is pipeline/maintain.py's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from govpipes.duck import connect
from govpipes.settings import Settings
from govpipes.sql import literal
from govpipes.warehouse.lake import LAKE, Lake
from govpipes.warehouse.releases import current_name, list_releases

_SCHEDULED = f"__ducklake_metadata_{LAKE}.{LAKE}.ducklake_files_scheduled_for_deletion"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept. grace: files younger than this may belong to a writer that has not committed yet."""

    releases: int = 30
    snapshots: timedelta = timedelta(days=30)
    grace: timedelta = timedelta(hours=24)


def remove_releases(settings: Settings, kept: Kept) -> list[str]:
    """Remove all but the newest releases; the current one always stays. A reader that has one open keeps its file."""
    current = current_name(settings)
    old = [row for row in list_releases(settings)[kept.releases :] if row["release"] != current]
    for row in old:
        Path(str(row["path"])).unlink()
    return [str(row["release"]) for row in old]


def compact(lake: Lake) -> dict[str, tuple[int, int]]:
    """Merge the small files of every table, each under its lock: files before and after, where that changed them."""
    tables = lake.con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY ALL", [LAKE]
    ).fetchall()
    changed = {}
    for schema, table in tables:
        before = _files(lake, schema, table)
        if before < 2:
            continue
        merge = f"CALL ducklake_merge_adjacent_files({literal(LAKE)}, {literal(table)}, schema => {literal(schema)})"
        name = f"{schema}.{table}"
        lake.write(name, f"compact {name}", lambda merge=merge: lake.con.execute(merge).fetchall())  # type: ignore[misc]
        after = _files(lake, schema, table)
        if after != before:
            changed[name] = (before, after)
    return changed


def expire(lake: Lake, kept: Kept, now: datetime, of_releases: set[int]) -> int:
    """Forget snapshots older than allowed, but for the newest and those of kept releases; returns how many."""
    rows = lake.con.execute(
        f"SELECT snapshot_id FROM ducklake_snapshots({literal(LAKE)}) WHERE snapshot_time < ?", [now - kept.snapshots]
    ).fetchall()
    old = sorted({int(number) for (number,) in rows} - of_releases - {lake.snapshot_id()})
    if old:
        versions = ", ".join(map(str, old))
        lake.con.execute(f"CALL ducklake_expire_snapshots({literal(LAKE)}, versions => [{versions}])")
    return len(old)


def delete_files(lake: Lake, settings: Settings, kept: Kept, now: datetime) -> tuple[int, int]:
    """Delete files no snapshot has any more, and what a killed writer left; returns how many of either.

    A file that a kept release refers to stays until the release goes.
    """
    referred = _referred(settings)
    before = now - kept.grace
    listed = lake.con.execute(
        f"CALL ducklake_cleanup_old_files({literal(LAKE)}, dry_run => true, older_than => {_moment(before)})"
    ).fetchall()
    done = [path for (path,) in listed if str(path) not in referred]
    for path in done:
        Path(path).unlink(missing_ok=True)
    names = {Path(path).name for path in done}
    if names:
        within = ", ".join(literal(name) for name in sorted(names))
        lake.con.execute(f"DELETE FROM {_SCHEDULED} WHERE regexp_extract(path, '[^/]+$') IN ({within})")
    orphans = lake.con.execute(
        f"CALL ducklake_delete_orphaned_files({literal(LAKE)}, dry_run => true, older_than => {_moment(before)})"
    ).fetchall()
    lost = [path for (path,) in orphans if str(path) not in referred]
    for path in lost:
        Path(path).unlink(missing_ok=True)
    return len(done), len(lost)


def _referred(settings: Settings) -> set[str]:
    """The files that the releases there are refer to."""
    found: set[str] = set()
    for row in list_releases(settings):
        con = connect(settings, "ducklake")
        try:
            con.execute(f"ATTACH {literal('ducklake:' + str(row['path']))} AS copy (READ_ONLY)")
            tables = con.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'copy'"
            ).fetchall()
            for schema, table in tables:
                files = con.execute(
                    f"SELECT data_file, delete_file FROM ducklake_list_files('copy', {literal(table)}, "
                    f"schema => {literal(schema)})"
                ).fetchall()
                found |= {str(path) for pair in files for path in pair if path is not None}
        finally:
            con.close()
    return found


def _files(lake: Lake, schema: str, table: str) -> int:
    return int(
        lake.one(
            f"SELECT count(*) FROM ducklake_list_files({literal(LAKE)}, {literal(table)}, schema => {literal(schema)})"
        )
    )


def _moment(at: datetime) -> str:
    return f"TIMESTAMPTZ {literal(at.isoformat(sep=' '))}"
