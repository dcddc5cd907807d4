"""The SQL that standardizes a dataset-day, made from its contract; `govpipes explain` prints it.

Stages, one CTE each: landed rows → `texts` (raw values as text) → `told` (is anything said) → `standard`
(std_<element>) → `checked` (err_<element>) → `judged` (reasons, flags, keys) → the row and its hash. A stage uses what
the one before has made: an alias used again beside itself would be planned twice. Only text is made here.
Raw values are named "raw:<item>", rule codes "err:<item>", and "missing:<item>" says that nothing is told (a word for
nothing is no value, whatever the element): a colon cannot occur in an item's name.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from govpipes.catalogue.model import CANDIDATE_COLUMNS, Contract, Entity, Item
from govpipes.sql import column_list, ident, literal
from govpipes.standards import ELEMENTS

SWEPT = "SWEPT"
"""The flag of what a key sweep says: a deletion nobody announced, or a record that is back (sweep.py)."""

OTHER_DATUM = "GEO-04"
"""The flag of a point in a batch whose datum is not the contract's first (datum.py)."""


def standardize_sql(
    contract: Contract,
    entity: Entity,
    landed_sql: str,
    columns: Mapping[str, str],
    day: date,
    end: datetime,
    datum: str | None = None,
) -> str:
    """SQL of a dataset-day, a row per landed one: items, CANDIDATE_COLUMNS, `reasons`, `landing_id`, `row_number`.

    columns: the landed columns and their DuckDB types. end: where the period ends, by the source's clock. datum: which
    of those that the contract lists the points are in; None: the first.
    """
    settled = _settled(contract, datum)
    moved = [item.name for item in contract.items if item.datums and datum not in (None, item.datums[0])]
    return "\n".join(
        [
            *standard_ctes(settled, entity, landed_sql, columns, end),
            f"checked AS (\n  SELECT *,\n    {_lines(_checks(settled))}\n  FROM standard\n),",
            f"judged AS (\n  SELECT {_lines(_judgement(settled, entity, day, end, moved))}\n  FROM checked\n)",
            f"SELECT {_lines(_output(contract))}",
            "FROM judged",
        ]
    )


def standard_ctes(
    contract: Contract, entity: Entity, landed_sql: str, columns: Mapping[str, str], end: datetime
) -> list[str]:
    """The first stages, `WITH landed … standard …,`: raw texts ("raw:<item>", "raw:<item>:<option>") beside values."""
    contract = _settled(contract, None)
    return [
        f"WITH landed AS (\n{_indent(landed_sql)}\n),",
        f"texts AS (\n  SELECT {_lines(_texts(contract, columns, end))}\n  FROM landed\n),",
        f"told AS (\n  SELECT *,\n    {_lines(_told(contract))}\n  FROM texts\n),",
        f"standard AS (\n  SELECT *,\n    {_lines(_standards(contract, entity))}\n  FROM told\n),",
    ]


def _settled(contract: Contract, datum: str | None) -> Contract:
    """The contract with one datum where it lists several: this one, or the first."""
    if not contract.datums:
        return contract
    items = [
        item.model_copy(update={"options": {**item.options, "datum": datum or item.datums[0]}}) if item.datums else item
        for item in contract.items
    ]
    return contract.model_copy(update={"items": tuple(items)})


def _texts(contract: Contract, columns: Mapping[str, str], end: datetime) -> list[str]:
    source = contract.source
    texts = ["landing_id", "row_number"]
    for item in contract.items:
        texts.append(f"{_text_of(item, columns)} AS {_raw(item)}")
        texts += [
            f"{_as_text(str(value))} AS {ident(f'raw:{item.name}:{option}')}"
            for option, value in _column_options(item)
            if value in columns
        ]
    texts.append(f"{_swept('swept_key', columns, source_key_sql(contract))} AS source_key")
    texts.append(f"{_swept('swept_at', columns, cursor_sql(contract, columns, end))} AS cursor")
    deleted = ["swept_key IS NOT NULL"] if "swept_key" in columns else []
    deleted += ["coalesce(tombstone, FALSE)"] if "tombstone" in columns and source.tombstones else []
    if source.deletes and source.deletes.column in columns:
        deleted.append(f"coalesce(trim({_as_text(source.deletes.column)}) = {literal(source.deletes.value)}, FALSE)")
    texts.append(f"{' OR '.join(deleted) or 'FALSE'} AS is_deleted")
    texts.append(f"{'swept_at IS NOT NULL' if 'swept_at' in columns else 'FALSE'} AS is_swept")
    return texts


def source_key_sql(contract: Contract) -> str:
    """SQL for the key of a landed row as one text; NULL when a part of it is empty."""
    parts = [f"nullif(trim({_as_text(key)}), '')" for key in contract.source.key]
    if len(parts) > 1:  # so that ("a|b", "c") and ("a", "b|c") stay two keys
        parts = [f"replace(replace({part}, '\\', '\\\\'), '|', '\\|')" for part in parts]
    whole = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    return f"CASE WHEN {whole} THEN concat_ws('|', {', '.join(parts)}) END"


def _swept(column: str, columns: Mapping[str, str], otherwise: str) -> str:
    return f"coalesce({column}, {otherwise})" if column in columns else otherwise


def _text_of(item: Item, columns: Mapping[str, str]) -> str:
    if item.value is not None:
        return literal(item.value)
    present = [name for name in item.columns if name in columns]
    return _as_text(present[0]) if present else "CAST(NULL AS VARCHAR)"


def cursor_sql(contract: Contract, columns: Mapping[str, str], end: datetime) -> str:
    """SQL for the time of change of a landed row, as the source's clock says it; NULL when it is none."""
    column = contract.source.cursor
    if column is None:  # a dump speaks for the end of its period
        return literal(end - timedelta(seconds=1))
    if columns.get(column, "VARCHAR").startswith("TIMESTAMP"):
        return f"CAST({ident(column)} AS TIMESTAMP)"
    return f"CAST(std_timestamp({_as_text(column)}) AS TIMESTAMP)"


def _told(contract: Contract) -> list[str]:
    return [f"missing({_raw(item)}) AS {_missing(item)}" for item in contract.items]


def _standards(contract: Contract, entity: Entity) -> list[str]:
    values = [
        f"CASE WHEN NOT {_missing(item)} THEN std_{item.element}({_raw(item)}{_arguments(item)}) END AS {_value(item)}"
        for item in contract.items
    ]
    # the entity's key may name items this dataset does not have
    there = {item.name for item in contract.items}
    values += [
        f"CAST(NULL AS {ELEMENTS[item.element].sql_type}) AS {ident(item.name)}"
        for item in entity.items
        if item.name not in there and re.search(rf"\b{item.name}\b", entity.key)
    ]
    return values


def _checks(contract: Contract) -> list[str]:
    checks = []
    for item in contract.items:
        required = literal("REQUIRED") if item.required else "NULL"
        wrong = f"err_{item.element}({_raw(item)}, {_value(item)}{_arguments(item)})"
        if item.required:  # a placeholder is no value either
            wrong = f"coalesce({wrong}, CASE WHEN {_value(item)} IS NULL THEN {required} END)"
        checks.append(f"CASE WHEN {_missing(item)} THEN {required} ELSE {wrong} END AS {_err(item)}")
    return checks


def _judgement(contract: Contract, entity: Entity, day: date, end: datetime, moved: Sequence[str]) -> list[str]:
    reasons = ["CASE WHEN source_key IS NULL THEN 'KEY' END", "CASE WHEN cursor IS NULL THEN 'CURSOR' END"]
    if contract.source.mode == "incremental":
        reasons.append(f"CASE WHEN cursor >= {literal(end)} THEN 'FUTURE' END")
    technical = list(reasons)
    flags: list[str] = [f"CASE WHEN is_swept THEN {literal(SWEPT)} END"]
    for item in contract.items:
        named = f"{literal(item.name + ':')} || {_err(item)}"
        (reasons if item.on_error == "reject" else flags).append(named)
        flags.append(
            f"CASE WHEN {_err(item)} IS NULL AND NOT {_missing(item)} THEN {literal(item.name + ':')} || "
            f"flag_{item.element}({_raw(item)}, {_value(item)}, {literal(day)}{_arguments(item)}) END"
        )
        if item.name in moved and item.element == "longitude":  # once a point
            flags.append(f"CASE WHEN {_final(item)} IS NOT NULL THEN {literal(f'{item.name}:{OTHER_DATUM}')} END")
    for rule in contract.rules:
        broken = f"CASE WHEN NOT ({rule.sql}\n) THEN {literal('rule:' + rule.name)} END"
        (reasons if rule.on_fail == "reject" else flags).append(broken)
    return [
        "landing_id",
        "row_number",
        *(f"{_final(item)} AS {_value(item)}" for item in contract.items),
        f"({entity.key}) AS entity_key",
        "source_key",
        "cursor",
        "is_deleted",
        f"list_filter([{_list(flags)}]::VARCHAR[], lambda f: f IS NOT NULL) AS flags",
        # a deletion is taken as it comes: all that matters of it is its key and its time
        f"list_filter(CASE WHEN is_deleted THEN [{_list(technical)}] ELSE [{_list(reasons)}] END::VARCHAR[], "
        "lambda r: r IS NOT NULL) AS reasons",
    ]


def _output(contract: Contract) -> list[str]:
    items = [item.name for item in contract.items]
    # all that a claim says, and under which names: what the contract changes is then a new version
    said = f"{literal(' '.join(items))}, {column_list(items)}, entity_key, is_deleted, flags"
    made = {"row_hash": f"CAST(hash({said}) >> 1 AS BIGINT) AS row_hash"}
    technical = [made.get(name, ident(name)) for name in CANDIDATE_COLUMNS]
    return [column_list(items), *technical, "reasons", "landing_id", "row_number"]


def _final(item: Item) -> str:
    # an invalid value that only flags its row is not published: the flag says so, the landing keeps it
    return _value(item) if item.on_error == "reject" else f"CASE WHEN {_err(item)} IS NULL THEN {_value(item)} END"


def _arguments(item: Item) -> str:
    """The element's options as macro arguments; a paired column is passed as `other`."""
    columns = dict(_column_options(item))
    arguments = [f"{option} := {literal(value)}" for option, value in item.options.items() if option not in columns]
    arguments += [f"other := {ident(f'raw:{item.name}:{option}')}" for option in columns]
    return "".join(f", {argument}" for argument in arguments)


def _column_options(item: Item) -> list[tuple[str, object]]:
    names = ELEMENTS[item.element].column_options
    return [(option, value) for option, value in item.options.items() if option in names]


def _as_text(column: str) -> str:
    return f"CAST({ident(column)} AS VARCHAR)"


def _raw(item: Item) -> str:
    return ident("raw:" + item.name)


def _err(item: Item) -> str:
    return ident("err:" + item.name)


def _missing(item: Item) -> str:
    return ident("missing:" + item.name)


def _value(item: Item) -> str:
    return ident(item.name)


def _list(parts: list[str]) -> str:
    return ",\n      ".join(parts)


def _lines(parts: list[str]) -> str:
    return ",\n    ".join(parts)


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())
