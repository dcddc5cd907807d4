"""`govpipes why` and `dossier`, as somebody at a counter uses them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from govpipes.pipeline import release
from govpipes_tests.cli.test_commands import operator, row, rows
from govpipes_tests.tiny import DAY, GOOD, Tiny

__all__ = ["operator"]

Run = Callable[..., tuple[int, str, str]]
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def synced(operator: Run, tiny: Tiny) -> Run:
    """Two departments that do not agree on a name, which one of them changes the next day."""
    tiny.add("people")
    tiny.add("clinic", authority=20)
    tiny.put("people", [row(0, GOOD[0])])
    tiny.put("clinic", [row(5, GOOD[0], name="王方")])
    assert operator("sync", "--day", str(DAY))[0] == 0
    tiny.put("people", [row(0, GOOD[0], name="王访", day=str(NEXT))])
    assert operator("sync", "--day", str(NEXT))[0] == 0
    return operator


def test_why_a_record_says_what_it_says(synced: Run) -> None:
    asked = ("why", "population.person", GOOD[0], "--item", "name", "--json")
    masked = rows(synced(*asked))
    assert [(one["wins"], one["value"], one["dataset"], one["since"]) for one in masked] == [
        (True, "王*", "people", str(NEXT)),
        (False, "王*", "clinic", str(DAY)),
    ]
    assert masked[1]["rule"] == "differs; authority 20 comes after 10"
    before = rows(synced(*asked, "--valid-on", str(DAY), "--unmasked", "--reason", "窗口核验"))
    assert [one["value"] for one in before] == ["王芳", "王方"]
    code, out, _ = synced("why", "population.person", GOOD[0])
    assert code == 0
    assert "姓名" in out and "✓" in out and GOOD[0] not in out


def test_why_shows_a_value_that_does_not_count(operator: Run, tiny: Tiny) -> None:
    tiny.add("people")
    tiny.add("clinic", authority=20)
    key, number, name, _, day, deleted = row(0, GOOD[0])
    tiny.put("people", [(key, number, name, "13800138000", day, deleted)])
    assert operator("sync", "--day", str(DAY))[0] == 0
    asked = ("why", "population.person", GOOD[0], "--item", "phone", "--json")
    doubted = {"dataset": "people", "wins": False, "rule": "does not count: test or dummy data (TEST-01)"}
    assert [doubted.items() <= one.items() for one in rows(operator(*asked))] == [True]
    tiny.put("clinic", [row(0, GOOD[0], day=str(NEXT))])
    assert operator("sync", "--day", str(NEXT))[0] == 0
    clinic, people = rows(operator(*asked))
    assert doubted.items() <= people.items()
    assert (clinic["dataset"], clinic["wins"], clinic["rule"]) == ("clinic", True, "nobody else says anything")


def test_a_release_without_the_entity_says_so(operator: Run, tiny: Tiny) -> None:
    tiny.add("people")
    with tiny.open() as ws:
        release(ws, "test")
    code, _, err = operator("why", "population.person", GOOD[0])
    assert code == 6
    assert "Traceback" not in err
    assert "nothing of this entity" in err


def test_a_wrong_entity_or_item_names_the_nearest(operator: Run, tiny: Tiny) -> None:
    tiny.add("people")
    for asked, near in (
        (("population.persom", GOOD[0]), "population.person"),
        (("population.person", GOOD[0], "--item", "nam"), "name"),
    ):
        code, _, err = operator("why", *asked)
        assert code == 2
        assert f"did you mean: {near}" in err


def test_values_in_full_need_a_reason_which_is_written_down(synced: Run, tiny: Tiny) -> None:
    code, _, err = synced("dossier", GOOD[0], "--unmasked")
    assert code == 2
    assert "need a reason of 4 characters or more" in err
    found = rows(synced("dossier", GOOD[0].lower(), "--unmasked", "--reason", "窗口核验", "--json"))
    assert {"citizen_id": GOOD[0], "name": "王访"}.items() <= {one["item"]: one["value"] for one in found}.items()
    with tiny.open() as ws:
        told = ws.ledger.engine.connect()
        seen: list[Any] = list(told.exec_driver_sql("SELECT command, reason FROM ledger.disclosures"))
        told.close()
    assert seen == [("dossier", "窗口核验")]


def test_a_dossier_is_masked_and_knows_no_strangers(synced: Run) -> None:
    code, out, _ = synced("dossier", GOOD[0])
    assert code == 0
    assert "population.person" in out and GOOD[0] not in out and "王访" not in out
    assert json.loads(synced("dossier", GOOD[0], "--valid-on", str(NEXT), "--json")[1])
    code, _, err = synced("dossier", GOOD[1])
    assert code == 6
    assert "has no record" in err and GOOD[1] not in err
