"""What results look like, and what the reports count."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from govpipes.cli import demo, output, status


def row(dataset: str, day: int, state: str = "published", **counts: int) -> dict[str, Any]:
    names = ("read", "accepted", "quarantined", "inserted", "updated", "unchanged", "superseded", "late")
    zeros = {f"rows_{name}": 0 for name in names}
    where = {"dataset": dataset, "registry": "population", "day": date(2026, 1, day), "state": state}
    return {**where, **zeros, **counts, "held_because": None, "seconds": 0.5}


def test_json_is_a_list_of_flat_objects(capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, Any]] = [
        {"day": date(2026, 1, 3), "at": datetime(2026, 1, 3, 6), "yuan": Decimal("1.50"), "n": Decimal(7)},
        {"name": "张三", "empty": None, "parts": ["a", "b"], "ok": True},
    ]
    output.write_json(rows)
    text = capsys.readouterr().out
    assert "张三" in text
    assert json.loads(text) == [
        {"day": "2026-01-03", "at": "2026-01-03T06:00:00", "yuan": 1.5, "n": 7},
        {"name": "张三", "empty": None, "parts": '["a", "b"]', "ok": True},
    ]


def test_a_table_shows_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    output.show([{"name": "[bold]x[/bold]", "rows_read": 1234567}, {"name": None, "rows_read": 2}], as_json=False)
    text = capsys.readouterr().out
    assert "[bold]x[/bold]" in text
    assert "1,234,567" in text
    assert "rows_" not in text


def test_nothing_to_show_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    output.show([], as_json=False, nothing="none [yet]")
    assert capsys.readouterr().out == "none [yet]\n"
    output.show([], as_json=True)
    assert json.loads(capsys.readouterr().out) == []


def test_newest_day_of_each_dataset() -> None:
    rows = [row("births", 2, "held"), row("births", 1), row("deaths", 1, "failed")]
    births, deaths = status.newest(rows)
    assert (births["day"], births["state"]) == (date(2026, 1, 2), "held")
    assert (births["days_published"], births["days_held"], births["days_failed"]) == (1, 1, 0)
    assert deaths["days_failed"] == 1


def test_balance_names_what_does_not_balance() -> None:
    fates = {"rows_quarantined": 1, "rows_published": 5, "rows_unchanged": 3, "rows_superseded": 1}
    good = {"dataset": "births", "day": date(2026, 1, 1), "rows_read": 10, **fates, "balanced": True}
    line = status.balance_line([good])
    assert "balances" in line
    assert "10 rows read = 1 quarantined + 5 published + 3 unchanged + 1 superseded" in line
    assert "DOES NOT BALANCE for births 2026-01-01" in status.balance_line([{**good, "balanced": False}])


def test_the_demo_counts_by_registry() -> None:
    rows = [
        row("births", 1, rows_read=10, rows_accepted=9, rows_quarantined=1, rows_inserted=8, rows_updated=1),
        row("births", 2, "held", rows_read=5, rows_accepted=1, rows_quarantined=4),
        row("deaths", 1, "failed"),
    ]
    (population,) = demo.by_registry(rows)
    assert population == {
        "registry": "population",
        "datasets": 2,
        "dataset_days": 3,
        "rows_read": 15,
        "rows_accepted": 10,
        "rows_quarantined": 5,
        "rows_published": 9,
        "days_held": 1,
        "days_failed": 1,
    }
