"""Links across registries: orphans wait, are counted by department, and resolve by themselves; the file of one key."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml

from govpipes.errors import CatalogueError
from govpipes.pipeline import Workspace
from govpipes.registries import fuse
from govpipes.warehouse import readers
from govpipes_tests.tiny import DAY, GOOD, REGISTRY, Tiny, day_of, finish

NEXT = DAY + timedelta(days=1)
TITLE = {"zh": "测试", "en": "Test"}
VEHICLE: dict[str, Any] = {
    "entity": "vehicle",
    "title": {"zh": "车辆", "en": "Vehicle"},
    "key": "plate",
    "items": [
        {"name": "plate", "element": "identifier", "title": TITLE},
        {"name": "owner", "element": "citizen_id", "title": TITLE},
    ],
    "links": [{"name": "owner", "item": "owner", "to": ["population.person"], "title": TITLE}],
}
MATCHING = {"link": 0.9, "review": 0.5, "says": {"person": "true", "name": "owner"}}
ITEMS = [
    {"name": "plate", "from": "id", "element": "identifier", "required": True, "authority": 10},
    {"name": "owner", "from": "sfzh", "element": "citizen_id", "authority": 10},
]


def registry(tiny: Tiny, vehicle: dict[str, Any], person: dict[str, Any] = REGISTRY["entities"][0]) -> None:
    made = REGISTRY | {"entities": [person, vehicle]}
    path = tiny.folder / "data" / "catalogue" / "population" / "_registry.yaml"
    path.write_text(yaml.safe_dump(made, allow_unicode=True), encoding="utf-8")


def put(tiny: Tiny, dataset: str, key: str, person: int, name: str = "王芳", on: Any = DAY, deleted: str = "0") -> None:
    tiny.put(dataset, [(key, GOOD[person], name, "", deleted, f"{on} 09:00:00")])


@pytest.fixture
def ws(tiny: Tiny) -> Iterator[Workspace]:
    """Two vehicles; the people come later."""
    registry(tiny, VEHICLE)
    tiny.add("people")
    tiny.add("plates", entity="vehicle", items=ITEMS)
    put(tiny, "plates", "苏A1", 0)
    put(tiny, "plates", "苏A2", 1)
    with tiny.open() as opened:
        brought_up(opened)
        yield opened


def brought_up(ws: Workspace) -> None:
    for dataset in ("people", "plates"):
        day_of(ws, ws.catalogue.contracts[dataset], DAY)
    for entity in ("person", "vehicle"):
        fuse(ws, "population", entity, "test")


def summary(ws: Workspace) -> list[tuple[Any, ...]]:
    return ws.con.execute(
        "SELECT link, direction, department, total, linked, orphans FROM lake.links.summary ORDER BY ALL"
    ).fetchall()


def test_a_link_by_a_derived_column_is_told_by_its_item(tiny: Tiny) -> None:
    """Such as the holder of a certificate: the department is that of the number which is there."""
    derived = {"name": "owner_key", "type": "VARCHAR", "sql": "coalesce(NULL, owner)", "title": TITLE}
    link = VEHICLE["links"][0] | {"item": "owner_key"}
    registry(tiny, VEHICLE | {"derived": [derived], "links": [link]})
    tiny.add("people")
    tiny.add("plates", entity="vehicle", items=ITEMS)
    put(tiny, "plates", "苏A1", 0)
    put(tiny, "people", "1", 0)
    with tiny.open() as ws:
        brought_up(ws)
        assert ("owner", "forward", "public_security", 1, 1, 0) in summary(ws)


def test_a_link_by_a_former_number_finds_its_person(tiny: Tiny) -> None:
    """And the person's file has what was written under it; one number of two people finds nobody."""
    person = REGISTRY["entities"][0]
    former = {"name": "former", "element": "citizen_id", "title": TITLE}
    aliases = [{"name": "former", "key": "former", "title": TITLE}]
    registry(tiny, VEHICLE, person | {"items": [*person["items"], former], "aliases": aliases})
    said = [
        {"name": "citizen_id", "from": "sfzh", "element": "citizen_id", "required": True, "authority": 10},
        {"name": "former", "from": "dh", "element": "citizen_id", "authority": 10},
    ]
    tiny.add("people", items=said)
    tiny.add("plates", entity="vehicle", items=ITEMS)
    put(tiny, "plates", "苏A1", 0)
    tiny.put("people", [("1", GOOD[1], "王芳", GOOD[0], "0", f"{DAY} 09:00:00")])
    with tiny.open() as ws:
        brought_up(ws)
        assert ("owner", "forward", "public_security", 1, 1, 0) in summary(ws)
        ws.con.execute("USE lake")
        file = "SELECT DISTINCT entity, entity_key, via FROM links.file(?, NULL, NULL) ORDER BY ALL"
        both = {("person", GOOD[1]), ("vehicle", "苏A1")}
        for key in (GOOD[1], "苏A1"):
            assert {row[:2] for row in ws.con.execute(file, [key]).fetchall()} == both
        ws.con.execute("USE memory")
        tiny.put("people", [("2", GOOD[2], "李娜", GOOD[0], "0", f"{DAY} 09:30:00")])
        day_of(ws, ws.catalogue.contracts["people"], DAY)
        fuse(ws, "population", "person", "test")
        assert ("owner", "forward", "public_security", 1, 0, 1) in summary(ws)


def test_an_orphan_waits_and_resolves_when_the_other_side_arrives(tiny: Tiny, ws: Workspace) -> None:
    nobody = ("owner", "back from population.person", None, 0, 0, 0)
    assert summary(ws) == [nobody, ("owner", "forward", "public_security", 2, 0, 2)]
    put(tiny, "people", "1", 0, on=NEXT)
    put(tiny, "people", "2", 2, on=NEXT)
    day_of(ws, ws.catalogue.contracts["people"], NEXT)
    fuse(ws, "population", "person", "test")
    assert summary(ws) == [
        ("owner", "back from population.person", None, 2, 1, 1),
        ("owner", "forward", "public_security", 2, 1, 1),
    ]
    view = "SELECT entity_key, registry, entity, target_key FROM lake.links.population_vehicle_owner ORDER BY 1"
    assert ws.con.execute(view).fetchall() == [
        ("苏A1", "population", "person", GOOD[0]),
        ("苏A2", None, None, None),
    ]


def test_the_file_of_a_key_has_what_is_linked_to_it_as_of_a_day(tiny: Tiny, ws: Workspace) -> None:
    put(tiny, "people", "1", 0)
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    put(tiny, "plates", "苏A1", 1, on=NEXT)
    day_of(ws, ws.catalogue.contracts["plates"], NEXT)
    finish(ws)
    query = "SELECT via, entity, item, value, dataset FROM links.file('{}', {}, NULL) ORDER BY ALL"
    found = readers.query(ws.settings, query.format(GOOD[0], f"DATE '{DAY}'"), unmasked=True)[1]
    assert found == [
        ("itself", "person", "citizen_id", GOOD[0], "people"),
        ("itself", "person", "name", "王芳", "people"),
        ("owner (back)", "vehicle", "owner", GOOD[0], "plates"),
        ("owner (back)", "vehicle", "plate", "苏A1", "plates"),
    ]
    later = readers.query(ws.settings, query.format(GOOD[0], f"DATE '{NEXT}'"), unmasked=True)[1]
    assert {row[1] for row in later} == {"person"}, "sold"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item": "holder"}, "no such column"),
        ({"to": ["population.animal"]}, "no such entity"),
        ({"matches": "passport"}, "has no such column"),
        ({"item": None}, "item"),
        ({"to": ["population.vehicle"], "matching": MATCHING}, "can be found by matching"),
    ],
)
def test_a_link_to_nowhere_is_an_error_of_the_catalogue(tiny: Tiny, change: dict[str, Any], message: str) -> None:
    registry(tiny, VEHICLE | {"links": [VEHICLE["links"][0] | change]})
    with pytest.raises(CatalogueError, match=message):
        tiny.open()
