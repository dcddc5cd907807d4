"""Links across registries: who is tied to whom, who waits for the other side, and the file of one key (一企一档).

Everything here is views and table macros in the lake's schema `links`, made from the entities' `links`; they travel
with releases and cost a fusion nothing. An orphan (a key without a record) resolves by itself when the other side
arrives. How a link is found where there is no key belongs to subjects.
"""

import re
from collections.abc import Iterator, Mapping

from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Entity, Link
from govpipes.pipeline.aliases import aliases_table, leads_to_sql
from govpipes.pipeline.valid_time import KNOWN
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import column_list, ident, literal
from govpipes.warehouse import LAKE, Column

SCHEMA = "links"
_WORD = re.compile(r"\w+")

_LINK_COLUMNS = [
    Column("entity_key", "VARCHAR", "the record that has the link"),
    Column("link_key", "VARCHAR", "what it says of the other side"),
    Column("dataset", "VARCHAR", "the dataset that says so"),
    Column("registry", "VARCHAR", "the other side's registry; NULL = nobody there yet (an orphan)"),
    Column("entity", "VARCHAR", "the other side's entity"),
    Column("target_key", "VARCHAR", "the other side's record"),
    Column("how", "VARCHAR", "number, matched (without one) or decided (by somebody)"),
    Column("probability", "DOUBLE", "how sure a match is, 0 to 1; 1 by number"),
]

_NO_LINKS = (
    "SELECT NULL AS registry, NULL AS entity, NULL AS link, NULL AS direction, NULL AS department, "
    "0 AS total, 0 AS linked, 0 AS orphans WHERE FALSE"
)


def ensure_links(ws: Workspace) -> None:
    """Make the views of all links whose two sides are in the lake, their summary, and the file of one key.

    Raises WarehouseError when the lake cannot be written.
    """
    views = ws.lake.views()
    there = [e for e in ws.catalogue.entities if (e.registry, e.table) in views]
    made = [(entity, link) for entity in there for link in entity.links if _possible(ws, entity, link, there)]
    parts = [part for entity, link in made for part in _summary_sql(ws.catalogue, entity, link)]
    summary = " UNION ALL ".join(parts or [_NO_LINKS])
    file = {"file(key, valid_day, known_day)": _file_sql(made, there)} if there else {}
    # the two speak of every link: as long as they stand, all views do
    if there and not ws.lake.view_stands(SCHEMA, "summary", summary, [], file):
        ws.lake.write(SCHEMA, "links", lambda: _write(ws, made, there, summary, file))


def _write(
    ws: Workspace, made: list[tuple[Entity, Link]], there: list[Entity], summary: str, file: Mapping[str, str]
) -> None:
    for entity, link in made:
        query = _link_sql(entity, link, there)
        ws.lake.ensure_view(SCHEMA, view_of(entity, link), query, _LINK_COLUMNS, link.title.zh, {})
    ws.lake.ensure_view(SCHEMA, "summary", summary, [], "关联统计", file)


def waiting(ws: Workspace, entity: Entity) -> list[dict[str, str | int | None]]:
    """The entity's links by department: how many records have the link, are linked, wait for the other side."""
    if not entity.links or (SCHEMA, "summary") not in ws.lake.views():
        return []
    names = ("link", "department", "total", "linked", "orphans")
    found = ws.con.execute(
        f"SELECT {column_list(names)} FROM {ident(LAKE, SCHEMA, 'summary')} "
        "WHERE registry = ? AND entity = ? AND direction = 'forward' ORDER BY orphans DESC, link",
        [entity.registry, entity.name],
    ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in found]


def view_of(entity: Entity, link: Link) -> str:
    """The name of a link's view."""
    return f"{entity.registry}_{entity.table}_{link.name}"


def _possible(ws: Workspace, entity: Entity, link: Link, there: list[Entity]) -> bool:
    known = {f"{e.registry}.{e.name}" for e in there}
    if link.table is not None and link.table not in ws.lake.tables(entity.registry):
        return False
    return known.issuperset(link.to)


def _targets(link: Link, there: list[Entity]) -> list[Entity]:
    return [next(e for e in there if f"{e.registry}.{e.name}" == target) for target in link.to]


def _link_sql(entity: Entity, link: Link, there: list[Entity]) -> str:
    """One row per record that has the link."""
    if link.table is not None:
        return (
            f"SELECT t.entity_key, t.subject_key AS link_key, {_dataset(entity, link)} AS dataset, "
            "t.subject_registry AS registry, t.subject_entity AS entity, t.subject_key AS target_key, "
            f"t.how, t.probability FROM {ident(entity.registry, link.table)} t "
            f"JOIN {ident(entity.registry, entity.table)} s ON s.entity_key = t.entity_key"
        )
    sides = _targets(link, there)
    names = [f"t{n}" for n in range(len(sides))]
    joins = " ".join(
        f"LEFT JOIN ({_called(side, link, ident(side.registry, side.table), 'recorded_to IS NULL')}) {name} "
        f"ON {name}.link_key = s.{ident(link.item)}"
        for name, side in zip(names, sides, strict=True)
    )
    found = [f"WHEN {name}.entity_key IS NOT NULL THEN" for name in names]
    return (
        f"SELECT s.entity_key, s.{ident(link.item)} AS link_key, {_dataset(entity, link)} AS dataset, "
        f"CASE {' '.join(f'{w} {literal(e.registry)}' for w, e in zip(found, sides, strict=True))} END AS registry, "
        f"CASE {' '.join(f'{w} {literal(e.name)}' for w, e in zip(found, sides, strict=True))} END AS entity, "
        f"coalesce({', '.join(f'{name}.entity_key' for name in names)}) AS target_key, "
        "CASE WHEN target_key IS NOT NULL THEN 'number' END AS how, "
        "CASE WHEN target_key IS NOT NULL THEN CAST(1 AS DOUBLE) END AS probability "
        f"FROM {ident(entity.registry, entity.table)} s {joins} WHERE s.{ident(link.item)} IS NOT NULL"
    )


def _called(side: Entity, link: Link, records: str, known: str) -> str:
    """What a link may name on the other side, and whom it names: its `matches`, or a number that leads to its key."""
    names = f"SELECT {ident(link.matches)} AS link_key, entity_key FROM {records}"
    if side.aliases and link.matches == "entity_key":
        names += f" UNION ALL SELECT alias, entity_key FROM ({leads_to_sql(aliases_table(side), known)})"
    # several records may answer to one code (a division's, over time): one of them, always the same
    return f"SELECT link_key, max(entity_key) AS entity_key FROM ({names}) GROUP BY link_key"


def _dataset(entity: Entity, link: Link) -> str:
    """Who says so; of a derived column, who says the first item it is made from that has a value, else the name."""
    made_of = next((set(_WORD.findall(d.sql)) for d in entity.derived if d.name == link.item), {link.item})
    made_of |= set(_WORD.findall(link.matching.says.name)) if link.matching else set()
    said = [f"s.provenance.{ident(item.name)}" for item in entity.items if item.name in made_of]
    return f"coalesce({', '.join([*said, 'NULL'])})"


def _summary_sql(catalogue: Catalogue, entity: Entity, link: Link) -> Iterator[str]:
    """How many are linked and how many wait: forward per department, and how many of the other side nobody names."""
    view = ident(SCHEMA, view_of(entity, link))
    named = f"{literal(entity.registry)} AS registry, {literal(entity.name)} AS entity, {literal(link.name)} AS link"
    providers = " ".join(
        f"WHEN {literal(c.dataset)} THEN {literal(c.provider)}" for c in catalogue.contracts_of(entity)
    )
    department = f"CASE dataset {providers} END" if providers else "NULL"
    yield (
        f"SELECT {named}, 'forward' AS direction, {department} AS department, count(*) AS total, "
        f"count(target_key) AS linked, count(*) - count(target_key) AS orphans FROM {view} GROUP BY ALL"
    )
    for target in link.to:
        registry, name = target.split(".")
        side = catalogue.entity(registry, name)
        yield (
            f"SELECT {named}, {literal('back from ' + target)} AS direction, NULL AS department, count(*) AS total, "
            "count(v.target_key) AS linked, count(*) - count(v.target_key) AS orphans "
            f"FROM {ident(registry, side.table)} t LEFT JOIN (SELECT DISTINCT target_key FROM {view} "
            f"WHERE registry = {literal(registry)} AND entity = {literal(name)}) v ON v.target_key = t.entity_key"
        )


def _file_sql(made: list[tuple[Entity, Link]], there: list[Entity]) -> str:
    """Everything all registries have on one key: the record itself and what is linked to or from it, item by item."""
    itself = [
        f"SELECT {literal(e.registry)} AS registry, {literal(e.name)} AS entity, entity_key, 'itself' AS via "
        f"FROM {_as_of(e)} WHERE entity_key = key"
        for e in there
    ]
    found = [part for entity, link in made for part in _neighbours(entity, link, there)]
    items = [
        f"SELECT {literal(e.registry)} AS registry, {literal(e.name)} AS entity, entity_key, valid_from, "
        f"unnest([{', '.join(_item(item.name) for item in e.items)}], recursive := true) FROM {_as_of(e)} "
        f"WHERE entity_key IN (SELECT entity_key FROM found f WHERE f.registry = {literal(e.registry)} "
        f"AND f.entity = {literal(e.name)})"
        for e in there
    ]
    return (
        f"WITH found AS MATERIALIZED (SELECT registry, entity, entity_key, string_agg(DISTINCT via, ', ' ORDER BY via) "
        f"AS via FROM ({' UNION ALL '.join(itself + found)}) GROUP BY ALL), said AS ({' UNION ALL '.join(items)}) "
        "SELECT f.via, s.* FROM found f JOIN said s USING (registry, entity, entity_key) WHERE s.value IS NOT NULL"
    )


def _as_of(entity: Entity) -> str:
    return f"{ident(entity.registry, entity.table + '_as_of')}(valid_day, known_day)"


def _item(name: str) -> str:
    return f"{{'item': {literal(name)}, 'value': CAST({ident(name)} AS VARCHAR), 'dataset': provenance.{ident(name)}}}"


def _neighbours(entity: Entity, link: Link, there: list[Entity]) -> Iterator[str]:
    """Both directions of a link, for the record `key`; matched links as they are now."""
    back, forth = literal(link.name + " (back)"), literal(link.name)
    me = f"{literal(entity.registry)} AS registry, {literal(entity.name)} AS entity"
    if link.table is not None:
        table = ident(entity.registry, link.table)
        yield f"SELECT {me}, entity_key, {back} AS via FROM {table} WHERE subject_key = key"
        yield (
            f"SELECT subject_registry, subject_entity, subject_key, {forth} FROM {table} "
            "WHERE entity_key = key AND subject_key IS NOT NULL"
        )
        return
    item = ident(link.item)
    if link.matches == "entity_key":  # a division has everybody in it: that is no file
        called = "SELECT key"
        for side in _targets(link, there):
            if side.aliases:
                ties = leads_to_sql(aliases_table(side), KNOWN)
                called += f" UNION ALL SELECT alias FROM ({ties}) WHERE entity_key = key"
        yield (
            f"SELECT {me}, entity_key, {back} AS via FROM {_as_of(entity)} "
            f"WHERE {item} IN ({called}) AND entity_key <> key"
        )
    for side in _targets(link, there):
        yield (
            f"SELECT {literal(side.registry)}, {literal(side.name)}, t.entity_key, {forth} FROM {_as_of(entity)} s "
            f"JOIN ({_called(side, link, _as_of(side), KNOWN)}) t ON t.link_key = s.{item} WHERE s.entity_key = key"
        )
