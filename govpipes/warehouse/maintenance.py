"""Keeping the lake small: old releases, small files, old snapshots, files nobody refers to.

All of it is safe beside open releases and running writers: a table is compacted under its lock, a bounded part at a
time, and no file that a release refers to is deleted. A release being made waits, as it must find the lake's files as
it copied them. What only the ledger can tell (landings, candidates) is pipeline/maintain.py's.
"""

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from govpipes.duck import connect
from govpipes.settings import Kept, Settings
from govpipes.sql import literal
from govpipes.warehouse.lake import LAKE, Lake
from govpipes.warehouse.releases import CURRENT, current_name, list_releases

_CATALOGUE = f"__ducklake_metadata_{LAKE}.{LAKE}"
_SMALL_BYTES = 64 * 1024**2
_REWRITE_BYTES = 256 * 1024**2
_DELETED_SHARE = 0.1
_SCHEDULED = f"__ducklake_metadata_{LAKE}.{LAKE}.ducklake_files_scheduled_for_deletion"


def old_releases(settings: Settings, kept: Kept) -> list[Path]:
    """The files of all but the newest releases; the current one always stays. Who has one open keeps its file."""
    current = current_name(settings)
    return [Path(str(row["path"])) for row in list_releases(settings)[kept.releases :] if row["release"] != current]


def stale_links(settings: Settings, kept: Kept, now: datetime) -> list[Path]:
    """What was left of pointers whose maker was killed before it moved them."""
    before = (now - kept.grace).timestamp()
    return [link for link in settings.releases_dir.glob(f".{CURRENT}.*") if link.lstat().st_mtime < before]


def size(paths: Iterable[Path]) -> int:
    """The bytes of these files, and of what is in these folders; what has gone meanwhile counts nothing."""
    return sum(_bytes(path) for path in paths)


def delete(paths: Iterable[Path]) -> int:
    """Delete these files and folders; the bytes they had."""
    removed = 0
    for path in paths:
        removed += _bytes(path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return removed


def _bytes(path: Path) -> int:
    try:
        if path.is_dir() and not path.is_symlink():
            return sum(_bytes(inner) for inner in path.iterdir())
        return path.lstat().st_size
    except FileNotFoundError:  # its step has just ended
        return 0


def compactable(lake: Lake) -> dict[str, int]:
    """The tables that `compact` would look into, and their data files: small ones side by side, or with deleted rows.

    How many files are left is DuckLake's to say, afterwards.
    """
    rows = lake.con.execute(
        "WITH part AS (SELECT data_file_id, list(partition_value ORDER BY partition_key_index) AS part "
        f"FROM {_CATALOGUE}.ducklake_file_partition_value GROUP BY data_file_id), "
        "held AS (SELECT s.schema_name || '.' || t.table_name AS name, part, "
        f"d.file_size_bytes < {_SMALL_BYTES} AS small, x.data_file_id IS NOT NULL AS deleting "
        f"FROM {_CATALOGUE}.ducklake_data_file d "
        f"JOIN {_CATALOGUE}.ducklake_table t ON t.table_id = d.table_id AND t.end_snapshot IS NULL "
        f"JOIN {_CATALOGUE}.ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL "
        "LEFT JOIN part USING (data_file_id) "
        f"LEFT JOIN (SELECT DISTINCT data_file_id FROM {_CATALOGUE}.ducklake_delete_file WHERE end_snapshot IS NULL) x "
        "USING (data_file_id) WHERE d.end_snapshot IS NULL) "
        "SELECT name, sum(files)::BIGINT FROM (SELECT name, count(*) AS files, "
        "bool_or(deleting) OR count(*) FILTER (small) > 1 AS wanted FROM held GROUP BY name, part) "
        "GROUP BY name HAVING bool_or(wanted) ORDER BY name"
    ).fetchall()
    return {str(name): int(files) for name, files in rows}


def compact(lake: Lake) -> dict[str, tuple[int, int]]:
    """Make few files of every table's many, each under its lock: files before and after, where that changed them.

    Files with many deleted rows are written without them first: a file with deletes is never merged.
    """
    tables = lake.con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY ALL", [LAKE]
    ).fetchall()
    changed = {}
    for schema, table in tables:
        before, deleting = _files(lake, schema, table)
        if before < 2 and not deleting:
            continue
        _rewrite_deleted(lake, schema, table)
        # one merged file (at most 512 MB) at a time, so that a writer waits for seconds
        merge = _call(
            "merge_adjacent_files", schema, table, f"max_compacted_files => 1, max_file_size => {_SMALL_BYTES}"
        )
        while _locked(lake, schema, table, merge):
            pass
        after = _files(lake, schema, table)
        if after != (before, deleting):
            changed[f"{schema}.{table}"] = (before, after[0])
    return changed


def old_snapshots(lake: Lake, kept: Kept, now: datetime, of_releases: set[int]) -> list[int]:
    """The snapshots older than allowed, but for the newest and those of kept releases."""
    rows = lake.con.execute(
        f"SELECT snapshot_id FROM ducklake_snapshots({literal(LAKE)}) WHERE snapshot_time < ?",
        [now - kept.snapshots],
    ).fetchall()
    return sorted({int(number) for (number,) in rows} - of_releases - {lake.snapshot_id()})


def expire(lake: Lake, kept: Kept, now: datetime, of_releases: set[int]) -> int:
    """Forget the old snapshots; returns how many."""
    with lake.lock("release"):
        old = old_snapshots(lake, kept, now, of_releases)
        if old:
            versions = ", ".join(map(str, old))
            call = f"CALL ducklake_expire_snapshots({literal(LAKE)}, versions => [{versions}])"
            lake.write("snapshots", "expire snapshots", lambda: lake.con.execute(call).fetchall())
    return len(old)


def unreferred(lake: Lake, kept: Kept, now: datetime, referred: set[str]) -> tuple[list[Path], list[Path]]:
    """The files no snapshot has any more, and what killed writers left; without what releases refer to."""
    before = now - kept.grace
    old = _listed(lake, "cleanup_old_files", before, referred)
    return old, _listed(lake, "delete_orphaned_files", before, referred)


def delete_files(lake: Lake, kept: Kept, now: datetime, referred: set[str]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Delete what is unreferred: of either, how many files and their bytes.

    referred: names of the files that releases refer to. They stay, and their time of grace begins anew each time, so
    that a reader of a release removed today can still finish.
    """
    with lake.lock("release"):
        if referred:
            names = ", ".join(literal(name) for name in sorted(referred))
            # DuckLake notes the time of the merge, not of the last release that needed the file
            lake.con.execute(
                f"UPDATE {_SCHEDULED} SET schedule_start = {_moment(now)} WHERE parse_filename(path) IN ({names})"
            )
        done, lost = unreferred(lake, kept, now, referred)
        freed = delete(done), delete(lost)
        if done:
            names = ", ".join(literal(path.name) for path in done)
            lake.con.execute(f"DELETE FROM {_SCHEDULED} WHERE parse_filename(path) IN ({names})")
    return (len(done), freed[0]), (len(lost), freed[1])


def _listed(lake: Lake, function: str, before: datetime, referred: set[str]) -> list[Path]:
    """What one of DuckLake's functions would delete, but for what releases refer to."""
    listed = lake.con.execute(
        f"CALL ducklake_{function}({literal(LAKE)}, dry_run => true, older_than => {_moment(before)})"
    ).fetchall()
    return sorted({path for path in (Path(str(row[0])) for row in listed) if path.name not in referred})


def _rewrite_deleted(lake: Lake, schema: str, table: str) -> None:
    """Write files without their deleted rows, the emptiest first and a bounded part at a time."""
    while True:
        rows = lake.con.execute(
            "SELECT share, sum(bytes) OVER (ORDER BY share DESC), sum(bytes) OVER () FROM ("
            "SELECT d.file_size_bytes AS bytes, x.delete_count / d.record_count AS share "
            f"FROM {_CATALOGUE}.ducklake_data_file d JOIN {_CATALOGUE}.ducklake_delete_file x USING (data_file_id) "
            f"JOIN {_CATALOGUE}.ducklake_table t ON t.table_id = d.table_id "
            f"JOIN {_CATALOGUE}.ducklake_schema s USING (schema_id) "
            "WHERE d.end_snapshot IS NULL AND x.end_snapshot IS NULL AND t.end_snapshot IS NULL "
            "AND s.end_snapshot IS NULL AND s.schema_name = ? AND t.table_name = ?) ORDER BY share DESC",
            [schema, table],
        ).fetchall()
        # few bytes are rewritten whatever their share, so that they can be merged
        floor = 0.0 if rows and rows[0][2] <= _REWRITE_BYTES else _DELETED_SHARE
        wanted = [(share, running) for share, running, _ in rows if share >= floor]
        if not wanted:
            return
        least = min([share for share, running in wanted if running <= _REWRITE_BYTES], default=wanted[0][0])
        # a hair below: the threshold itself is not taken
        threshold = least * 0.999
        if not _locked(
            lake, schema, table, _call("rewrite_data_files", schema, table, f"delete_threshold => {threshold}")
        ):
            return


def _locked(lake: Lake, schema: str, table: str, call: str) -> list[tuple[object, ...]]:
    """Run one of DuckLake's compactions of a table beside no writer of it and no release; what it says."""
    name = f"{schema}.{table}"
    with lake.lock("release"):
        return lake.write(name, f"compact {name}", lambda: lake.con.execute(call).fetchall())


def _call(function: str, schema: str, table: str, options: str) -> str:
    return f"CALL ducklake_{function}({literal(LAKE)}, {literal(table)}, schema => {literal(schema)}, {options})"


def referred(settings: Settings) -> set[str]:
    """The names of the files (each has a UUID in it) that the releases there are refer to."""
    found: set[str] = set()
    con = connect(settings)
    try:
        for row in list_releases(settings):
            # its catalogue read as the tables it is: listing the files table by table takes 60 times longer
            con.execute(f"ATTACH {literal(str(row['path']))} AS copy (READ_ONLY)")
            names = con.execute(
                "SELECT parse_filename(path) FROM copy.ducklake_data_file WHERE end_snapshot IS NULL "
                "UNION SELECT parse_filename(path) FROM copy.ducklake_delete_file WHERE end_snapshot IS NULL"
            ).fetchall()
            found |= {str(name) for (name,) in names}
            con.execute("DETACH copy")
    finally:
        con.close()
    return found


def _files(lake: Lake, schema: str, table: str) -> tuple[int, int]:
    """The table's data files, and how many of them have deleted rows."""
    row = lake.con.execute(
        "SELECT count(*), count(delete_file) "
        f"FROM ducklake_list_files({literal(LAKE)}, {literal(table)}, schema => {literal(schema)})"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _moment(at: datetime) -> str:
    return f"TIMESTAMPTZ {literal(at.isoformat(sep=' '))}"
