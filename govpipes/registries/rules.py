"""Rules over golden records: what they should not say together (DOMAIN §3.1-3.4, the POP, LEG and GEO rules).

Here: the view `<registry>.<table>_findings` with one row per rule and record that breaks it, and how many there are.
The rules are the catalogue's (Entity.rules). A finding keeps nothing from being published: the departments' records
contradict one another, and nobody here knows better.
"""

from functools import partial

from govpipes.catalogue.model import Entity
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import ident, literal
from govpipes.warehouse import LAKE, Column

_COLUMNS = [
    Column("rule", "VARCHAR", "the rule that is broken"),
    Column("entity_key", "VARCHAR", "the record that breaks it"),
    Column("found", "VARCHAR", "what it was compared with"),
]


def ensure_findings(ws: Workspace) -> None:
    """Make each entity's view of findings, of those rules whose tables are all there.

    Raises WarehouseError when the lake cannot be written.
    """
    tables = _tables(ws)
    for entity in ws.catalogue.entities:
        query = _findings_sql(entity, tables)
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


def _findings_sql(entity: Entity, tables: dict[str, str]) -> str | None:
    possible = [rule for rule in entity.rules if all(name in tables for name in rule.reads)]
    if not possible:
        return None
    return " UNION ALL ".join(
        f"SELECT {literal(rule.name)} AS rule, entity_key, CAST(found AS VARCHAR) AS found FROM ({rule.over(tables)})"
        for rule in possible
    )


def _view(entity: Entity) -> str:
    return f"{entity.table}_findings"
