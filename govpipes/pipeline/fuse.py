"""Fuse: one golden record per entity, item by item, by authority, from what is published (DESIGN.md §1, D2).

Only the entities that new publications may have changed are made again; a changed contract or authority makes all of
them again. A golden record is a function of the claims alone, so order and repetition cannot matter.
"""

import hashlib
from dataclasses import dataclass
from time import monotonic
from typing import Any

from govpipes.catalogue.model import Contract, Entity
from govpipes.errors import GovpipesError
from govpipes.pipeline.fuse_sql import golden_columns, golden_sql, touched_sql
from govpipes.pipeline.workspace import Workspace, explain_disk
from govpipes.sql import column_list, ident, literal
from govpipes.warehouse import LAKE


@dataclass(frozen=True, slots=True)
class Fusion:
    """What a fusion did. entities: golden records there are now; the other counts are of this fusion."""

    registry: str
    entity: str
    entities: int
    inserted: int
    updated: int
    unchanged: int
    removed: int
    seconds: float

    @property
    def changed(self) -> int:
        """How many golden records this fusion wrote or removed."""
        return self.inserted + self.updated + self.removed


def fuse_entity(ws: Workspace, registry: str, entity_name: str, run_id: str) -> Fusion:
    """Bring an entity's golden table up to date with all publications.

    Raises WarehouseError when the lake cannot be written; the golden table is then as it was.
    """
    started = monotonic()
    entity = ws.catalogue.entity(registry, entity_name)
    there = ws.lake.tables("claims")
    contracts = [c for c in ws.catalogue.contracts_of(entity) if c.dataset in there]
    if not contracts:
        return Fusion(registry, entity_name, 0, 0, 0, 0, 0, round(monotonic() - started, 3))
    try:
        counts = ws.lake.write(
            f"{registry}.{entity.table}",
            f"fuse {registry}.{entity.table} ({run_id})",
            lambda: _write(ws, registry, entity, contracts),
        )
    except GovpipesError:
        raise
    except Exception as error:
        explained = explain_disk(error)
        if explained is None:
            raise
        raise explained from error
    total = int(ws.lake.one(f"SELECT count(*) FROM {ident(LAKE, registry, entity.table)}"))
    return Fusion(registry, entity_name, total, *counts, round(monotonic() - started, 3))


def _write(ws: Workspace, registry: str, entity: Entity, contracts: list[Contract]) -> tuple[int, int, int, int]:
    newest = _newest_publications(ws, contracts)
    done = _fused(ws, registry, entity)
    spec = _spec(entity, contracts)
    new = {d: n for d, n in newest.items() if done.get(d, (0, ""))[0] < n}
    same_spec = bool(done) and all(done[d][1] == spec for d in done)
    if not new and same_spec:
        return 0, 0, 0, 0
    con, table = ws.con, ident(LAKE, registry, entity.table)
    ws.lake.ensure_table(registry, entity.table, golden_columns(entity), comment=entity.title.zh)
    touched: str | None = None
    if same_spec:
        parts = [touched_sql(c, done.get(c.dataset, (0, ""))[0]) for c in contracts if c.dataset in new]
        con.execute(f"CREATE OR REPLACE TEMP TABLE touched AS {' UNION '.join(parts)}")
        touched = "touched"
    con.execute(f"CREATE OR REPLACE TEMP TABLE golden AS {golden_sql(entity, contracts, touched)}")
    counts = _merge(ws, entity, table, touched)
    con.execute(f"DELETE FROM {LAKE}.pipeline.fusions WHERE registry = ? AND entity = ?", [registry, entity.entity])
    rows = ", ".join(
        f"({literal(registry)}, {literal(entity.entity)}, {literal(d)}, {n}, {literal(spec)}, now())"
        for d, n in newest.items()
    )
    con.execute(f"INSERT INTO {LAKE}.pipeline.fusions VALUES {rows}")
    con.execute("DROP TABLE golden")
    con.execute("DROP TABLE IF EXISTS touched")
    return counts


def _merge(ws: Workspace, entity: Entity, table: str, touched: str | None) -> tuple[int, int, int, int]:
    """Make the touched part of the golden table equal to `golden`; returns inserted, updated, unchanged, removed."""
    con = ws.con
    within = f"g.entity_key IN (SELECT entity_key FROM {touched})" if touched else "TRUE"
    gone = f"{within} AND g.entity_key NOT IN (SELECT entity_key FROM golden)"
    row = con.execute(
        "SELECT count(*) FILTER (g.entity_key IS NULL), count(*) FILTER (g.row_hash <> n.row_hash), "
        f"count(*) FILTER (g.row_hash = n.row_hash), (SELECT count(*) FROM {table} g WHERE {gone}) "
        f"FROM golden n LEFT JOIN {table} g USING (entity_key)"
    ).fetchone()
    assert row is not None
    inserted, updated, unchanged, removed = (int(value) for value in row)
    names = [column.name for column in golden_columns(entity) if column.name != "recorded_from"]
    if removed:
        con.execute(f"DELETE FROM {table} g WHERE {gone}")
    if inserted or updated:
        assignments = ", ".join(f"{ident(name)} = n.{ident(name)}" for name in names)
        con.execute(
            f"MERGE INTO {table} g USING golden n ON g.entity_key = n.entity_key "
            f"WHEN MATCHED AND g.row_hash <> n.row_hash THEN UPDATE SET {assignments}, recorded_from = now() "
            f"WHEN NOT MATCHED THEN INSERT ({column_list(names)}, recorded_from) "
            f"VALUES ({column_list(names, 'n')}, now())"
        )
    return inserted, updated, unchanged, removed


def _newest_publications(ws: Workspace, contracts: list[Contract] | tuple[Contract, ...]) -> dict[str, int]:
    rows = ws.con.execute(
        f"SELECT dataset, max(publication_id) FROM {LAKE}.pipeline.publications GROUP BY dataset"
    ).fetchall()
    wanted = {contract.dataset for contract in contracts}
    return {str(dataset): int(number) for dataset, number in rows if dataset in wanted}


def _fused(ws: Workspace, registry: str, entity: Entity) -> dict[str, tuple[int, str]]:
    rows: list[tuple[Any, ...]] = ws.con.execute(
        f"SELECT dataset, publication_id, spec_sha256 FROM {LAKE}.pipeline.fusions WHERE registry = ? AND entity = ?",
        [registry, entity.entity],
    ).fetchall()
    return {str(dataset): (int(number), str(spec)) for dataset, number, spec in rows}


def _spec(entity: Entity, contracts: list[Contract]) -> str:
    """A hash of how golden records are made: when it changes, all of them are made again."""
    return hashlib.sha256(golden_sql(entity, contracts, None).encode()).hexdigest()
