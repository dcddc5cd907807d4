"""The other numbers an entity is known by: claims that give only such a number belong to the same golden record.

A claim that gives both the entity's key and another of its numbers ties the two (Entity.aliases). A number that is
tied to one entity leads to it; a number that is tied to several leads to none of them, and its claims stay an entity of
their own. Claims keep the key they were published with: a tie that falls takes nothing with it.
"""

import re
from collections.abc import Sequence

from govpipes.catalogue.model import Contract, Entity
from govpipes.pipeline.claims import claims_table
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import column_list, ident, literal
from govpipes.warehouse import LAKE, Column

_COLUMNS = [
    Column("alias", "VARCHAR", "the key the entity would have if only this number were known"),
    Column("entity_key", "VARCHAR", "the entity that a claim gives the number to"),
    Column("kind", "VARCHAR", "which number it is"),
    Column("dataset", "VARCHAR", "the dataset that ties the two"),
    Column("recorded_from", "TIMESTAMP WITH TIME ZONE", "when we learned it"),
    Column("recorded_to", "TIMESTAMP WITH TIME ZONE", "when no claim said it any more; NULL = one does"),
]
_TIE = column_list([column.name for column in _COLUMNS[:4]])

_LONGEST = 9
"""A number that leads to a number that leads … this often is a mistake, not a history."""


def ensure_aliases(ws: Workspace, entity: Entity) -> None:
    """Make the table `<registry>.<table>_aliases`. Call it inside a lake write."""
    if entity.aliases:
        ws.lake.ensure_table(entity.registry, _name(entity), _COLUMNS, comment=f"{entity.title.zh}：其他编号")


def tie(ws: Workspace, entity: Entity, contracts: Sequence[Contract], touched: str | None) -> None:
    """Bring the ties of the entities in the table `touched` (None: all) up to date.

    `touched` then has everybody whom these ties lead to or came from beside them.
    """
    if not entity.aliases:
        return
    con, table = ws.con, _table(entity)
    within = f"entity_key IN (SELECT entity_key FROM {touched})" if touched else "entity_key IS NOT NULL"
    giving = [contract for contract in contracts if _gives(entity, contract)]
    ties = (
        " UNION ".join(_ties(entity, contract, within) for contract in giving) or f"SELECT {_TIE} FROM {table} LIMIT 0"
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE ties AS SELECT {_TIE} FROM ({ties}) WHERE alias <> entity_key")
    known = f"SELECT {_TIE} FROM {table} WHERE recorded_to IS NULL AND {within}"
    con.execute(f"CREATE OR REPLACE TEMP TABLE fallen AS {known} EXCEPT SELECT {_TIE} FROM ties")
    con.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {_TIE} FROM ties EXCEPT {known}")
    if ws.lake.one("SELECT count(*) FROM fallen"):
        con.execute(
            f"UPDATE {table} SET recorded_to = now() "
            f"WHERE recorded_to IS NULL AND ({_TIE}) IN (SELECT ({_TIE}) FROM fallen)"
        )
    if ws.lake.one("SELECT count(*) FROM fresh"):
        con.execute(f"INSERT INTO {table} SELECT {_TIE}, now(), NULL FROM fresh")
    for name in ("ties", "fallen", "fresh"):
        con.execute(f"DROP TABLE {name}")
    if touched:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {touched} AS {_together(entity, touched)}")


def leads_to_sql(table: str, known: str = "recorded_to IS NULL") -> str:
    """SQL for `alias` and the `entity_key` it leads to, over several steps where numbers replaced one another.

    table: the ties. A number tied to two entities, and numbers that lead in a circle, are left out.
    """
    return (
        "WITH RECURSIVE once AS MATERIALIZED ("
        f"SELECT alias, min(entity_key) AS entity_key FROM {table} WHERE {known} "
        "GROUP BY alias HAVING min(entity_key) = max(entity_key)), "
        "step AS (SELECT alias, entity_key, 1 AS steps FROM once UNION ALL "
        "SELECT s.alias, o.entity_key, s.steps + 1 FROM step s JOIN once o ON o.alias = s.entity_key "
        f"WHERE s.steps < {_LONGEST}) "
        "SELECT alias, arg_max(entity_key, steps) AS entity_key FROM step "
        f"GROUP BY alias HAVING max(steps) < {_LONGEST}"
    )


def named_sql(rows: str) -> str:
    """SQL for `rows` (SQL with an `entity_key`) with the key that each key leads to by the table `leads_to`."""
    return (
        "SELECT r.* REPLACE (coalesce(l.entity_key, r.entity_key) AS entity_key) "
        f"FROM ({rows}) r LEFT JOIN leads_to l ON l.alias = r.entity_key"
    )


def aliases_table(entity: Entity) -> str:
    """The quoted name of an entity's ties within the lake or a release."""
    return ident(entity.registry, _name(entity))


def _gives(entity: Entity, contract: Contract) -> bool:
    """Whether a dataset has any of the items that the entity's other numbers are made of."""
    named = set(re.findall(r"\w+", " ".join(alias.key for alias in entity.aliases)))
    return any(item.name in named for item in contract.items)


def _ties(entity: Entity, contract: Contract, within: str) -> str:
    """What a dataset's claims tie; an item that it lacks is NULL there."""
    there = {item.name for item in contract.items}
    lacking = "".join(f", NULL AS {ident(item.name)}" for item in entity.items if item.name not in there)
    numbers = ", ".join(f"{{'kind': {literal(alias.name)}, 'alias': {alias.key}}}" for alias in entity.aliases)
    return (
        f"SELECT DISTINCT entity_key, unnest([{numbers}], recursive := true), {literal(contract.dataset)} AS dataset "
        f"FROM (SELECT *{lacking} FROM {claims_table(contract)}) "
        f"WHERE recorded_to IS NULL AND NOT is_deleted AND {within}"
    )


def _together(entity: Entity, touched: str) -> str:
    """The touched entities with everybody tied to them, now or before."""
    ties = f"SELECT alias, entity_key FROM {_table(entity)}"
    return (
        f"WITH RECURSIVE tied AS MATERIALIZED ({ties} UNION SELECT entity_key, alias FROM ({ties})), "
        f"together AS (SELECT entity_key FROM {touched} UNION "
        "SELECT tied.entity_key FROM together JOIN tied ON tied.alias = together.entity_key) "
        "SELECT entity_key FROM together"
    )


def _name(entity: Entity) -> str:
    return f"{entity.table}_aliases"


def _table(entity: Entity) -> str:
    return ident(LAKE, entity.registry, _name(entity))
