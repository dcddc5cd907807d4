"""One entity under several numbers: whoever gives only an old one means the same person, whatever came first."""

import itertools
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from govpipes.errors import CatalogueError
from govpipes.pipeline import Workspace
from govpipes.pipeline.fuse import AT_ONCE
from govpipes.registries import fuse
from govpipes.registries.dossier import When, dossier, why
from govpipes_tests.tiny import DAY, GOOD, REGISTRY, Tiny, day_of, finish

DAYS = [DAY + timedelta(days=n) for n in range(6)]
TITLE = {"zh": "测试", "en": "Test"}
PERSON: dict[str, Any] = {
    **REGISTRY["entities"][0],
    "key": "coalesce(citizen_id, 'F' || file_number)",
    "items": [*REGISTRY["entities"][0]["items"], {"name": "file_number", "element": "identifier", "title": TITLE}],
    "aliases": [{"name": "file_number", "key": "'F' || file_number", "title": TITLE}],
}
ITEMS = [
    {"name": "citizen_id", "from": "sfzh", "element": "citizen_id", "authority": 10},
    {"name": "name", "from": "xm", "element": "person_name", "authority": 10},
    {"name": "file_number", "from": "dh", "element": "identifier", "authority": 10},
]
LATER = [{**item, "authority": 20} for item in ITEMS]


def registry(tiny: Tiny, person: dict[str, Any]) -> None:
    made = REGISTRY | {"entities": [person]}
    path = tiny.folder / "data" / "catalogue" / "population" / "_registry.yaml"
    path.write_text(yaml.safe_dump(made, allow_unicode=True), encoding="utf-8")


@pytest.fixture(params=[AT_ONCE, 1], ids=["at once", "in parts"])
def ws(tiny: Tiny, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The register knows both numbers, the clinic only that of its files; fused at one go, or person by person."""
    monkeypatch.setattr("govpipes.pipeline.fuse.AT_ONCE", request.param)
    registry(tiny, PERSON)
    tiny.add("people", items=ITEMS)
    tiny.add("clinic", items=LATER)
    with tiny.open() as opened:
        yield opened


def said(
    ws: Workspace,
    tiny: Tiny,
    dataset: str,
    day: date,
    citizen: str,
    name: str,
    file: str,
    key: str = "1",
    deleted: str = "0",
) -> None:
    tiny.put(dataset, [(key, citizen, name, file, deleted, f"{day} 09:00:00")])
    day_of(ws, ws.catalogue.contracts[dataset], day)
    fuse(ws, "population", "person", "test")


def golden(ws: Workspace) -> list[tuple[Any, ...]]:
    return ws.con.execute("SELECT entity_key, name, file_number FROM lake.population.person ORDER BY 1").fetchall()


def made_anew(ws: Workspace) -> int:
    """How many golden records are others when all of them are made again."""
    ws.con.execute("DELETE FROM lake.pipeline.fusions")
    return fuse(ws, "population", "person", "test").changed


@pytest.mark.parametrize("order", list(itertools.permutations(["people", "clinic", "other"])))
def test_claims_with_an_old_number_meet_those_with_the_new_one(
    ws: Workspace, tiny: Tiny, order: tuple[str, ...]
) -> None:
    rows = {"people": (GOOD[0], "王芳", "7"), "clinic": ("", "王方", "7"), "other": ("", "李娜", "8")}
    for n, (day, who) in enumerate(zip(DAYS, order, strict=False)):
        said(ws, tiny, "people" if who == "people" else "clinic", day, *rows[who], key=str(n))
    assert golden(ws) == [(GOOD[0], "王芳", "7"), ("F8", "李娜", "8")]
    assert made_anew(ws) == 0
    conflicts = "SELECT entity_key, item, losing_dataset FROM lake.population.person_conflicts"
    assert ws.con.execute(conflicts).fetchall() == [(GOOD[0], "name", "clinic")]


def test_a_number_of_two_people_leads_to_neither(ws: Workspace, tiny: Tiny) -> None:
    said(ws, tiny, "clinic", DAYS[0], "", "王方", "7")
    said(ws, tiny, "people", DAYS[1], GOOD[0], "王芳", "7", key="1")
    assert [key for key, *_ in golden(ws)] == [GOOD[0]]
    said(ws, tiny, "people", DAYS[2], GOOD[1], "李娜", "7", key="2")
    assert [key for key, *_ in golden(ws)] == sorted([GOOD[0], GOOD[1], "F7"])
    # the second one was a mistake: withdrawn by a deletion, the number leads to the first again
    said(ws, tiny, "people", DAYS[2], GOOD[1], "李娜", "8", key="2")
    assert [key for key, *_ in golden(ws)] == sorted([GOOD[0], GOOD[1]])
    assert made_anew(ws) == 0


def test_what_was_known_before_the_tie_is_not_rewritten(ws: Workspace, tiny: Tiny) -> None:
    said(ws, tiny, "clinic", DAYS[0], "", "王方", "7")
    before = ws.lake.one("SELECT now()")
    said(ws, tiny, "people", DAYS[1], GOOD[0], "王芳", "7")
    ws.con.execute("USE lake")
    as_of = "SELECT entity_key, name FROM population.person_as_of(NULL, ?)"
    assert ws.con.execute(as_of, [str(before)]).fetchall() == [("F7", "王方")]
    told = "SELECT dataset, value FROM population.person_said(?, ?) WHERE item = 'name' ORDER BY 1"
    assert ws.con.execute(told, [GOOD[0], None]).fetchall() == [("clinic", "王方"), ("people", "王芳")]
    assert ws.con.execute(told, [GOOD[0], str(before)]).fetchall() == []
    assert ws.con.execute(told, ["F7", str(before)]).fetchall() == [("clinic", "王方")]


def test_a_person_is_found_by_any_number(ws: Workspace, tiny: Tiny) -> None:
    said(ws, tiny, "clinic", DAYS[0], "", "王方", "7")
    said(ws, tiny, "people", DAYS[1], GOOD[0], "王芳", "7")
    finish(ws)
    person = ws.catalogue.entity("population", "person")
    found = why(tiny.settings, ws.catalogue, person, "F7", "name", When(), unmasked=True)
    assert [(row["wins"], row["value"]) for row in found] == [(True, "王芳"), (False, "王方")]
    assert dossier(tiny.settings, ws.catalogue, "F7", When(), unmasked=True)[0]["record"] == GOOD[0]


def test_numbers_that_replaced_one_another(tiny: Tiny) -> None:
    """A number given anew twice leads to the last; numbers that lead in a circle lead nowhere."""
    person = {
        **PERSON,
        "key": "citizen_id",
        "aliases": [{"name": "former", "key": "file_number", "title": TITLE}],
    }
    registry(tiny, person)
    tiny.add("people", items=ITEMS)
    with tiny.open() as ws:
        said(ws, tiny, "people", DAYS[0], GOOD[0], "王芳", "", key="1")
        said(ws, tiny, "people", DAYS[1], GOOD[1], "王芳", GOOD[0], key="2")
        said(ws, tiny, "people", DAYS[2], GOOD[2], "王芳", GOOD[1], key="3")
        assert [key for key, *_ in golden(ws)] == [GOOD[2]]
        said(ws, tiny, "people", DAYS[3], GOOD[0], "王芳", GOOD[2], key="1")
        assert [key for key, *_ in golden(ws)] == sorted(GOOD[:3])
        assert made_anew(ws) == 0


def test_an_alias_that_means_nothing_is_named(tiny: Tiny) -> None:
    registry(tiny, PERSON | {"aliases": [{"name": "file_number", "key": "file_nummer", "title": TITLE}]})
    with pytest.raises(CatalogueError) as caught:
        tiny.catalogue()
    assert "file_number does not bind" in str(caught.value)


def test_a_new_alias_reaches_what_is_fused(tiny: Tiny) -> None:
    registry(tiny, {name: value for name, value in PERSON.items() if name != "aliases"})
    tiny.add("people", items=ITEMS)
    tiny.add("clinic", items=LATER)
    with tiny.open() as ws:
        said(ws, tiny, "clinic", DAYS[0], "", "王方", "7")
        said(ws, tiny, "people", DAYS[1], GOOD[0], "王芳", "7")
        assert len(golden(ws)) == 2
    registry(tiny, PERSON)
    with closing(tiny.open()) as ws:
        fuse(ws, "population", "person", "test")
        assert [key for key, *_ in golden(ws)] == [GOOD[0]]
