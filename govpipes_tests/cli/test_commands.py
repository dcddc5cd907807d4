"""The commands over a tiny installation, as an operator uses them: sync, look, correct, sync again, roll back."""

import json
import tempfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from govpipes.settings import ROOT
from govpipes_tests.tiny import BAD_CHECK, DAY, GOOD, Tiny

Run = Callable[..., tuple[int, str, str]]
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def operator(govpipes: Run, tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on the tiny installation; what it exports to its own environment ends with the test."""
    monkeypatch.setenv("GOVPIPES_HOME", str(tiny.settings.home))
    monkeypatch.setenv("GOVPIPES_DATA", str(tiny.settings.data_dir))
    monkeypatch.setenv("GOVPIPES_POSTGRES_URL", tiny.postgres_url)
    for name in ("DAGSTER_HOME", "GOVPIPES_DAGSTER_URL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())
    return govpipes


def row(number: int, citizen_id: str, name: str = "王芳", day: str = str(DAY)) -> tuple[str, str, str, str, str, str]:
    return (str(number), citizen_id, name, "13812345678", "0", f"{day} 09:00:00")


def rows(answer: tuple[int, str, str]) -> list[dict[str, Any]]:
    """The JSON of a command that must have ended well."""
    code, out, err = answer
    assert code == 0, out + err
    found: list[dict[str, Any]] = json.loads(out)
    assert all(not isinstance(value, list | dict) for one in found for value in one.values())
    return found


def test_a_day_and_what_is_seen_of_it(operator: Run, tiny: Tiny) -> None:
    tiny.add("people")
    tiny.put("people", [row(0, GOOD[0]), row(1, GOOD[1]), row(2, BAD_CHECK)])
    code, out, err = operator("sync", "--day", str(DAY))
    assert code == 0, out + err
    assert "published" in out

    (day,) = rows(operator("status", "--day", str(DAY), "--json"))
    assert (day["dataset"], day["registry"], day["day"], day["state"]) == (
        "people",
        "population",
        str(DAY),
        "published",
    )
    assert (day["rows_read"], day["rows_accepted"], day["rows_quarantined"], day["rows_inserted"]) == (3, 2, 1, 2)
    (newest,) = rows(operator("status", "--json"))
    assert newest["days_published"] == 1
    (line,) = rows(operator("balance", "--json"))
    assert line["balanced"] is True

    (reason,) = rows(operator("quarantine", "list", "--json"))
    assert (reason["item"], reason["reason"], reason["rows"]) == ("citizen_id", "ID-02", 1)
    (hidden,) = rows(operator("quarantine", "show", "--json"))
    assert BAD_CHECK not in json.dumps(hidden)
    (plain,) = rows(operator("quarantine", "show", "--unmasked", "--json"))
    assert BAD_CHECK in plain["raw"]
    assert BAD_CHECK not in operator("quarantine", "show")[1]
    assert rows(operator("quarantine", "list", "--state", "resolved", "--json")) == []

    planned = rows(operator("maintain", "--plan", "--json"))
    assert "last maintenance" not in operator("status")[1]
    assert [one["what"] for one in rows(operator("maintain", "--json"))] == [one["what"] for one in planned]
    assert "last maintenance" in operator("status")[1]
    for number in range(6):
        (tiny.settings.landing_dir / "people" / str(DAY) / f"unknown{number}").mkdir()
    for arguments in (("maintain", "--plan"), ("maintain",)):
        code, _, err = operator(*arguments)
        assert code == 6 and "6 landings the ledger does not know" in err and "Traceback" not in err
    assert "it ended early: PostgreSQL looks older" in operator("status")[1]

    count = "SELECT count(*) AS n FROM population.person"
    assert rows(operator("query", count, "--json")) == [{"n": 2}]
    masked = rows(operator("query", "SELECT name, citizen_id FROM population.person", "--json"))
    assert {one["name"] for one in masked} == {"王*"}
    assert not {one["citizen_id"] for one in masked} & set(GOOD)
    code, _, err = operator("query", "SELECT nothing FROM population.person")
    assert code == 6
    assert "nothing" in err

    code, out, err = operator("sync", "--day", str(DAY))
    assert code == 0, out + err
    assert len(rows(operator("release", "list", "--json"))) == 1


def test_a_held_and_a_failed_day_have_codes_and_next_steps(operator: Run, tiny: Tiny) -> None:
    tiny.add("people")
    tiny.add("other", authority=20)
    tiny.put("people", [row(0, BAD_CHECK), row(1, BAD_CHECK)])
    tiny.put("other", [row(0, GOOD[0])])
    code, out, _ = operator("sync", "--day", str(DAY))
    assert code == 5
    assert "held" in out
    assert "govpipes quarantine list -d people" in out
    states = {one["dataset"]: one["state"] for one in rows(operator("status", "--day", str(DAY), "--json"))}
    assert states == {"people": "held", "other": "published"}

    tiny.put("people", [row(0, GOOD[1]), row(1, GOOD[2])])
    assert operator("sync", "--day", str(DAY), "--dataset", "people")[0] == 0
    releases = rows(operator("release", "list", "--json"))
    assert [one["current"] for one in releases] == [True, False]
    code, out, _ = operator("release", "rollback")
    assert code == 0
    assert releases[1]["release"] in out
    assert rows(operator("query", "SELECT count(*) AS n FROM population.person", "--json")) == [{"n": 1}]

    tiny.sql('ALTER TABLE people RENAME TO "people_2"')
    code, out, err = operator("backfill", "--from", str(DAY), "--to", str(NEXT), "--json")
    assert code == 4
    failed = {(one["dataset"], one["day"]) for one in json.loads(out) if one["state"] == "failed"}
    assert ("people", str(NEXT)) in failed
    assert "Traceback" not in err


def test_dagster_finds_its_settings(operator: Run, tiny: Tiny) -> None:
    code, out, _ = operator("env")
    assert code == 0
    assert f"export DAGSTER_HOME={ROOT}" in out
    assert tiny.postgres_url in out
    assert {one["name"] for one in rows(operator("env", "--json"))} >= {"GOVPIPES_HOME", "GOVPIPES_DAGSTER_URL"}
