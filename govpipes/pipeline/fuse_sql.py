"""The SQL that makes golden records over time, from the contracts that speak of an entity; only text is made here.

Each dataset's versions (valid_time) cut an entity's time into spans; within a span a dataset says of each item its
newest value there is, and the golden record takes the first value in the order of authority (一数一源) with the dataset
it came from. A value that the gate flagged as one that cannot be true does not count (decision 17). Neighbouring spans
that say the same become one. The statements run in order; each makes a temp table.
"""

from collections.abc import Sequence

from govpipes.catalogue.model import Contract, Entity
from govpipes.pipeline.aliases import aliases_table, leads_to_sql, named_sql
from govpipes.pipeline.claims import RECENCY, claims_table
from govpipes.pipeline.valid_time import HOLDS, KNOWN, merged_spans_sql, versions_sql
from govpipes.sql import column_list, ident, literal
from govpipes.standards import ELEMENTS, REASONS
from govpipes.warehouse import LAKE, Column

SPAN = ("entity_key", "valid_from")
"""What names a golden record among those known at one time."""


def history_columns(entity: Entity) -> list[Column]:
    """The columns of `<registry>.<table>_history`: key, items, derived columns, provenance, hash, the two times."""
    items = [Column(item.name, ELEMENTS[item.element].sql_type, item.title.zh) for item in entity.items]
    derived = [Column(column.name, column.type, column.title.zh) for column in entity.derived]
    fields = ", ".join(f"{ident(item.name)} VARCHAR" for item in entity.items)
    return [
        Column("entity_key", "VARCHAR", "the entity's key"),
        *items,
        *derived,
        Column("provenance", f"STRUCT({fields})", "item -> the dataset its value comes from"),
        Column("row_hash", "BIGINT"),
        Column("valid_from", "DATE", "the first day on which this holds"),
        Column("valid_to", "DATE", "the first day on which it no longer holds; NULL = it holds on"),
        Column("recorded_from", "TIMESTAMP WITH TIME ZONE", "when we learned it"),
        Column("recorded_to", "TIMESTAMP WITH TIME ZONE", "when we learned better; NULL = what we know"),
    ]


def golden_columns(entity: Entity) -> list[Column]:
    """The columns of `<registry>.<table>`: of the golden records that hold last, as they are known now."""
    return [column for column in history_columns(entity) if column.name not in ("valid_to", "recorded_to")]


CONFLICT_COLUMNS = [
    Column("entity_key", "VARCHAR", "the entity's key"),
    Column("item", "VARCHAR", "the item the departments disagree on, or of which a value is doubted"),
    Column("dataset", "VARCHAR", "whose value the golden record has; NULL = nobody's"),
    Column("losing_dataset", "VARCHAR", "which dataset says something else, or something that cannot be true"),
    Column("losing_department", "VARCHAR", "whose that dataset is"),
    Column("recorded_from", "TIMESTAMP WITH TIME ZONE", "when we learned of it"),
]
"""The columns of `<registry>.<table>_conflicts`; the values themselves are in `<table>_said(key)`."""


def golden_statements(entity: Entity, contracts: Sequence[Contract], touched: str | None) -> list[tuple[str, str]]:
    """(temp table, its SELECT) in the order to run, for the entities in the table `touched` (None: all).

    The last three are `fused`, what is said in each span (history_columns without recorded times), `golden`, the spans
    of the golden records, which begin as one of `fused`, and `conflicts`.
    """
    return [
        *([("leads_to", _leads_to(entity, touched))] if entity.aliases else []),
        *((_versions(c), _versions_of(entity, c, touched)) for c in contracts),
        ("spans", _spans(contracts)),
        *((_told(c), _told_of(entity, c)) for c in contracts),
        ("fused", _fused(entity, contracts)),
        ("golden", merged_spans_sql("fused", "entity_key")),
        ("conflicts", _conflicts(entity, contracts)),
    ]


def parts_statements(
    entity: Entity, contracts: Sequence[Contract], touched: str | None, number: int
) -> list[tuple[str, str]]:
    """(temp table, its SELECT) in the order to run; the last is `parts`: each of the entities in the table `touched`
    (None: all) and its `part` from 0. An entity and the numbers that lead to it are in one part.
    """
    keys = f"SELECT entity_key FROM {touched}" if touched else _all_keys(entity, contracts)
    rows = f"SELECT entity_key, entity_key AS given FROM ({keys})"
    leads = [("leads_to", _leads_to(entity, None))] if entity.aliases else []
    named = named_sql(rows) if entity.aliases else rows
    return [*leads, ("parts", f"SELECT given AS entity_key, hash(entity_key) % {number} AS part FROM ({named})")]


def _all_keys(entity: Entity, contracts: Sequence[Contract]) -> str:
    """Everybody of whom a dataset tells, or who is known from one that no longer takes part."""
    known = [ident(LAKE, entity.registry, f"{entity.table}_{what}") for what in ("history", "conflicts")]
    tables = [*(claims_table(contract) for contract in contracts), *known]
    return " UNION ".join(f"SELECT entity_key FROM {table} WHERE entity_key IS NOT NULL" for table in tables)


def touched_sql(contract: Contract, after: int) -> str:
    """The entities that a dataset's publications numbered above `after` may have changed.

    A record that changed its entity touches both. A full dump touches what it says differently from its neighbours.
    """
    table = claims_table(contract)
    changed = f"SELECT source_key FROM {table} WHERE publication_id > {after} OR withdrawn_by > {after}"
    if contract.source.mode == "snapshot":
        changed = _changed_by_dumps(contract, table, after)
    return f"SELECT DISTINCT entity_key FROM {table} WHERE entity_key IS NOT NULL AND source_key IN ({changed})"


def _changed_by_dumps(contract: Contract, table: str, after: int) -> str:
    """The records that new dumps say differently from their neighbours, or that a dump published again changed."""
    books = f"FROM {LAKE}.pipeline.publications WHERE dataset = {literal(contract.dataset)}"
    first = f"SELECT day {books} GROUP BY day HAVING min(publication_id) > {after}"
    beside = (
        # the first dump differs from what was before it, where nothing was said, in all that it says
        "SELECT day AS dump, unnest([day, coalesce(lag(day) OVER (ORDER BY day), DATE '-infinity'), "
        "lead(day) OVER (ORDER BY day)]) AS source_day "
        f"FROM (SELECT DISTINCT day {books})"
    )
    compared = f"SELECT * FROM ({beside}) WHERE source_day IS NOT NULL AND dump IN ({first})"
    return (
        f"WITH compared AS ({compared}) "
        f"SELECT source_key FROM {table} JOIN compared USING (source_day) WHERE recorded_to IS NULL "
        "GROUP BY dump, source_key, row_hash "
        "HAVING count(DISTINCT source_day) < (SELECT count(*) FROM compared c WHERE c.dump = compared.dump) "
        f"UNION SELECT source_key FROM {table} WHERE withdrawn_by > {after} "
        f"OR (publication_id > {after} AND source_day NOT IN ({first}))"
    )


def authority_of(contract: Contract) -> dict[str, int]:
    """Item -> authority, for the items with which a dataset takes part in golden records; the lower number wins."""
    return {item.name: item.authority for item in contract.items if item.authority is not None}


def view_sql(entity: Entity) -> str:
    """The golden records that hold last, as they are known now."""
    columns = column_list([column.name for column in golden_columns(entity)])
    history = ident(entity.registry, f"{entity.table}_history")
    return f"SELECT {columns} FROM {history} WHERE recorded_to IS NULL AND valid_to IS NULL"


def macros_of(entity: Entity, contracts: Sequence[Contract]) -> dict[str, str]:
    """The entity's table macros: `<table>_as_of(valid_day, known_day)`, `<table>_said(key, known_day)`; with aliases
    `<table>_leads_to(known_day)`.

    The first has the golden records that held on a day, as they were known on another; the second what every dataset
    said of one entity: one row per record, version and item; the third the entity that each other number leads to.
    """
    history = ident(entity.registry, f"{entity.table}_history")
    said = " UNION ALL ".join(_said(entity, contract) for contract in contracts)
    leads_to = leads_to_sql(aliases_table(entity), KNOWN)
    return {
        **({f"{ident(entity.table + '_leads_to')}(known_day)": leads_to} if entity.aliases else {}),
        f"{ident(entity.table + '_as_of')}(valid_day, known_day)": f"SELECT * FROM {history} WHERE {KNOWN} AND {HOLDS}",
        f"{ident(entity.table + '_said')}(key, known_day)": said,
    }


def _said(entity: Entity, contract: Contract) -> str:
    table = ident("claims", contract.dataset)
    authority = authority_of(contract)
    items = ", ".join(
        f"{{'item': {literal(item.name)}, 'value': CAST({ident(item.name)} AS VARCHAR), "
        f"'authority': {authority[item.name]}, 'flags': {_flags_of(item.name, contract)}, "
        f"'counts': doubted IS NULL OR NOT list_contains(doubted, {literal(item.name)})}}"
        for item in entity.items
        if item.name in authority
    )
    keys = "SELECT key"
    if entity.aliases:
        ties = leads_to_sql(aliases_table(entity), KNOWN)
        keys += f" UNION ALL SELECT alias FROM ({ties}) WHERE entity_key = key"
    rows = f"(SELECT * FROM {table} WHERE source_key IN (SELECT source_key FROM {table} WHERE entity_key IN ({keys})))"
    versions = versions_sql(contract, rows, KNOWN, "pipeline.publications")
    return (
        f"SELECT * FROM (SELECT key AS entity_key, unnest([{items}], recursive := true), "
        f"{literal(contract.dataset)} AS dataset, {literal(contract.provider)} AS department, "
        "source_key, source_day, cursor, publication_id, valid_from, valid_to, recorded_from "
        f"FROM (SELECT *, {_doubted(contract)} AS doubted FROM ({versions}) WHERE entity_key IN ({keys}))) "
        "WHERE value IS NOT NULL"
    )


def _doubted(contract: Contract) -> str:
    """SQL for the items of a claim whose values cannot be true, after its flags; NULL where there are none."""
    codes = ", ".join(literal(reason.code) for reason in REASONS.values() if reason.doubtful)
    rules = " ".join(
        f"WHEN flag = {literal('rule:' + rule.name)} THEN [{', '.join(map(literal, rule.doubts))}]"
        for rule in contract.rules
        if rule.doubts
    )
    named = (
        f"flatten(list_transform(flags, lambda flag: CASE {rules} "
        f"WHEN split_part(flag, ':', 2) IN ({codes}) THEN [split_part(flag, ':', 1)] END))"
    )
    # nearly all rows have no flag, and pay for the question only
    return f"CASE WHEN len(flags) > 0 THEN nullif({named}, []) END"


def _flags_of(item: str, contract: Contract) -> str:
    """SQL for the flags at an item of a claim and the rules that doubt it, as one text."""
    rules = [literal("rule:" + rule.name) for rule in contract.rules if item in rule.doubts]
    doubting = f" OR flag IN ({', '.join(rules)})" if rules else ""
    flags = f"list_filter(flags, lambda flag: starts_with(flag, {literal(item + ':')}){doubting})"
    return f"nullif(array_to_string({flags}, ', '), '')"


def _leads_to(entity: Entity, touched: str | None) -> str:
    ties = f"{LAKE}.{aliases_table(entity)}"
    return leads_to_sql(
        f"(SELECT * FROM {ties} WHERE alias IN (SELECT entity_key FROM {touched}))" if touched else ties
    )


def _versions(contract: Contract) -> str:
    return ident(f"versions of {contract.dataset}")


def _told(contract: Contract) -> str:
    return ident(f"told by {contract.dataset}")


def _items(entity: Entity, contract: Contract) -> list[str]:
    authority = authority_of(contract)
    return [item.name for item in entity.items if item.name in authority]


def _versions_of(entity: Entity, contract: Contract, touched: str | None) -> str:
    table = claims_table(contract)
    rows, wanted = table, "entity_key IS NOT NULL"
    if touched is not None:
        # all versions of a record decide when each of them holds, also those that named another entity
        named = f"SELECT source_key FROM {table} WHERE entity_key IN (SELECT entity_key FROM {touched})"
        rows = f"(SELECT * FROM {table} WHERE source_key IN ({named}))"
        wanted = f"entity_key IN (SELECT entity_key FROM {touched})"
    versions = (
        f"SELECT entity_key, valid_from, valid_to, {RECENCY} AS recency, doubted, "
        f"{', '.join(_believed(name) for name in _items(entity, contract))}\n"
        f"FROM (SELECT *, {_doubted(contract)} AS doubted\nFROM ({versions_sql(contract, rows)}))\nWHERE {wanted}"
    )
    return named_sql(versions) if entity.aliases else versions


def _believed(name: str) -> str:
    """SQL for an item of a claim, NULL where it is doubted."""
    item = ident(name)
    believed = f"NOT list_contains(doubted, {literal(name)})"
    return f"CASE WHEN doubted IS NULL THEN {item} WHEN {believed} THEN {item} END AS {item}"


def _spans(contracts: Sequence[Contract]) -> str:
    days = "\n  UNION ".join(
        f"SELECT entity_key, valid_from FROM {_versions(c)} "
        f"UNION SELECT entity_key, valid_to FROM {_versions(c)} WHERE valid_to IS NOT NULL"
        for c in contracts
    )
    return (
        "SELECT *, lead(valid_from) OVER (PARTITION BY entity_key ORDER BY valid_from) AS valid_to\n"
        f"FROM (\n  {days}\n)"
    )


def _told_of(entity: Entity, contract: Contract) -> str:
    """One row per span in which the dataset says something: nearly always one version's, as it is."""
    items = [ident(name) for name in _items(entity, contract)]
    newest = ", ".join(f"arg_max({name}, recency) FILTER ({name} IS NOT NULL) AS {name}" for name in items)
    return (
        f"WITH holding AS (\n  SELECT {column_list(SPAN, 's')}, v.recency, {', '.join(f'v.{name}' for name in items)}\n"
        f"  FROM spans s JOIN {_versions(contract)} v ON v.entity_key = s.entity_key "
        "AND v.valid_from <= s.valid_from AND (v.valid_to IS NULL OR v.valid_to > s.valid_from)\n), "
        f"several AS (SELECT {column_list(SPAN)} FROM holding GROUP BY ALL HAVING count(*) > 1)\n"
        f"SELECT {column_list(SPAN)}, {', '.join(items)} FROM holding ANTI JOIN several USING ({column_list(SPAN)})\n"
        f"UNION ALL SELECT {column_list(SPAN)}, {newest} FROM holding SEMI JOIN several USING ({column_list(SPAN)}) "
        f"GROUP BY {column_list(SPAN)}"
    )


def _fused(entity: Entity, contracts: Sequence[Contract]) -> str:
    values = ",\n    ".join(f"{_winner(item.name, contracts)} AS {ident(item.name)}" for item in entity.items)
    sources = ", ".join(f"{ident(item.name)} := {_source(item.name, contracts)}" for item in entity.items)
    somebody = " OR ".join(f"{_told(c)}.entity_key IS NOT NULL" for c in contracts)
    items = column_list([item.name for item in entity.items])
    derived = "".join(f"{column.sql} AS {ident(column.name)}, " for column in entity.derived)
    names = [item.name for item in entity.items] + [column.name for column in entity.derived]
    hashed = f"CAST(hash({literal(' '.join(names))}, {column_list(names)}, provenance) >> 1 AS BIGINT) AS row_hash"
    said = (
        f"SELECT {column_list((*SPAN, 'valid_to'), 's')},\n    {values},\n    struct_pack({sources}) AS provenance\n"
        f"  FROM spans s\n{_joined(contracts)}\n  WHERE {somebody}"
    )
    return (
        f"SELECT *, {hashed} FROM (SELECT entity_key, {items}, {derived}provenance, valid_from, valid_to "
        f"FROM (\n  {said}\n))"
    )


def _conflicts(entity: Entity, contracts: Sequence[Contract]) -> str:
    """Where a dataset's value is not the golden record's, in what holds last; two reports of one event that differ;
    values that cannot be true.
    """
    found = [
        (f"{_told(loser)}.{ident(item.name)} <> {_winner(item.name, contracts)}", item.name, loser)
        for item in entity.items
        for loser in _ranked(item.name, contracts)[1:]
    ]
    parts = [
        _conflicting(
            [_conflict(differs, item, _source(item, contracts), loser) for differs, item, loser in found],
            f"spans s\n{_joined(contracts)}\n  WHERE s.valid_to IS NULL",
            "s.entity_key",
        )
    ]
    for contract in contracts:
        if contract.valid and contract.valid.event:
            items = _items(entity, contract)
            twice = [
                _conflict(f"count(DISTINCT {ident(item)}) > 1", item, literal(contract.dataset), contract)
                for item in items
            ]
            parts.append(_conflicting(twice, f"{_versions(contract)}\n  GROUP BY entity_key", "entity_key"))
        parts.append(_doubts(entity, contract))
    return "\nUNION ALL\n".join(parts)


def _doubts(entity: Entity, contract: Contract) -> str:
    """The conflicts of a dataset whose values, in what holds last, cannot be true."""
    items = _items(entity, contract)
    sources = " ".join(f"WHEN {literal(name)} THEN g.provenance.{ident(name)}" for name in items)
    return (
        f"SELECT entity_key, item, CASE item {sources} END, {literal(contract.dataset)}, {literal(contract.provider)} "
        f"FROM (SELECT DISTINCT entity_key, unnest(doubted) AS item FROM {_versions(contract)} WHERE valid_to IS NULL "
        f"AND doubted IS NOT NULL) JOIN (SELECT entity_key, provenance FROM fused WHERE valid_to IS NULL) g "
        f"USING (entity_key) WHERE item IN ({', '.join(map(literal, items))})"
    )


def _conflict(condition: str, item: str, dataset: str, loser: Contract) -> str:
    return (
        f"CASE WHEN {condition} THEN {{'item': {literal(item)}, 'dataset': {dataset}, "
        f"'losing_dataset': {literal(loser.dataset)}, 'losing_department': {literal(loser.provider)}}} END"
    )


def _conflicting(conflicts: Sequence[str], source: str, key: str) -> str:
    if not conflicts:
        kinds = ", ".join(f"CAST(NULL AS {column.type}) AS {column.name}" for column in CONFLICT_COLUMNS[:-1])
        return f"SELECT {kinds} WHERE FALSE"
    listed = ",\n    ".join(conflicts)
    return (
        f"SELECT * FROM (\n  SELECT {key}, unnest(list_filter([\n    {listed}\n  ], lambda c: c IS NOT NULL), "
        f"recursive := true)\n  FROM {source}\n)"
    )


def _joined(contracts: Sequence[Contract]) -> str:
    return "\n".join(f"  LEFT JOIN {_told(c)} USING ({', '.join(SPAN)})" for c in contracts)


def _ranked(item: str, contracts: Sequence[Contract]) -> list[Contract]:
    speaking = [c for c in contracts if item in authority_of(c)]
    return sorted(speaking, key=lambda c: authority_of(c)[item])


def _winner(item: str, contracts: Sequence[Contract]) -> str:
    values = [f"{_told(c)}.{ident(item)}" for c in _ranked(item, contracts)]
    return f"coalesce({', '.join(values)})" if values else "NULL"


def _source(item: str, contracts: Sequence[Contract]) -> str:
    ranked = _ranked(item, contracts)
    cases = [f"WHEN {_told(c)}.{ident(item)} IS NOT NULL THEN {literal(c.dataset)}" for c in ranked]
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS VARCHAR)"
