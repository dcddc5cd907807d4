"""Rules over golden records: what they should not say together (DOMAIN §3.1-3.4, the POP, LEG and GEO rules).

Here: the view `<registry>.<table>_findings` with one row per rule and record that breaks it, and how many there are.
The rules are the catalogue's (Entity.rules). A finding keeps nothing from being published: the departments' records
contradict one another, and nobody here knows better.

A rule is a part of that view, and costs a fusion nothing. Only what spatial rules find is kept, in
`<registry>.<table>_spatial_findings`, so that a release can be read without the extension.
"""

from collections.abc import Sequence
from functools import partial

from govpipes.catalogue.model import Entity, EntityRule
from govpipes.duck import extension_file
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import ident, literal
from govpipes.warehouse import LAKE, Column

_COLUMNS = [
    Column("rule", "VARCHAR", "the rule that is broken"),
    Column("entity_key", "VARCHAR", "the record that breaks it"),
    Column("found", "VARCHAR", "what it was compared with"),
]


def ensure_findings(ws: Workspace, fused: str) -> None:
    """Make each entity's view of findings, of those rules whose tables are all there; run the spatial rules that read
    the entity that was fused (`registry.entity`).

    Raises WarehouseError when the lake cannot be written.
    """
    tables = _tables(ws)
    spatially = {e.registry for e in ws.catalogue.entities if any(rule.spatial for rule in e.rules)}
    for entity in ws.catalogue.entities:
        spatial = [rule for rule in _possible(entity, tables) if rule.spatial]
        if any(fused in rule.reads for rule in spatial):
            named = f"{entity.registry}.{_kept(entity)}"
            ws.lake.write(named, "spatial findings", partial(_keep, ws, entity, _union(spatial, tables)))
    there = {registry: ws.lake.tables(registry) for registry in spatially}
    for entity in ws.catalogue.entities:
        query = _findings_sql(entity, tables, _kept(entity) in there.get(entity.registry, ()))
        if query is not None and not ws.lake.view_stands(entity.registry, _view(entity), query, _COLUMNS, {}):
            made = partial(ws.lake.ensure_view, entity.registry, _view(entity), query, _COLUMNS)
            title = f"{entity.title.zh}：规则核查"
            ws.lake.write(f"{entity.registry}.{_view(entity)}", "findings", partial(made, title, {}))


def broken(ws: Workspace, entity: Entity) -> list[dict[str, str | int | None]]:
    """The entity's rules that records break now, and how many do; the most first."""
    if (entity.registry, _view(entity)) not in ws.lake.views():
        return []
    titles = {rule.name: rule.title.zh for rule in entity.rules}
    found = ws.con.execute(
        f"SELECT rule, count(DISTINCT entity_key) AS records FROM {ident(LAKE, entity.registry, _view(entity))} "
        "GROUP BY rule ORDER BY records DESC, rule"
    ).fetchall()
    return [{"rule": rule, "title": titles.get(rule, ""), "records": int(records)} for rule, records in found]


def _tables(ws: Workspace) -> dict[str, str]:
    """`registry.entity` -> the golden table, of those that are there."""
    views = ws.lake.views()
    return {
        f"{e.registry}.{e.name}": ident(e.registry, e.table)
        for e in ws.catalogue.entities
        if (e.registry, e.table) in views
    }


def _possible(entity: Entity, tables: dict[str, str]) -> list[EntityRule]:
    return [rule for rule in entity.rules if all(name in tables for name in rule.reads)]


def _findings_sql(entity: Entity, tables: dict[str, str], kept: bool) -> str | None:
    asked = _union([rule for rule in _possible(entity, tables) if not rule.spatial], tables)
    written = f"SELECT rule, entity_key, found FROM {ident(entity.registry, _kept(entity))}" if kept else ""
    return " UNION ALL ".join(filter(None, (asked, written))) or None


def _union(rules: Sequence[EntityRule], tables: dict[str, str]) -> str:
    return " UNION ALL ".join(
        f"SELECT {literal(rule.name)} AS rule, entity_key, CAST(found AS VARCHAR) AS found FROM ({rule.over(tables)})"
        for rule in rules
    )


def _keep(ws: Workspace, entity: Entity, query: str) -> None:
    """Write down what spatial rules find; nothing, when it is what was found before."""
    con, table, names = ws.con, ident(LAKE, entity.registry, _kept(entity)), "rule, entity_key, found"
    con.execute(f"LOAD {literal(extension_file('spatial'))}")
    con.execute(f"USE {LAKE}")  # the rules name tables as readers of a release do
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE found_now AS SELECT {names} FROM ({query})")
    finally:
        con.execute("USE memory")
    ws.lake.ensure_table(entity.registry, _kept(entity), _COLUMNS, comment=f"{entity.title.zh}：空间核查")
    gone = f"SELECT {names} FROM {table} EXCEPT FROM found_now"
    if ws.lake.one(f"SELECT count(*) FROM ({gone})"):
        con.execute(f"DELETE FROM {table} WHERE ({names}) IN ({gone})")
    fresh = f"SELECT {names} FROM found_now EXCEPT SELECT {names} FROM {table}"
    if ws.lake.one(f"SELECT count(*) FROM ({fresh})"):
        con.execute(f"INSERT INTO {table} {fresh}")
    con.execute("DROP TABLE found_now")


def _view(entity: Entity) -> str:
    return f"{entity.table}_findings"


def _kept(entity: Entity) -> str:
    return f"{entity.table}_spatial_findings"
