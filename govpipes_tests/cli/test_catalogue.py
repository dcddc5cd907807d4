"""`govpipes catalogue …` and `explain` on the catalogue that is committed, and on one with a typo."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from govpipes.catalogue import load_catalogue
from govpipes.cli.sync import concerned_by
from govpipes.settings import ROOT

Run = Callable[..., tuple[int, str, str]]


def test_the_committed_catalogue_is_valid(govpipes: Run) -> None:
    code, out, _ = govpipes("catalogue", "validate")
    assert code == 0
    assert "no problems" in out
    assert govpipes("catalogue", "validate", "--json")[:2] == (0, "[]\n")


def test_list_and_show_are_flat(govpipes: Run) -> None:
    code, out, _ = govpipes("catalogue", "list", "--json")
    rows = json.loads(out)
    assert code == 0
    assert len(rows) >= 16
    assert {"dataset", "registry"} <= set(rows[0])
    code, out, _ = govpipes("catalogue", "list", "--registry", "population", "--json")
    assert {row["registry"] for row in json.loads(out)} == {"population"}
    code, out, _ = govpipes("catalogue", "show", "births", "--json")
    assert code == 0
    assert all(not isinstance(value, dict | list) for row in json.loads(out) for value in row.values())


def test_explain_prints_the_sql(govpipes: Run) -> None:
    code, out, _ = govpipes("explain", "births", "--day", "2026-01-03")
    assert code == 0
    assert "std_citizen_id(" in out
    assert "2026-01-03" in out
    assert govpipes("catalogue", "explain", "births", "--day", "2026-01-03")[1] == out


def test_explain_prints_how_golden_records_are_made(govpipes: Run) -> None:
    code, out, _ = govpipes("explain", "population.person")
    assert code == 0
    assert "CREATE TEMP TABLE golden AS" in out
    assert "household_register" in out


def test_a_name_that_is_not_there_names_the_nearest(govpipes: Run) -> None:
    for wrong, near in (("birth", "births"), ("population.persom", "population.person")):
        code, _, err = govpipes("explain", wrong)
        assert code == 2
        assert near in err


def test_a_typo_is_found_with_its_line(govpipes: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    contract = data / "catalogue" / "population" / "births.yaml"
    lines = contract.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("provider:"))
    lines[line - 1] = lines[line - 1].replace("provider:", "provder:")
    contract.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setenv("GOVPIPES_DATA", str(data))

    code, out, err = govpipes("catalogue", "validate")
    assert (code, out) == (3, "")
    assert f"births.yaml:{line}" in err
    assert "provider" in err
    code, out, _ = govpipes("catalogue", "validate", "--json")
    assert code == 3
    found = next(row for row in json.loads(out) if row["found"] == "provder")
    assert (found["line"], found["nearest"]) == (line, "provider")


def test_which_dataset_days_a_sync_concerns() -> None:
    catalogue = load_catalogue(ROOT / "data")
    sunday = concerned_by(catalogue, date(2025, 12, 28), date(2025, 12, 28))
    assert ("births", date(2025, 12, 28)) in sunday
    assert ("court_defaulters", date(2025, 12, 22)) in sunday
    assert not any(name == "divisions" for name, _ in sunday)
    ten_days = concerned_by(catalogue, date(2025, 12, 25), date(2026, 1, 3))
    assert ("social_organisations", date(2025, 12, 1)) in ten_days
    assert ("divisions", date(2025, 1, 1)) in ten_days
    assert sum(name == "births" for name, _ in ten_days) == 10
    assert concerned_by(catalogue, date(2026, 1, 1), date(2026, 1, 3), ["divisions"]) == set()
