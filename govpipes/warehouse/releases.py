"""Releases: frozen, named versions of the whole warehouse (DESIGN.md D4).

A release is a copy of the lake's catalogue in one DuckDB file; its data are the lake's own Parquet files. Readers open
`releases/current.ducklake` and never wait for a writer. Before the pointer moves, a release has proved itself equal to
the lake's snapshot. What the release is of (held days, when to make one) is pipeline/release.py's.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from govpipes.duck import connect
from govpipes.errors import WarehouseError
from govpipes.files import whole_file
from govpipes.settings import Settings
from govpipes.sql import ident, literal
from govpipes.warehouse.lake import LAKE, Lake

CURRENT = "current.ducklake"


@dataclass(frozen=True, slots=True)
class TableProof:
    """A table as the lake's snapshot or a frozen copy has it: rows, and its data and delete files as one hash."""

    schema: str
    table: str
    rows: int
    files: str


def freeze(lake: Lake, settings: Settings, name: str) -> tuple[Path, int, dict[str, int]]:
    """Make the release `name` of the lake's newest snapshot and prove it; the pointer does not move yet.

    Returns the file, the snapshot's number and the rows of each table. Raises WarehouseError, leaving no file, when the
    copy differs from the snapshot in any table.
    """
    target = release_file(settings, name)
    with whole_file(settings.temp_dir, target) as made:
        snapshot_id = _copy_catalogue(lake, made)
        proved = prove(lake, settings, made, snapshot_id)
        made.chmod(0o400)
    return target, snapshot_id, {f"{proof.schema}.{proof.table}": proof.rows for proof in proved}


def prove(lake: Lake, settings: Settings, file: Path, snapshot_id: int) -> list[TableProof]:
    """Compare a frozen copy with the lake's snapshot table by table: the same tables, files, row counts.

    Raises WarehouseError naming the first table that differs.
    """
    frozen = _proofs_of_copy(settings, file)
    live = {(p.schema, p.table): p for p in _proofs_of_lake(lake, snapshot_id)}
    copied = {(p.schema, p.table): p for p in frozen}
    for key in sorted(live.keys() | copied.keys()):
        if live.get(key) != copied.get(key):
            raise WarehouseError(
                f"the release differs from the warehouse in {'.'.join(key)}; it was not made current",
                found=_said(copied.get(key)),
                allowed=f"{_said(live.get(key))} (snapshot {snapshot_id})",
                next_step="make the release again; the current one stays as it is",
            )
    return sorted(frozen, key=lambda proof: (proof.schema, proof.table))


def move_current(settings: Settings, name: str) -> None:
    """Make `name` the current release, in one step that no reader sees half of."""
    file = release_file(settings, name)
    pointer = settings.releases_dir / CURRENT
    link = settings.releases_dir / f".{CURRENT}.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(file.name)
    link.replace(pointer)


def release_file(settings: Settings, name: str) -> Path:
    """Where the release `name` is."""
    return settings.releases_dir / f"{name}.ducklake"


def current_name(settings: Settings) -> str | None:
    """The name of the current release; None before the first."""
    pointer = settings.releases_dir / CURRENT
    return pointer.readlink().stem if pointer.is_symlink() else None


def list_releases(settings: Settings) -> list[dict[str, object]]:
    """The releases there are, newest first: release, current, path, bytes."""
    now = current_name(settings)
    files = sorted(settings.releases_dir.glob("*.ducklake"), key=lambda f: f.lstat().st_mtime_ns, reverse=True)
    return [
        {"release": file.stem, "current": file.stem == now, "path": str(file), "bytes": file.stat().st_size}
        for file in files
        if not file.is_symlink()
    ]


def rollback(settings: Settings, name: str | None = None) -> str:
    """Make an earlier release current again: `name`, or the one made before the current one. Returns its name.

    Raises WarehouseError when there is no such release.
    """
    names = [str(row["release"]) for row in list_releases(settings)]
    now = current_name(settings)
    if name is None:
        older = names[names.index(now) + 1 :] if now in names else names
        if not older:
            raise WarehouseError("there is no earlier release to go back to", found=", ".join(names) or "no release")
        name = older[0]
    if name not in names:
        raise WarehouseError(f"there is no release {name}", found=", ".join(names) or "no release")
    move_current(settings, name)
    return name


def _copy_catalogue(lake: Lake, file: Path) -> int:
    """Copy the lake's catalogue tables into `file` in one read transaction; returns the newest snapshot."""
    con = lake.con
    # one connection to PostgreSQL, so that every table is read in one snapshot
    con.execute("SET pg_use_ctid_scan = false")
    try:
        con.execute(f"ATTACH {literal(file)} AS frozen")
        con.execute(f"ATTACH '' AS catalogue (TYPE postgres, SECRET lake_catalogue, READ_ONLY, SCHEMA {literal(LAKE)})")
        tables = con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'catalogue' AND schema_name = ?", [LAKE]
        ).fetchall()
        con.execute("BEGIN")
        for (table,) in tables:
            source = f"catalogue.{ident(LAKE, table)}"
            con.execute(f"CREATE TABLE frozen.main.{ident(table)} AS SELECT * FROM {source}")
        con.execute("COMMIT")
        return int(lake.one("SELECT max(snapshot_id) FROM frozen.main.ducklake_snapshot"))
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            con.execute("ROLLBACK")
        raise
    finally:
        con.execute("RESET pg_use_ctid_scan")
        con.execute("DETACH DATABASE IF EXISTS frozen")
        con.execute("DETACH DATABASE IF EXISTS catalogue")


def _proofs_of_lake(lake: Lake, snapshot_id: int) -> list[TableProof]:
    # the tables of the snapshot: another writer may have made one since
    metadata, within = (
        f"__ducklake_metadata_{LAKE}.{LAKE}",
        "{0}.begin_snapshot <= $1 AND coalesce({0}.end_snapshot > $1, TRUE)",
    )
    tables = lake.con.execute(
        f"SELECT s.schema_name, t.table_name FROM {metadata}.ducklake_table t JOIN {metadata}.ducklake_schema s "
        f"USING (schema_id) WHERE {within.format('t')} AND {within.format('s')}",
        [snapshot_id],
    ).fetchall()
    return _proofs(lake.con, LAKE, tables, snapshot_id)


def _proofs_of_copy(settings: Settings, file: Path) -> list[TableProof]:
    con = connect(settings, "ducklake")
    try:
        con.execute(f"ATTACH {literal(f'ducklake:{file}')} AS copy (READ_ONLY)")
        inlined = con.execute("SELECT count(*) FROM __ducklake_metadata_copy.ducklake_inlined_data_tables").fetchone()
        if inlined and inlined[0]:
            raise WarehouseError(
                "the release has inlined rows, which a frozen copy cannot hold; it was not made current"
            )
        tables = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'copy'"
        ).fetchall()
        return _proofs(con, "copy", tables, None)
    finally:
        con.close()


def _proofs(
    con: duckdb.DuckDBPyConnection, database: str, tables: list[tuple[str, str]], snapshot_id: int | None
) -> list[TableProof]:
    at = "" if snapshot_id is None else f" AT (VERSION => {snapshot_id})"
    version = "" if snapshot_id is None else f", snapshot_version => {snapshot_id}"
    parts = [
        f"SELECT {literal(schema)}, {literal(table)}, (SELECT count(*) FROM {ident(database, schema, table)}{at}), "
        "md5(coalesce(string_agg(concat_ws('|', data_file, delete_file), ',' ORDER BY data_file), '')) "
        f"FROM ducklake_list_files({literal(database)}, {literal(table)}, schema => {literal(schema)}{version})"
        for schema, table in tables
    ]
    rows = con.execute(" UNION ALL ".join(parts)).fetchall() if parts else []
    return [TableProof(str(schema), str(table), int(count), str(files)) for schema, table, count, files in rows]


def _said(proof: TableProof | None) -> str:
    return "no such table" if proof is None else f"{proof.rows} rows, files {proof.files[:12]}"
