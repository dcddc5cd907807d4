"""The SQL that makes golden records, from the contracts that speak of an entity; only text is made here.

One CTE per dataset reduces its current records to one row per entity (of each item the newest value there is), then
each item of the golden record is the first value in the order of authority (一数一源), with the dataset it came from.
"""

from collections.abc import Sequence

from govpipes.catalogue.model import Contract, Entity
from govpipes.pipeline.claims import claims_table, current_rows_sql
from govpipes.sql import ident, literal
from govpipes.standards import ELEMENTS
from govpipes.warehouse import Column


def golden_columns(entity: Entity) -> list[Column]:
    """The columns of a golden table: key, items, derived columns, provenance, a hash, and when it last changed."""
    items = [Column(item.name, ELEMENTS[item.element].sql_type, item.title.zh) for item in entity.items]
    derived = [Column(column.name, column.type, column.title.zh) for column in entity.derived]
    fields = ", ".join(f"{ident(item.name)} VARCHAR" for item in entity.items)
    return [
        Column("entity_key", "VARCHAR", "the entity's key"),
        *items,
        *derived,
        Column("provenance", f"STRUCT({fields})", "item -> the dataset its value comes from"),
        Column("row_hash", "BIGINT"),
        Column("recorded_from", "TIMESTAMP WITH TIME ZONE", "when this record last changed"),
    ]


def golden_sql(entity: Entity, contracts: Sequence[Contract], touched: str | None) -> str:
    """The golden records of the entities in the table `touched` (None: of all), without recorded_from."""
    parts = [f"{ident(c.dataset)} AS (\n{_contribution(entity, c, touched)}\n)" for c in contracts]
    keys = "\n  UNION ".join(f"SELECT entity_key FROM {ident(c.dataset)}" for c in contracts)
    values = [f"{_winner(item.name, contracts)} AS {ident(item.name)}" for item in entity.items]
    sources = ", ".join(f"{ident(item.name)} := {_source(item.name, contracts)}" for item in entity.items)
    joins = "\n".join(f"  LEFT JOIN {ident(c.dataset)} USING (entity_key)" for c in contracts)
    derived = "".join(f"{column.sql} AS {ident(column.name)},\n  " for column in entity.derived)
    items = ", ".join(ident(item.name) for item in entity.items)
    names = [item.name for item in entity.items] + [column.name for column in entity.derived]
    said = ", ".join(ident(name) for name in names)
    return (
        f"WITH {', '.join(parts)},\nkeys AS (\n  {keys}\n),\nfused AS (\n  SELECT keys.entity_key,\n    "
        + ",\n    ".join(values)
        + f",\n    struct_pack({sources}) AS provenance\n  FROM keys\n{joins}\n)\n"
        f"SELECT entity_key, {items},\n  {derived}provenance,\n"
        f"  CAST(hash({literal(' '.join(names))}, {said}, provenance) >> 1 AS BIGINT) AS row_hash\nFROM fused"
    )


def touched_sql(contract: Contract, after: int) -> str:
    """The entities that a dataset's publications numbered above `after` may have changed.

    A record that changed its entity touches both; a full dump touches every entity it ever named.
    """
    table = claims_table(contract)
    if contract.source.mode == "snapshot":
        return f"SELECT entity_key FROM {table} WHERE entity_key IS NOT NULL"
    return (
        f"SELECT entity_key FROM {table} WHERE entity_key IS NOT NULL AND source_key IN "
        f"(SELECT source_key FROM {table} WHERE publication_id > {after} OR withdrawn_by > {after})"
    )


def authority_of(contract: Contract) -> dict[str, int]:
    """Item -> authority, for the items with which a dataset takes part in golden records; the lower number wins."""
    return {item.name: item.authority for item in contract.items if item.authority is not None}


def _contribution(entity: Entity, contract: Contract, touched: str | None) -> str:
    table = claims_table(contract)
    # the newest version of a record decides, also when an older version named another entity
    rows = table
    if touched is not None:
        rows = (
            f"(SELECT * FROM {table} WHERE source_key IN "
            f"(SELECT source_key FROM {table} WHERE entity_key IN (SELECT entity_key FROM {touched})))"
        )
    if contract.source.mode == "snapshot":
        rows = table
    items = [item.name for item in entity.items if item.name in authority_of(contract)]
    values = ",\n    ".join(
        f"arg_max({ident(name)}, (cursor, row_hash)) FILTER ({ident(name)} IS NOT NULL) AS {ident(name)}"
        for name in items
    )
    wanted = f" AND entity_key IN (SELECT entity_key FROM {touched})" if touched is not None else ""
    return (
        f"  SELECT entity_key,\n    {values}\n  FROM (\n    {current_rows_sql(contract, rows)}\n  )\n"
        f"  WHERE NOT is_deleted AND entity_key IS NOT NULL{wanted}\n  GROUP BY entity_key"
    )


def _ranked(item: str, contracts: Sequence[Contract]) -> list[Contract]:
    speaking = [c for c in contracts if item in authority_of(c)]
    return sorted(speaking, key=lambda c: authority_of(c)[item])


def _winner(item: str, contracts: Sequence[Contract]) -> str:
    values = [ident(c.dataset, item) for c in _ranked(item, contracts)]
    return f"coalesce({', '.join(values)})" if values else "NULL"


def _source(item: str, contracts: Sequence[Contract]) -> str:
    cases = [f"WHEN {ident(c.dataset, item)} IS NOT NULL THEN {literal(c.dataset)}" for c in _ranked(item, contracts)]
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS VARCHAR)"
