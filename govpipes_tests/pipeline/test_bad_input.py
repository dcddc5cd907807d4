"""What departments deliver when something went wrong with them: each is told, and none of it is lost or half used."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from govpipes.errors import GateError, SourceError
from govpipes.ledger import tables as t
from govpipes.pipeline import Workspace, land
from govpipes.pipeline.reconcile import reconcile
from govpipes_tests.tiny import DAY, GOOD, Tiny, day_of

NEXT = DAY + timedelta(days=1)
DROP = {"system": "drop", "file": "p_%Y%m%d.csv", "format": "csv", "key": ["id"]}


@pytest.fixture
def ws(tiny: Tiny) -> Iterator[Workspace]:
    """A department that delivers a file with all its records every day; of DAY it has three."""
    drop = tiny.folder / "drop"
    drop.mkdir()
    tiny.settings.ensure_home()
    tiny.settings.systems_file.write_text(f"systems: {{drop: {{url: 'file:{drop}'}}}}", encoding="utf-8")
    tiny.settings.systems_file.chmod(0o600)
    tiny.write("people", source={**DROP, "mode": "snapshot"})
    deliver(tiny, "王芳", "王芳", "王芳")
    with tiny.open() as opened:
        yield opened


def deliver(tiny: Tiny, *names: str, end: str = "\n", day: Any = DAY) -> Path:
    """Write the day's file: a record for each name that is not empty."""
    file = tiny.folder / "drop" / f"p_{day:%Y%m%d}.csv"
    lines = [f"{n},{GOOD[n]},{name}," for n, name in enumerate(names) if name]
    file.write_bytes((end.join(["id,sfzh,xm,dh", *lines]) + end).encode())
    return file


def told(ws: Workspace, expectation: str, day: Any = DAY) -> dict[str, Any]:
    """What the newest verdict says of an expectation; nothing when it was not judged."""
    verdict = ws.ledger.latest(t.verdicts, "people", day)
    assert verdict is not None
    return next((o for o in verdict["outcomes"] if o["expectation"] == expectation), {})


def test_a_file_that_is_replaced_is_kept_twice_and_the_difference_told(tiny: Tiny, ws: Workspace) -> None:
    people = ws.catalogue.contracts["people"]
    day_of(ws, people, DAY)
    assert told(ws, "replaced") == {}
    deliver(tiny, "王芳", "李娜", "", "张伟")
    done = day_of(ws, people, DAY)
    assert (done.inserted, done.unchanged, done.withdrawn) == (2, 1, 2)
    kept = ws.ledger.landings_of("people", DAY)
    assert len({landing["detail"]["files"][0]["sha256"] for landing in kept}) == 2
    assert [len(list(Path(landing["path"]).parent.iterdir())) for landing in kept] == [3, 3], "both are there"
    assert kept[1]["detail"]["replaced"] == {"new": 1, "gone": 1, "changed": 1}
    warned = told(ws, "replaced")
    assert (warned["passed"], warned["severity"]) == (False, "warn")
    assert warned["observed"] == "1 keys are new, 1 gone, 1 changed"
    (row,) = ws.ledger.drifted()
    assert (row["day"], row["drift"], row["replaced"]) == (DAY, [], {"new": 1, "gone": 1, "changed": 1})


def test_other_bytes_with_the_same_rows_are_kept_and_settled(tiny: Tiny, ws: Workspace) -> None:
    people = ws.catalogue.contracts["people"]
    day_of(ws, people, DAY)
    deliver(tiny, "王芳", "王芳", "王芳", end="\r\n")
    assert day_of(ws, people, DAY).already
    assert ws.ledger.counts(["landings"]) == {"landings": 2}
    assert ws.ledger.drifted()[0]["replaced"] == {"new": 0, "gone": 0, "changed": 0}
    assert not land(ws, people, DAY, "r").new, "the same bytes are no news"
    assert DAY not in [found.day for found in reconcile(ws, limit=1000).differences]


def test_an_empty_dump_deletes_nobody(tiny: Tiny, ws: Workspace) -> None:
    people = ws.catalogue.contracts["people"]
    day_of(ws, people, DAY)
    deliver(tiny, day=NEXT)
    with pytest.raises(GateError, match=r"vanished found 1\.0, allowed at most"):
        day_of(ws, people, NEXT)
    assert ws.lake.one("SELECT count(*) FROM lake.claims.people WHERE NOT is_deleted AND recorded_to IS NULL") == 3


def test_a_table_that_is_empty_is_held_by_its_floor(tiny: Tiny) -> None:
    tiny.add("people", checks=[{"expect": "row_count", "min": 1, "severity": "block"}])
    with tiny.open() as ws, pytest.raises(GateError, match="row_count found 0, allowed at least 1"):
        day_of(ws, ws.catalogue.contracts["people"], DAY)


@pytest.mark.parametrize("cut", [b",", b"\xe7"], ids=["within a row", "within a character"])
def test_a_half_written_file_lands_nothing_and_says_so(tiny: Tiny, ws: Workspace, cut: bytes) -> None:
    file = deliver(tiny, "王芳", "王芳", "王芳")
    file.write_bytes(file.read_bytes().rpartition(cut)[0])
    if cut == b",":
        file.write_bytes(file.read_bytes().rpartition(cut)[0])
    with pytest.raises(SourceError, match=f"people {DAY}: ") as error:
        day_of(ws, ws.catalogue.contracts["people"], DAY)
    assert file.name in str(error.value)
    assert GOOD[2] not in str(error.value)
    assert ws.ledger.counts(["landings", "readings"]) == {"landings": 0, "readings": 0}
    assert [row["state"] for row in ws.ledger.dataset_days()] == ["failed"]
    deliver(tiny, "王芳", "王芳", "王芳")
    assert day_of(ws, ws.catalogue.contracts["people"], DAY).inserted == 3


def test_rows_of_one_key_and_time_are_counted(tiny: Tiny) -> None:
    tiny.add("people", source={**tiny_source(), "key": ["sfzh"]})
    tiny.put("people", [(str(n), GOOD[n // 3], f"王{'一二三四'[n]}", "", "0", f"{DAY} 09:00:00") for n in range(4)])
    tiny.put("people", [("9", GOOD[1], "王五", "", "0", f"{DAY} 10:00:00")])
    with tiny.open() as ws:
        done = day_of(ws, ws.catalogue.contracts["people"], DAY)
        warned = told(ws, "duplicates")
        assert (warned["passed"], warned["severity"], warned["unexpected"]) == (False, "warn", 2)
        assert warned["observed"] == "2 rows more than keys and times"
        assert done.inserted + done.superseded == 5, "none is lost"
        assert all(line["balanced"] for line in ws.ledger.balance())


def tiny_source() -> dict[str, Any]:
    """The tiny contracts' source."""
    return {"system": "office", "table": "people", "mode": "incremental", "cursor": "gxsj"}


@pytest.mark.parametrize("wrong", ["2099-01-01 00:00:00", ""])
def test_a_time_that_becomes_wrong_takes_nothing_away(tiny: Tiny, wrong: str) -> None:
    """A version that was published stays, when its row is written again with a time of change that cannot be."""
    tiny.add("people")
    tiny.put("people", [("1", GOOD[0], "王芳", "", "0", f"{DAY} 09:00:00")])
    with tiny.open() as ws:
        contract = ws.catalogue.contracts["people"]
        day_of(ws, contract, DAY)
        tiny.put("people", [("1", GOOD[0], "李娜", "", "0", wrong)])
        day_of(ws, contract, DAY)
        kept = ws.con.execute("SELECT name FROM lake.claims.people WHERE recorded_to IS NULL").fetchall()
        candidate = ws.ledger.latest(t.candidates, "people", DAY)
    assert kept == [("王芳",)]
    assert candidate is not None and candidate["rows_quarantined"] == 1, "the wrong one is seen"
