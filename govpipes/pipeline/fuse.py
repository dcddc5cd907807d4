"""Fuse: golden records over time, one per entity and span of days, item by item, by authority (DESIGN.md §1, §5, D2).

Only the entities that new publications may have changed are made again; a changed contract or authority makes all of
them again. A golden record is a function of the claims alone, so order and repetition cannot matter. What is known is
never rewritten: a record that turns out otherwise is closed in recorded time, and the better one is added.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from govpipes.catalogue.model import Contract, Entity
from govpipes.pipeline.aliases import ensure_aliases, tie
from govpipes.pipeline.claims import claims_table
from govpipes.pipeline.fuse_sql import (
    CONFLICT_COLUMNS,
    SPAN,
    authority_of,
    golden_columns,
    golden_statements,
    history_columns,
    macros_of,
    parts_statements,
    touched_sql,
    view_sql,
)
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import column_list, ident, literal
from govpipes.warehouse import LAKE

AT_ONCE = 10_000_000
"""How many claims are fused at one go: their versions, and what each dataset tells, are temporary tables meanwhile."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """What a fusion did.

    entities: golden records that hold last, and conflicts: items departments disagree on, as there are now. inserted,
    updated, unchanged, removed: what this fusion did to the golden records that hold last; versions: golden records of
    any span it added.
    """

    registry: str
    entity: str
    entities: int
    conflicts: int
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    versions: int = 0
    seconds: float = 0.0

    @property
    def changed(self) -> int:
        """How many golden records this fusion wrote or removed."""
        return self.inserted + self.updated + self.removed + self.versions


def fuse_entity(ws: Workspace, registry: str, entity_name: str, run_id: str) -> Fusion:
    """Bring an entity's golden records, their history and conflicts up to date with all publications.

    Raises WarehouseError when the lake cannot be written; everything is then as it was.
    """
    started = monotonic()
    entity = ws.catalogue.entity(registry, entity_name)
    there = ws.lake.tables("claims")
    contracts = [c for c in ws.catalogue.contracts_of(entity) if c.dataset in there and authority_of(c)]
    if not contracts or not _newest_publications(ws, contracts):
        return Fusion(registry, entity_name, 0, 0, seconds=round(monotonic() - started, 3))
    counts = ws.lake.write(
        f"{registry}.{entity.table}",
        f"fuse {registry}.{entity.table} ({run_id})",
        lambda: _write(ws, entity, contracts),
    )
    total = int(ws.lake.one(f"SELECT count(*) FROM {ident(LAKE, registry, entity.table)}"))
    conflicts = int(ws.lake.one(f"SELECT count(*) FROM {ident(LAKE, registry, entity.table + '_conflicts')}"))
    return Fusion(registry, entity_name, total, conflicts, **counts, seconds=round(monotonic() - started, 3))


def golden_text(entity: Entity, contracts: list[Contract]) -> str:
    """The SQL that makes all of an entity's golden records, as `govpipes explain` prints it."""
    made = golden_statements(entity, contracts, None)
    return "\n\n".join(f"CREATE TEMP TABLE {table} AS\n{query};" for table, query in made)


def conflicts(ws: Workspace, entity: Entity) -> list[dict[str, str | int | None]]:
    """What departments disagree on now, and what of theirs cannot be true: losing department, losing dataset, item,
    whose value counts (None: nobody's), how many records.

    The most first; empty before the first fusion.
    """
    if f"{entity.table}_conflicts" not in ws.lake.tables(entity.registry):
        return []
    names = ("losing_department", "losing_dataset", "item", "dataset")
    found = ws.con.execute(
        f"SELECT {column_list(names)}, count(*) AS records "
        f"FROM {ident(LAKE, entity.registry, entity.table + '_conflicts')} "
        "GROUP BY ALL ORDER BY records DESC, item, losing_dataset"
    ).fetchall()
    return [dict(zip((*names, "records"), row, strict=True)) for row in found]


def _write(ws: Workspace, entity: Entity, contracts: list[Contract]) -> dict[str, int]:
    newest = _newest_publications(ws, contracts)
    done = _fused(ws, entity)
    spec = hashlib.sha256(golden_text(entity, contracts).encode()).hexdigest()
    new = {d: n for d, n in newest.items() if done.get(d, (0, ""))[0] < n}
    same_spec = bool(done) and all(done[d][1] == spec for d in done)
    if not new and same_spec:
        return {}
    _ensure(ws, entity, contracts)
    touched = _touch(ws, [(c, done.get(c.dataset, (0, ""))[0]) for c in contracts if c.dataset in new], same_spec)
    tie(ws, entity, contracts, touched)
    counts: Counter[str] = Counter()
    for part in _parts(ws, entity, contracts, touched):
        counts.update(_fuse(ws, entity, contracts, part))
    _note(ws, entity, newest, spec)
    for table in ("touched", "parts", "part"):
        ws.con.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return dict(counts)


def _fuse(ws: Workspace, entity: Entity, contracts: list[Contract], touched: str | None) -> dict[str, int]:
    """Make the golden records and conflicts of the entities in the table `touched` (None: all) anew."""
    statements = golden_statements(entity, contracts, touched)
    for table, query in statements:
        ws.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")
    counts = _merge(ws, entity, touched)
    _merge_conflicts(ws, entity, touched)
    for table, _ in statements:
        ws.con.execute(f"DROP TABLE temp.{table}")
    return counts


def _parts(ws: Workspace, entity: Entity, contracts: list[Contract], touched: str | None) -> Iterator[str | None]:
    """The temp tables of entities to make one after another (None: all), so that each is about AT_ONCE claims."""
    if touched:
        claims = len(contracts) * int(ws.lake.one(f"SELECT count(*) FROM {touched}"))
    else:
        claims = sum(int(ws.lake.one(f"SELECT count(*) FROM {claims_table(c)}")) for c in contracts)
    number = -(-claims // AT_ONCE)
    if number <= 1:
        yield touched
        return
    for table, query in parts_statements(entity, contracts, touched, number):
        ws.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")
    for part in range(number):
        ws.con.execute(f"CREATE OR REPLACE TEMP TABLE part AS SELECT entity_key FROM parts WHERE part = {part}")
        yield "part"


def _ensure(ws: Workspace, entity: Entity, contracts: list[Contract]) -> None:
    """The entity's tables, view and macros."""
    ensure_aliases(ws, entity)
    title = entity.title.zh
    ws.lake.ensure_table(
        entity.registry, f"{entity.table}_history", history_columns(entity), comment=f"{title}（含历史）"
    )
    ws.lake.ensure_table(
        entity.registry, f"{entity.table}_conflicts", CONFLICT_COLUMNS, comment=f"{title}：部门间不一致"
    )
    ws.lake.ensure_view(
        entity.registry, entity.table, view_sql(entity), golden_columns(entity), title, macros_of(entity, contracts)
    )


def _touch(ws: Workspace, new: list[tuple[Contract, int]], same_spec: bool) -> str | None:
    """The temp table of the entities to make again; None for all."""
    if not same_spec:
        return None
    parts = " UNION ".join(touched_sql(contract, after) for contract, after in new)
    ws.con.execute(f"CREATE OR REPLACE TEMP TABLE touched AS {parts}")
    return "touched"


def _merge(ws: Workspace, entity: Entity, touched: str | None) -> dict[str, int]:
    """Make what is known of the touched entities equal to `golden`; counts by what became of the records."""
    con, table = ws.con, ident(LAKE, entity.registry, f"{entity.table}_history")
    within = f" AND entity_key IN (SELECT entity_key FROM {touched})" if touched else ""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE known AS "
        "SELECT rowid AS row, entity_key, valid_from, valid_to, row_hash, recorded_from "
        f"FROM {table} WHERE recorded_to IS NULL{within}"
    )
    same = "k.entity_key = g.entity_key AND k.valid_from = g.valid_from"
    equal = f"{same} AND k.valid_to IS NOT DISTINCT FROM g.valid_to AND k.row_hash = g.row_hash"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE wrong AS SELECT k.*, f.entity_key IS NOT NULL AS only_its_end "
        f"FROM (FROM known k ANTI JOIN golden g ON {equal}) k LEFT JOIN fused f USING ({column_list(SPAN)}, row_hash)"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {column_list(SPAN)}, valid_to "
        f"FROM golden g ANTI JOIN known k ON {equal}"
    )
    row = con.execute(
        "SELECT count(*) FILTER (k.entity_key IS NULL), count(*) FILTER (g.row_hash <> k.row_hash), "
        "count(*) FILTER (g.row_hash = k.row_hash), count(*) FILTER (g.entity_key IS NULL), "
        "(SELECT count(*) FROM fresh) FROM (SELECT * FROM golden WHERE valid_to IS NULL) g "
        "FULL JOIN (SELECT * FROM known WHERE valid_to IS NULL) k ON k.entity_key = g.entity_key"
    ).fetchone()
    assert row is not None
    counts = dict(zip(("inserted", "updated", "unchanged", "removed", "versions"), map(int, row), strict=True))
    _close(ws, table)
    names = column_list([column.name for column in history_columns(entity)][:-2])
    if counts["versions"] or ws.lake.one("SELECT count(*) FROM wrong WHERE only_its_end"):
        spans = (
            f"SELECT {column_list(SPAN)}, valid_to, now() AS recorded_from, NULL AS recorded_to FROM fresh UNION ALL "
            f"SELECT {column_list(SPAN)}, valid_to, recorded_from, now() FROM wrong WHERE only_its_end"
        )
        con.execute(
            f"INSERT INTO {table} ({names}, recorded_from, recorded_to) SELECT {names}, recorded_from, recorded_to "
            f"FROM (SELECT * REPLACE (s.valid_to AS valid_to) FROM fused JOIN ({spans}) s USING ({column_list(SPAN)}))"
        )
    for name in ("known", "wrong", "fresh"):
        con.execute(f"DROP TABLE {name}")
    return counts


def _close(ws: Workspace, table: str) -> None:
    """Close the golden records in `wrong` in recorded time.

    Nearly all of them only end, as what they say is in `fused` again: those are taken out, and go in again closed with
    what is inserted. An update would have to read all items of the whole history to write these few again.
    """
    for how, which in (
        (f"DELETE FROM {table}", "only_its_end"),
        (f"UPDATE {table} SET recorded_to = now()", "NOT only_its_end"),
    ):
        if ws.lake.one(f"SELECT count(*) FROM wrong WHERE {which}"):
            ws.con.execute(f"{how} WHERE rowid IN (SELECT row FROM wrong WHERE {which})")


def _merge_conflicts(ws: Workspace, entity: Entity, touched: str | None) -> None:
    con, table = ws.con, ident(LAKE, entity.registry, f"{entity.table}_conflicts")
    names = column_list([column.name for column in CONFLICT_COLUMNS[:-1]])
    within = f" WHERE entity_key IN (SELECT entity_key FROM {touched})" if touched else ""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE settled AS SELECT {names} FROM {table}{within} "
        f"EXCEPT SELECT {names} FROM conflicts"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {names} FROM conflicts EXCEPT SELECT {names} FROM {table}"
    )
    if ws.lake.one("SELECT count(*) FROM settled"):
        con.execute(f"DELETE FROM {table} WHERE ({names}) IN (SELECT ({names}) FROM settled)")
    if ws.lake.one("SELECT count(*) FROM fresh"):
        con.execute(f"INSERT INTO {table} ({names}, recorded_from) SELECT {names}, now() FROM fresh")
    con.execute("DROP TABLE settled")
    con.execute("DROP TABLE fresh")


def _note(ws: Workspace, entity: Entity, newest: dict[str, int], spec: str) -> None:
    """Which publications the golden records are now made of, and how."""
    named = [entity.registry, entity.entity]
    ws.con.execute(f"DELETE FROM {LAKE}.pipeline.fusions WHERE registry = ? AND entity = ?", named)
    rows = ", ".join(
        f"({literal(entity.registry)}, {literal(entity.entity)}, {literal(d)}, {n}, {literal(spec)}, now())"
        for d, n in newest.items()
    )
    ws.con.execute(f"INSERT INTO {LAKE}.pipeline.fusions VALUES {rows}")


def _newest_publications(ws: Workspace, contracts: list[Contract]) -> dict[str, int]:
    wanted = ", ".join(literal(contract.dataset) for contract in contracts)
    rows = ws.con.execute(
        f"SELECT dataset, max(publication_id) FROM {LAKE}.pipeline.publications "
        f"WHERE dataset IN ({wanted}) GROUP BY dataset"
    ).fetchall()
    return {str(dataset): int(number) for dataset, number in rows}


def _fused(ws: Workspace, entity: Entity) -> dict[str, tuple[int, str]]:
    rows: list[tuple[Any, ...]] = ws.con.execute(
        f"SELECT dataset, publication_id, spec_sha256 FROM {LAKE}.pipeline.fusions WHERE registry = ? AND entity = ?",
        [entity.registry, entity.entity],
    ).fetchall()
    return {str(dataset): (int(number), str(spec)) for dataset, number, spec in rows}
