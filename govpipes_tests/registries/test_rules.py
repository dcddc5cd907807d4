"""What golden records should not say together: each rule of the shipped catalogue on records that keep and break it."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import duckdb
import pytest
import yaml

from govpipes.catalogue import Catalogue, load_catalogue
from govpipes.duck import extension_file
from govpipes.errors import CatalogueError
from govpipes.registries import findings, fuse
from govpipes.settings import ROOT
from govpipes.sql import literal
from govpipes.standards import ELEMENTS
from govpipes.warehouse import readers
from govpipes_tests.tiny import DAY, GOOD, REGISTRY, Tiny, day_of, finish

Records = dict[str, list[dict[str, Any]]]
TITLE = {"zh": "测试", "en": "Test"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "data")


@pytest.fixture
def con(catalogue: Catalogue) -> Iterator[duckdb.DuckDBPyConnection]:
    """All golden tables, empty."""
    made = duckdb.connect(":memory:")
    made.execute(f"LOAD {literal(extension_file('spatial'))}")
    for entity in catalogue.entities:
        columns = [f"{item.name} {ELEMENTS[item.element].sql_type}" for item in entity.items]
        columns += [f"{column.name} {column.type}" for column in entity.derived]
        made.execute(f"CREATE SCHEMA IF NOT EXISTS {entity.registry}")
        made.execute(f"CREATE TABLE {entity.registry}.{entity.table} (entity_key VARCHAR, {', '.join(columns)})")
    yield made
    made.close()


def wedding(key: str, on: str, kind: str = "结婚", husband: str = "A", wife: str = "B") -> dict[str, Any]:
    return {
        "entity_key": key,
        "registration_kind": kind,
        "husband_citizen_id": husband,
        "wife_citizen_id": wife,
        "registered_on": on,
    }


def resident(key: str, marital: str) -> dict[str, Any]:
    return {"entity_key": key, "marital": marital, "is_alive": True}


def insured(status: str = "1", **more: Any) -> dict[str, Any]:
    return {"entity_key": "A|310", "citizen_id": "A", "status": status, "employer_key": "1"} | more


def company(key: str, **more: Any) -> dict[str, Any]:
    return {"entity_key": key, "name": f"公司{key}", "registration_region": "320102"} | more


DEAD = {"entity_key": "A", "death_date": "2020-05-01", "is_alive": False}
NANJING = {
    "entity_key": "320102:玄武区",
    "code": "320102",
    "is_current": True,
    "area_km2": 75,
    "centroid_longitude": 118.84,
    "centroid_latitude": 32.07,
}
QINHUAI = NANJING | {
    "entity_key": "320104:秦淮区",
    "code": "320104",
    "level": 3,
    "area_km2": 49,
    "centroid_latitude": 32.0,
}
OUTLINE = {
    "entity_key": "320102",
    "division_code": "320102",
    "boundary": "POLYGON ((118.8 32,118.9 32,118.9 32.1,118.8 32.1,118.8 32))",
}
POINTS: list[dict[str, Any]] = [
    {"entity_key": "in", "county_code": "320102", "longitude": 118.85, "latitude": 32.05},
    {"entity_key": "edge", "county_code": "320102", "longitude": 118.8, "latitude": 32.05},
    {"entity_key": "beside", "county_code": "320102", "longitude": 118.85, "latitude": 31.99},
    {"entity_key": "bare", "county_code": "320104", "longitude": 118.75, "latitude": 32.05},
    {"entity_key": "nowhere", "county_code": "320102"},
]
SEA: list[dict[str, Any]] = [
    {"entity_key": "sea", "county_code": "320102", "longitude": 121.9, "latitude": 33.2},
    {"entity_key": "bare sea", "county_code": "320104", "longitude": 121.9, "latitude": 33.2},
]
PLACES: Records = {
    "geospatial.division": [NANJING | {"level": 3}, QINHUAI],
    "geospatial.boundary": [OUTLINE],
    "geospatial.address": POINTS + SEA,
    "geospatial.point_of_interest": POINTS + SEA,
    "geospatial.building": POINTS + SEA,
}
CROSSED = {"entity_key": "1", "boundary": "POLYGON ((118 32,119 33,119 32,118 33,118 32))"}
MANY = [{"entity_key": str(n), "phone": "13812345678"} for n in range(21)]
HEAD = [company(str(n), legal_representative_id="A") for n in range(51)]
CLUSTER = [company(str(n), domicile_address_id="1") for n in range(101)]
BROKEN: list[tuple[str, Records, set[str]]] = [
    ("telephone_of_many", {"population.person": MANY}, {str(n) for n in range(21)}),
    ("telephone_of_many", {"population.person": MANY[:20]}, set()),
    (
        "marital_not_as_registered",
        {
            "population.person": [resident("A", "10"), resident("B", "22")],
            "population.marriage": [wedding("1", "2020-05-02")],
        },
        {"A"},
    ),
    (
        "marital_not_as_registered",
        {
            "population.person": [resident("A", "20"), resident("B", "40"), resident("C", "20"), resident("D", "90")],
            "population.marriage": [
                wedding("1", "2010-01-02"),
                wedding("2", "2012-01-02", "离婚"),
                wedding("3", "2015-01-02", husband="A", wife="C"),
                wedding("4", "2016-01-02", "补领", husband="A", wife="C"),
                wedding("5", "2016-01-02", husband="X", wife="D"),
            ],
        },
        set(),
    ),
    (
        "marital_not_as_registered",
        {
            "population.person": [DEAD, resident("B", "20")],
            "population.marriage": [wedding("1", "2020-05-01")],
        },
        {"B"},
    ),
    (
        "marital_not_as_registered",
        {
            "population.person": [DEAD, resident("B", "30"), resident("C", "10"), resident("D", "10")],
            "population.marriage": [
                wedding("1", "2020-05-01"),
                wedding("2", "2021-05-01", husband="D", wife="C"),
                wedding("3", "2021-06-01", "撤销", husband="D", wife="C"),
            ],
        },
        set(),
    ),
    ("married_after_death", {"population.person": [DEAD], "population.marriage": [wedding("1", "2020-05-02")]}, {"1"}),
    ("married_after_death", {"population.person": [DEAD], "population.marriage": [wedding("1", "2020-05-01")]}, set()),
    (
        "married_twice",
        {"population.marriage": [wedding("1", "2010-01-02"), wedding("2", "2015-01-02", wife="C")]},
        {"2"},
    ),
    (
        "married_twice",
        {
            "population.marriage": [
                wedding("1", "2010-01-02"),
                wedding("2", "2012-01-02", "离婚"),
                wedding("3", "2015-01-02", wife="C"),
            ]
        },
        set(),
    ),
    (
        "married_twice",
        {
            "population.person": [DEAD | {"entity_key": "B", "death_date": "2014-01-01"}],
            "population.marriage": [wedding("1", "2010-01-02"), wedding("3", "2015-01-02", wife="C")],
        },
        set(),
    ),
    ("married_twice", {"population.marriage": [wedding("1", "2010-01-02"), wedding("2", "2015-01-02", "补领")]}, set()),
    ("insured_after_death", {"population.person": [DEAD], "population.insurance": [insured()]}, {"A|310"}),
    ("insured_after_death", {"population.person": [DEAD], "population.insurance": [insured("2")]}, {"A|310"}),
    (
        "insured_after_death",
        {"population.person": [DEAD], "population.insurance": [insured("3", ended_on="2020-06-01")]},
        {"A|310"},
    ),
    (
        "insured_after_death",
        {"population.person": [DEAD], "population.insurance": [insured("3", ended_on="2020-05-31")]},
        set(),
    ),
    (
        "insured_after_death",
        {"population.person": [resident("A", "20")], "population.insurance": [insured()]},
        set(),
    ),
    (
        "insured_by_ended_organization",
        {
            "legal_entity.organization": [
                company("1", cancelled_on="2021-01-01"),
                company("2", revoked_on="2021-01-01"),
                company("3"),
            ],
            "population.insurance": [
                insured(),
                insured(entity_key="B|310", employer_key="2"),
                insured(entity_key="C|310", employer_key="3"),
                insured("2", entity_key="D|310"),
                insured("3", entity_key="E|310"),
                insured(entity_key="F|310", employer_key=None),
            ],
        },
        {"A|310", "B|310"},
    ),
    (
        "same_name_in_one_county",
        {"legal_entity.organization": [company("1", name="甲"), company("2", name="甲")]},
        {"1", "2"},
    ),
    (
        "same_name_in_one_county",
        {"legal_entity.organization": [company("1", name="甲"), company("2", name="甲", cancelled_on="2020-01-01")]},
        set(),
    ),
    (
        "same_name_in_one_county",
        {"legal_entity.organization": [company("1", name="甲"), company("2", name="甲", registration_region="320104")]},
        set(),
    ),
    ("ended_but_active_for_tax", {"legal_entity.organization": [company("1", active_for_tax_only=True)]}, {"1"}),
    (
        "legal_representative_dead",
        {
            "population.person": [DEAD],
            "legal_entity.organization": [
                company("1", legal_representative_id="A"),
                company("2", legal_representative_id="A", cancelled_on="2021-01-01"),
                company("3", legal_representative_id="B"),
            ],
        },
        {"1"},
    ),
    ("representative_of_many", {"legal_entity.organization": HEAD}, {str(n) for n in range(51)}),
    ("representative_of_many", {"legal_entity.organization": HEAD[:50]}, set()),
    ("domicile_of_many", {"legal_entity.organization": CLUSTER}, {str(n) for n in range(101)}),
    ("domicile_of_many", {"legal_entity.organization": CLUSTER[:100]}, set()),
    (
        "far_from_its_county",
        {
            "geospatial.division": [NANJING],
            "geospatial.address": [
                {"entity_key": "near", "county_code": "320102", "longitude": 118.80, "latitude": 32.05},
                {"entity_key": "sea", "county_code": "320102", "longitude": 121.9, "latitude": 33.0},
                {"entity_key": "unknown", "county_code": "320102"},
            ],
            **{
                table: [{"entity_key": "sea", "county_code": "320102", "longitude": 121.9, "latitude": 33.0}]
                for table in ("geospatial.point_of_interest", "geospatial.building")
            },
        },
        {"sea"},
    ),
    ("outside_its_county", PLACES, {"beside", "sea"}),
    ("outside_its_county", PLACES | {"geospatial.boundary": [CROSSED | {"division_code": "320102"}]}, set()),
    ("on_the_sea", PLACES, {"sea", "bare sea"}),
    ("on_the_sea", PLACES | {"geospatial.boundary": []}, {"sea", "bare sea"}),
    ("crosses_itself", {"geospatial.boundary": [OUTLINE, CROSSED]}, {"1"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "records", "broken"), BROKEN, ids=[f"{n}-{b[0]}" for n, b in enumerate(BROKEN)])
def test_a_shipped_rule(
    catalogue: Catalogue, con: duckdb.DuckDBPyConnection, name: str, records: Records, broken: set[str]
) -> None:
    for table, rows in records.items():
        for row in rows:
            given = ", ".join("?" for _ in row)
            con.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({given})", list(row.values()))
    tables = {f"{e.registry}.{e.name}": f"{e.registry}.{e.table}" for e in catalogue.entities}
    rules = [rule for entity in catalogue.entities for rule in entity.rules if rule.name == name]
    assert rules
    for rule in rules:
        found = con.execute(f"SELECT DISTINCT entity_key FROM ({rule.over(tables)})").fetchall()
        assert {key for (key,) in found} == broken


def test_every_shipped_rule_is_tried(catalogue: Catalogue) -> None:
    kept = {name for name, _, _ in BROKEN}
    assert {rule.name for entity in catalogue.entities for rule in entity.rules} == kept


def test_rules_of_points_are_written_once(catalogue: Catalogue) -> None:
    """Each entity has the same text over its own table."""
    entities = [catalogue.entity("geospatial", name) for name in ("address", "point_of_interest", "building")]
    texts = [
        [(rule.name, rule.sql.replace(f"{{geospatial.{entity.name}}}", "{self}")) for rule in entity.rules]
        for entity in entities
    ]
    assert texts[0] == texts[1] == texts[2]
    assert all("{self}" in sql for _, sql in texts[0])
    assert [rule.reads[-1] for rule in entities[2].rules if rule.spatial] == [
        "geospatial.building",
        "geospatial.building",
    ]


def person(rule: dict[str, Any]) -> dict[str, Any]:
    return REGISTRY | {"entities": [{**REGISTRY["entities"][0], "rules": [rule]}]}


RULE = {
    "name": "namesakes",
    "title": {"zh": "同名", "en": "Namesakes"},
    "sql": "SELECT a.entity_key, b.entity_key AS found FROM {population.person} a "
    "JOIN {self} b ON a.name = b.name AND a.entity_key < b.entity_key",
}


def test_who_breaks_a_rule_is_shown_and_stays(tiny: Tiny) -> None:
    path = tiny.folder / "data" / "catalogue" / "population" / "_registry.yaml"
    path.write_text(yaml.safe_dump(person(RULE), allow_unicode=True), encoding="utf-8")
    tiny.add("people")
    tiny.put("people", [(str(n), GOOD[n], "王芳", "", "0", f"{DAY} 09:00:00") for n in range(2)])
    with tiny.open() as ws:
        day_of(ws, ws.catalogue.contracts["people"], DAY)
        fuse(ws, "population", "person", "test")
        assert ws.lake.one("SELECT count(*) FROM lake.population.person") == 2
        found = ws.con.execute("SELECT * FROM lake.population.person_findings").fetchall()
        assert found == [("namesakes", *sorted(GOOD[:2]))]
        assert findings(ws, "population", "person").broken == [{"rule": "namesakes", "title": "同名", "records": 1}]
        snapshot = ws.lake.snapshot_id()
        fuse(ws, "population", "person", "test")
        assert ws.lake.snapshot_id() == snapshot


SPATIAL = RULE | {
    "name": "short",
    "spatial": True,
    "sql": "SELECT entity_key, name AS found FROM {population.person} WHERE ST_X(ST_Point(length(name), 0)) < 2",
}


def test_what_a_spatial_rule_finds_is_kept_for_readers_without_the_extension(tiny: Tiny) -> None:
    path = tiny.folder / "data" / "catalogue" / "population" / "_registry.yaml"
    path.write_text(yaml.safe_dump(person(SPATIAL), allow_unicode=True), encoding="utf-8")
    tiny.add("people")
    tiny.put("people", [(str(n), GOOD[n], "王"[: 1 + n] + "芳" * n, "", "0", f"{DAY} 09:00:00") for n in range(2)])
    with tiny.open() as ws:
        day_of(ws, ws.catalogue.contracts["people"], DAY)
        fuse(ws, "population", "person", "test")
        snapshot = ws.lake.snapshot_id()
        fuse(ws, "population", "person", "test")
        assert ws.lake.snapshot_id() == snapshot
        finish(ws)
        asked = "SELECT rule, found FROM population.person_findings"
        with closing(readers.connect_release(tiny.settings)) as con:
            assert con.execute(asked).fetchall() == [("short", "王")]
        tiny.put("people", [("0", GOOD[0], "王芳", "", "0", f"{DAY} 10:00:00")])
        day_of(ws, ws.catalogue.contracts["people"], DAY)
        fuse(ws, "population", "person", "test")
        assert ws.con.execute("SELECT * FROM lake.population.person_findings").fetchall() == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT entity_key FROM {population.person}", "found"),
        ("SELECT entity_key, 1 AS found FROM {population.persons}", "there is no such entity"),
        ("SELECT entity_key, 1 AS found FROM {population.person} WHERE nam = ''", "nam"),
        ("SELECT entity_key, ST_X(ST_Point(1, 2)) AS found FROM {population.person}", "`spatial: true`"),
    ],
)
def test_a_rule_that_means_nothing_is_named(tiny: Tiny, sql: str, message: str) -> None:
    path = tiny.folder / "data" / "catalogue" / "population" / "_registry.yaml"
    path.write_text(yaml.safe_dump(person(RULE | {"sql": sql}), allow_unicode=True), encoding="utf-8")
    tiny.add("people")
    with pytest.raises(CatalogueError) as caught:
        tiny.catalogue()
    assert message in str(caught.value)
