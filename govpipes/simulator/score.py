"""How near a release is to the truth of the practice province: golden values, missing ones, links, item by item.

Everything true is compared, in SQL: `wrong` and `missing` are counted whatever their cause, and beside them how many of
these the department itself wrote wrongly (the fault list). What is not compared is said by `not_compared`.
Here are the comparisons; syncing the province is the demo's, showing the table the CLI's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Entity
from govpipes.settings import Settings
from govpipes.simulator import truth
from govpipes.sql import ident, literal

Row = dict[str, Any]

_ENTITIES = {
    ("population", "person"): "person",
    ("population", "marriage"): "marriage",
    ("legal_entity", "organization"): "organization",
    ("geospatial", "address"): "address",
    ("geospatial", "point_of_interest"): "point_of_interest",
    ("credit", "record"): "credit_record",
    ("macro_economy", "indicator"): "indicator",
    ("macro_economy", "observation"): "observation",
    ("certificates", "certificate"): "certificate",
}
"""Entity -> the kind of truth it is compared with."""

_LINKS = {
    "hukou_address": "links.population_person_hukou_address",
    "residence_address": "links.population_person_residence_address",
    "legal_representative": "links.legal_entity_organization_legal_representative",
    "domicile": "links.legal_entity_organization_domicile",
    "subject": "links.credit_record_subject",
    "holder": "links.certificates_certificate_holder",
    "indicator": "links.macro_economy_observation_indicator",
}
"""Kind of true link -> the view that has the links found."""


_KEY = "regexp_replace(key, '^[a-z_]+[|]', '')"
"""The truth's keys of credit records begin with the dataset that tells of them."""

_OTHER_MEANING = {
    ("record", "category"): "the truth names the kinds otherwise",
    ("organization", "tax_number"): "the truth is the number of before 2015, the tax service writes the USCC",
    (
        "person",
        "marital",
    ): "the truth follows the day of the wedding, the authority's register what was told to the police",
}
"""Items whose truth is not what the department's item means."""


@dataclass(frozen=True, slots=True)
class Score:
    """items: per entity and item; links: per kind of link; not_compared: what has no counterpart, and why."""

    day: date
    entities: list[Row]
    items: list[Row]
    links: list[Row]
    not_compared: list[str]


def score(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, settings: Settings, day: date) -> Score:
    """Compare a release with the truth at the end of `day`.

    con: a release, in use, with the standards' macros.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE fault AS {truth.faults(settings)}")
    entities, items, left_out = [], [], []
    for (registry, name), kind in _ENTITIES.items():
        entity = catalogue.entity(registry, name)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE true_one AS SELECT * REPLACE ({_KEY} AS key) "
            f"FROM ({truth.as_of(settings, kind, day)})"
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE golden_one AS SELECT * FROM {ident(registry, entity.table)}")
        entities.append({"registry": registry, "entity": name, **_entity(con)})
        told = {column for (column, *_) in con.execute("DESCRIBE true_one").fetchall()}
        for item in entity.items:
            other = _OTHER_MEANING.get((name, item.name))
            if other is not None:
                left_out.append(f"{registry}.{name}.{item.name}: {other}")
            elif item.name in told:
                items.append({"registry": registry, "entity": name, **_item(con, catalogue, entity, item.name)})
            else:
                left_out.append(f"{registry}.{name}.{item.name}: the province keeps no truth of it")
    compared = {f"{registry}.{name}" for registry, name in _ENTITIES}
    left_out += [
        f"{e.registry}.{e.name}: copied from a reference file as it is"
        for e in catalogue.entities
        if f"{e.registry}.{e.name}" not in compared
    ]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE true_link AS SELECT * REPLACE ({_KEY.replace('key', 'from_key')} AS from_key) "
        f"FROM ({truth.as_of(settings, 'link', day)})"
    )
    return Score(day, entities, items, [_link(con, kind, view) for kind, view in _LINKS.items()], left_out)


def overall(items: Sequence[Row]) -> Row:
    """All items together: compared, wrong, accuracy."""
    compared, wrong = (sum(int(row[name]) for row in items) for name in ("compared", "wrong"))
    return {"compared": compared, "wrong": wrong, "accuracy": _share(compared - wrong, compared)}


def _entity(con: duckdb.DuckDBPyConnection) -> Row:
    """How many there are, here and there; a key nobody true has is a wrong one (a split or a mistaken number)."""
    names = ("true", "golden", "found", "missing", "of_nobody")
    row = con.execute(
        "SELECT count(t.key), count(g.entity_key), count(*) FILTER (t.key = g.entity_key), "
        "count(*) FILTER (g.entity_key IS NULL), count(*) FILTER (t.key IS NULL) "
        "FROM true_one t FULL JOIN golden_one g ON g.entity_key = t.key"
    ).fetchone()
    assert row is not None
    return dict(zip(names, row, strict=True))


def _item(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, entity: Entity, item: str) -> Row:
    ranked = sorted(
        (found.authority, contract.dataset)
        for contract in catalogue.contracts_of(entity)
        if (found := contract.item(item)) is not None and found.authority is not None
    )
    authority = ranked[0][1] if ranked else None
    value, true = f"g.{ident(item)}", f"t.{ident(item)}"
    same = f"{value} IS NOT DISTINCT FROM TRY_CAST({true} AS {_kind(con, item)})"
    by_authority = f"g.provenance.{ident(item)} = {literal(authority)}"
    both = f"{value} IS NOT NULL AND {true} IS NOT NULL"
    row = con.execute(
        f"SELECT count(*) FILTER ({both}), count(*) FILTER ({both} AND NOT {same}), "
        f"count(*) FILTER ({both} AND NOT {same} AND f.truth_key IS NOT NULL), "
        f"count(*) FILTER ({both} AND {by_authority}), count(*) FILTER ({both} AND {by_authority} AND NOT {same}), "
        f"count(*) FILTER ({value} IS NULL AND {true} IS NOT NULL), count({true}) "
        "FROM true_one t JOIN golden_one g ON g.entity_key = t.key "
        "LEFT JOIN (SELECT DISTINCT truth_key FROM fault) f ON f.truth_key = t.key"
    ).fetchone()
    assert row is not None
    compared, wrong, at_source, of_authority, authority_wrong, missing, known = (int(value) for value in row)
    return {
        "item": item,
        "compared": compared,
        "wrong": wrong,
        "wrong_at_source": at_source,
        "accuracy": _share(compared - wrong, compared),
        "authority_accuracy": _share(of_authority - authority_wrong, of_authority),
        "missing": missing,
        "completeness": _share(known - missing, known),
    }


def _kind(con: duckdb.DuckDBPyConnection, item: str) -> str:
    row = con.execute(f"SELECT typeof({ident(item)}) FROM golden_one LIMIT 1").fetchone()
    return str(row[0]) if row else "VARCHAR"


def _link(con: duckdb.DuckDBPyConnection, kind: str, view: str) -> Row:
    """Links of records that are in the truth under the same key: found, rightly found, true."""
    row = con.execute(
        f"WITH found AS (SELECT entity_key, target_key FROM {view} WHERE target_key IS NOT NULL AND entity_key IN "
        f"(SELECT from_key FROM true_link WHERE kind = {literal(kind)})), "
        f"true_here AS (SELECT from_key, to_key FROM true_link WHERE kind = {literal(kind)} AND to_key IS NOT NULL "
        f"AND from_key IN (SELECT entity_key FROM {view})) "
        "SELECT (SELECT count(*) FROM found), "
        "(SELECT count(*) FROM found JOIN true_here ON entity_key = from_key AND target_key = to_key), "
        "(SELECT count(*) FROM true_here)"
    ).fetchone()
    assert row is not None
    found, right, true = (int(value) for value in row)
    return {
        "link": kind,
        "true": true,
        "found": found,
        "right": right,
        "precision": _share(right, found),
        "recall": _share(right, true),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
