"""How near a release is to the truth of the practice province: golden values, merges, links, day by day.

Everything true is compared, in SQL, and counted from the truth: a record that is not there lacks all its values. The
golden records are those of a day as they were known when that day's work was done. Whether the departments' faults were
caught is in `caught.py`; syncing the province is the demo's, showing the tables the CLI's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Contract, Entity, EntityItem, Link
from govpipes.days import Cycle
from govpipes.settings import Settings
from govpipes.simulator import caught, truth
from govpipes.sql import ident, literal

Row = dict[str, Any]

_KINDS = {
    "population.person": "person",
    "population.marriage": "marriage",
    "population.insurance": "insurance",
    "legal_entity.organization": "organization",
    "geospatial.address": "address",
    "geospatial.point_of_interest": "point_of_interest",
    "geospatial.building": "building",
    "credit.record": "credit_record",
    "macro_economy.indicator": "indicator",
    "macro_economy.observation": "observation",
    "certificates.certificate": "certificate",
}
"""Entity -> the kind of truth it is compared with; links have the names their truth has."""

_TOLERANCE_METRES = 1
_METRES_A_DEGREE = 111_320
_PLACES = ("longitude", "latitude")
_TEXTS = ("text", "free_text")


@dataclass(frozen=True, slots=True)
class Score:
    """What one day's golden records are worth. Shares are from 0 to 1; None where there was nothing to compare.

    entities: per entity `true` and `golden` records, those `missing` here and those `of_nobody` true; `wrong_merges`,
    golden records into which departments' records of several true entities went; `missed_merges`, true entities whose
    records went into several; and all its items together.
    items: of the true values `compared` were there and `values_missing` not; `wrong` of those compared. `at_source`:
    so many wrong ones come from a dataset in whose record of this entity the department wrote this item wrongly, in a
    way that no standard undoes. `authority_accuracy`: of the values that come from the item's authority.
    links: the `true` ones (both sides are true), of these those `told` by a department, of these those `missed`, which
    is what recall counts; `found` leads somewhere, `right` to where it should. Of those found, the `matched` have no
    number, and of these the `matched_wrong` lead to somebody else.
    not_compared: what has no counterpart, and why.
    """

    day: date
    entities: list[Row]
    items: list[Row]
    links: list[Row]
    not_compared: list[str]


def days(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, settings: Settings) -> list[date]:
    """The days that are both in the release and in the truth, oldest first."""
    found = con.execute(f"SELECT DISTINCT day FROM {_daily(catalogue)} ORDER BY day").fetchall()
    return [day for (day,) in found if (truth.folder(settings) / f"person-{day}.parquet").exists()]


def score(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, settings: Settings, day: date) -> Score:
    """Compare the golden records of `day`, as known at the end of its work, with the truth at the day's end.

    con: a release, in use, with the standards' macros. day: one of `days`.
    """
    known = _known(con, catalogue, day)
    con.execute(f"CREATE OR REPLACE TEMP TABLE fault AS {truth.faults(settings)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE wrongly_written AS {_wrongly_written(catalogue, day)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE true_link AS {truth.as_of(settings, 'link', day)}")
    there = _macros(con)
    compared = {
        name: entity
        for entity in catalogue.entities
        if (name := _name(entity)) in _KINDS and (entity.registry, f"{entity.table}_as_of") in there
    }
    for name, entity in compared.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE {_true(name)} AS {truth.as_of(settings, _KINDS[name], day)}")
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_golden(name)} AS "
            f"FROM {ident(entity.registry, entity.table + '_as_of')}({literal(day)}, {known})"
        )
    entities, items, links = [], [], []
    left_out = [
        f"{name}: {'no dataset of it is due so far' if name in _KINDS else 'copied from a reference file as it is'}"
        for name in map(_name, catalogue.entities)
        if name not in compared
    ]
    for name, entity in compared.items():
        told = {column for (column, *_) in con.execute(f"DESCRIBE {_true(name)}").fetchall()}
        own = []
        for item in entity.items:
            if _authority(catalogue, entity, item.name) is None:
                left_out.append(f"{name}.{item.name}: no dataset tells it")
            elif item.name in told:
                own.append(_item(con, catalogue, entity, item))
            else:
                left_out.append(f"{name}.{item.name}: the province keeps no truth of it")
        items += [{"registry": entity.registry, "entity": entity.name, **row} for row in own]
        counted = {**_entity(con, name), **_merges(con, catalogue, settings, entity, day, known)}
        entities.append({"registry": entity.registry, "entity": entity.name, **counted, **overall(own)})
        for link in entity.links:
            if link.name not in {kind for (kind,) in con.execute("SELECT DISTINCT kind FROM true_link").fetchall()}:
                left_out.append(f"{name}.{link.name}: the province keeps no truth of this link")
            elif not all(target in compared for target in link.to):
                left_out.append(f"{name}.{link.name}: nothing of the other side is there so far")
            elif known != "NULL" and link.matching:
                left_out.append(
                    f"{name}.{link.name}: how it is linked is kept for now only, not for a day that is past"
                )
            else:
                links.append({"entity": entity.name, **_link(con, catalogue, settings, entity, link, day, known)})
    return Score(day, entities, items, links, left_out)


def overall(items: Iterable[Row]) -> Row:
    """All items together: values compared, wrong, wrong at their source, missing; accuracy, completeness."""
    rows = list(items)
    counted = ("compared", "wrong", "at_source", "values_missing")
    compared, wrong, at_source, missing = (sum(int(row[name]) for row in rows) for name in counted)
    return {
        "compared": compared,
        "wrong": wrong,
        "at_source": at_source,
        "accuracy": share(compared - wrong, compared),
        "values_missing": missing,
        "completeness": share(compared, compared + missing),
    }


def all_links(links: Sequence[Row]) -> Row:
    """All links together: precision and recall."""
    found, right, told, missed = (sum(int(row[name]) for row in links) for name in ("found", "right", "told", "missed"))
    return {"precision": share(right, found), "recall": share(told - missed, told)}


def share(part: int, whole: int) -> float | None:
    """A part of a whole, six digits; None of nothing."""
    return round(part / whole, 6) if whole else None


def _true(name: str) -> str:
    return ident(f"true_{_KINDS[name]}")


def _golden(name: str) -> str:
    return ident(f"golden_{_KINDS[name]}")


def _name(entity: Entity) -> str:
    return f"{entity.registry}.{entity.name}"


def _macros(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """(schema, name) of the release's table macros: what no dataset has told yet has none."""
    query = (
        "SELECT DISTINCT schema_name, function_name FROM duckdb_functions() WHERE database_name = current_database()"
    )
    return {(schema, name) for schema, name in con.execute(query).fetchall()}


def _told_by(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, entity: Entity) -> list[Contract]:
    """The datasets that speak of an entity and have been published."""
    there = _macros(con)
    return [c for c in catalogue.contracts_of(entity) if ("current", f"{c.dataset}_as_of") in there]


def _daily(catalogue: Catalogue) -> str:
    """SQL in parentheses: the publications of datasets that have a day for every day."""
    names = [name for name, contract in catalogue.contracts.items() if contract.update.cycle is Cycle.DAILY]
    return f"(SELECT * FROM pipeline.publications WHERE dataset IN ({', '.join(map(literal, names))}))"


def _known(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, day: date) -> str:
    """SQL: the moment before the first publication of a later day, until when `day` was worked on; NULL is now.

    The province's days are synced in a few minutes of one real day, so a day's own end would tell nothing.
    """
    row = con.execute(
        f"SELECT CAST(min(published_at) - INTERVAL 1 MICROSECOND AS VARCHAR) FROM {_daily(catalogue)} WHERE day > ?",
        [day],
    ).fetchone()
    return f"{literal(row[0])}::TIMESTAMPTZ" if row and row[0] else "NULL"


def _wrongly_written(catalogue: Catalogue, day: date) -> str:
    """SQL: (dataset, item, truth_key) of what departments wrote wrongly and no standard could undo."""
    columns = ", ".join(
        f"({literal(dataset)}, {literal(code)}, {literal(reported)}, {literal(item.name)})"
        for dataset, code, reported, column in caught.damaged_columns()
        for item in catalogue.contracts[dataset].items
        if column in item.columns
    )
    return (
        f"SELECT DISTINCT f.dataset, c.item, f.truth_key FROM fault f JOIN (VALUES {columns}) "
        "c(dataset, fault, reported, item) ON c.dataset = f.dataset AND c.fault = f.fault AND c.reported = f.item "
        f"WHERE f.expected IN ('reject', 'flag', 'keep') AND f.written_on <= {literal(day)}"
    )


def _entity(con: duckdb.DuckDBPyConnection, name: str) -> Row:
    """How many there are, here and there; a key nobody true has is a wrong one (a split or a mistaken number)."""
    names = ("true", "golden", "missing", "of_nobody")
    row = con.execute(
        "SELECT count(t.key), count(g.entity_key), count(*) FILTER (g.entity_key IS NULL), "
        f"count(*) FILTER (t.key IS NULL) FROM {_true(name)} t FULL JOIN {_golden(name)} g ON g.entity_key = t.key"
    ).fetchone()
    assert row is not None
    return dict(zip(names, row, strict=True))


def _merges(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, settings: Settings, entity: Entity, day: date, known: str
) -> Row:
    """Of whom each department's records really are, against the golden records they went into."""
    leads_to = "SELECT NULL::VARCHAR AS alias, NULL::VARCHAR AS entity_key WHERE FALSE"
    if entity.aliases:
        leads_to = f"FROM {ident(entity.registry, entity.table + '_leads_to')}({known})"
    parts = [
        "SELECT coalesce(l.entity_key, c.entity_key) AS entity_key, w.truth_key "
        f"FROM {ident('current', contract.dataset + '_as_of')}({literal(day)}, {known}) c "
        f"JOIN ({caught.whose(settings, contract, day)}) w USING (source_key) "
        "LEFT JOIN leads_to l ON l.alias = c.entity_key WHERE c.entity_key IS NOT NULL"
        for contract in _told_by(con, catalogue, entity)
    ]
    row = con.execute(
        f"WITH leads_to AS ({leads_to}), "
        f"told AS (SELECT DISTINCT entity_key, truth_key FROM ({' UNION ALL '.join(parts)})) "
        "SELECT (SELECT count(*) FROM (SELECT entity_key FROM told GROUP BY ALL HAVING count(*) > 1)), "
        "(SELECT count(*) FROM (SELECT truth_key FROM told GROUP BY ALL HAVING count(*) > 1))"
    ).fetchone()
    assert row is not None
    return dict(zip(("wrong_merges", "missed_merges"), row, strict=True))


def _authority(catalogue: Catalogue, entity: Entity, item: str) -> str | None:
    """The dataset whose word on the item comes first; None where no dataset tells it."""
    ranked = sorted(
        (found.authority, contract.dataset)
        for contract in catalogue.contracts_of(entity)
        if (found := contract.item(item)) is not None and found.authority is not None
    )
    return ranked[0][1] if ranked else None


def _item(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, entity: Entity, item: EntityItem) -> Row:
    name = _name(entity)
    value, true = f"g.{ident(item.name)}", f"t.{ident(item.name)}"
    winner = f"g.provenance.{ident(item.name)}"
    if item.element in _PLACES:
        same = f"abs({value} - {true}) * {_METRES_A_DEGREE} <= {_TOLERANCE_METRES}"
    elif item.element in _TEXTS:  # the standard writes `,` for `，`
        same = f"{value} = std_text({true})"
    else:
        same = f"{value} IS NOT DISTINCT FROM TRY_CAST({true} AS {_type(con, name, item.name)})"
    both = f"{value} IS NOT NULL AND {true} IS NOT NULL"
    by_authority = f"{winner} = {literal(_authority(catalogue, entity, item.name))}"
    row = con.execute(
        f"SELECT count(*) FILTER ({both}), count(*) FILTER ({both} AND NOT {same}), "
        f"count(*) FILTER ({both} AND NOT {same} AND f.truth_key IS NOT NULL), "
        f"count(*) FILTER ({both} AND {by_authority}), count(*) FILTER ({both} AND {by_authority} AND NOT {same}), "
        f"count(*) FILTER ({value} IS NULL AND {true} IS NOT NULL) "
        f"FROM {_true(name)} t LEFT JOIN {_golden(name)} g ON g.entity_key = t.key "
        f"LEFT JOIN wrongly_written f ON f.truth_key = t.key AND f.item = {literal(item.name)} AND f.dataset = {winner}"
    ).fetchone()
    assert row is not None
    compared, wrong, at_source, of_authority, authority_wrong, missing = (int(count) for count in row)
    return {
        "item": item.name,
        "compared": compared,
        "wrong": wrong,
        "at_source": at_source,
        "accuracy": share(compared - wrong, compared),
        "authority_accuracy": share(of_authority - authority_wrong, of_authority),
        "values_missing": missing,
        "completeness": share(compared, compared + missing),
    }


def _type(con: duckdb.DuckDBPyConnection, name: str, item: str) -> str:
    row = con.execute(f"SELECT typeof({ident(item)}) FROM {_golden(name)} LIMIT 1").fetchone()
    return str(row[0]) if row else "VARCHAR"


def _link(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    settings: Settings,
    entity: Entity,
    link: Link,
    day: date,
    known: str,
) -> Row:
    """Links found, rightly found, true: now as the release's view has them, else from the day's golden records."""
    if known == "NULL":
        view = ident("links", f"{entity.registry}_{entity.table}_{link.name}")
        found = f"SELECT entity_key, target_key, how FROM {view} WHERE target_key IS NOT NULL"
    else:
        found = " UNION ALL ".join(
            f"SELECT s.entity_key, t.entity_key AS target_key, 'number' AS how FROM {_golden(_name(entity))} s "
            f"JOIN {_golden(target)} t ON t.{ident(link.matches)} = s.{ident(link.item)}"
            for target in link.to
        )
    there = " UNION ALL ".join(f"SELECT key FROM {_true(target)}" for target in link.to)
    row = con.execute(
        f"WITH found AS ({found}), matched AS (FROM found WHERE how <> 'number'), "
        f"said AS (SELECT from_key, to_key FROM true_link WHERE kind = {literal(link.name)}), "
        # who represents a firm may have left the province: then there is nobody to link to
        f"true_here AS (SELECT s.* FROM said s SEMI JOIN ({there}) t ON t.key = s.to_key), "
        f"told AS (SELECT s.* FROM true_here s SEMI JOIN ({_told(con, catalogue, settings, entity, link, day)}) d "
        "ON d.truth_key = s.from_key) "
        "SELECT (SELECT count(*) FROM true_here), (SELECT count(*) FROM told), (SELECT count(*) FROM found), "
        "(SELECT count(*) FROM found SEMI JOIN said ON entity_key = from_key AND target_key = to_key), "
        "(SELECT count(*) FROM told ANTI JOIN found ON entity_key = from_key AND target_key = to_key), "
        "(SELECT count(*) FROM matched), "
        "(SELECT count(*) FROM matched ANTI JOIN said ON entity_key = from_key AND target_key = to_key)"
    ).fetchone()
    assert row is not None
    names = ("true", "told", "found", "right", "missed", "matched", "matched_wrong")
    counts = {name: int(count) for name, count in zip(names, row, strict=True)}
    return {
        "link": link.name,
        **counts,
        "precision": share(counts["right"], counts["found"]),
        "recall": share(counts["told"] - counts["missed"], counts["told"]),
    }


def _told(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, settings: Settings, entity: Entity, link: Link, day: date
) -> str:
    """SQL: truth_key of the entities of which a department's record names the other side.

    Where the other side is found by matching or by a derived key, any record does; by the key of an address, those
    that have the address.
    """
    parts = []
    key = next((derived.sql for derived in entity.derived if derived.name == link.item), "")
    address = next((i.name for i in entity.items if i.element == "address_text" and f"{i.name})" in key), None)
    named_by = address or link.item
    found = entity.item(named_by) is None
    for contract in _told_by(con, catalogue, entity):
        item = contract.item(named_by)
        if found or item is not None:
            named = f" WHERE {ident(item.columns[0])} IS NOT NULL" if item is not None else ""
            parts.append(f"SELECT truth_key FROM {caught.delivered(settings, contract, day)}{named}")
    return " UNION ALL ".join(parts)
