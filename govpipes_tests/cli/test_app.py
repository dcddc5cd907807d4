"""The command as a person types it: usage, expected errors, exit codes, and how long it takes to start."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from govpipes.cli import options
from govpipes.errors import (
    CatalogueError,
    GateError,
    GovpipesError,
    SettingsError,
    SourceError,
    WarehouseError,
)
from govpipes.settings import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    "arguments",
    [
        ("sync",),
        ("sync", "--day", "2026-13-01"),
        ("sync", "--day", "03.01.2026"),
        ("backfill", "--from", "2026-01-03", "--to", "2026-01-01"),
        ("no-such-command",),
        ("up", "--port", "99999"),
        ("quarantine", "show", "--limit", "0"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_wrong(govpipes: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = govpipes(*arguments)
    assert code == 2
    assert not out
    assert "Error" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GovpipesError("it cannot be done", next_step="do this"), 1),
        (CatalogueError(["births.yaml:3: cycle: daly"], next_step="do this"), 3),
        (SourceError("it cannot be read", dataset="births", next_step="do this"), 4),
        (GateError("it is held", dataset="births", next_step="do this"), 5),
        (WarehouseError("it cannot be written", next_step="do this"), 6),
        (SettingsError("it cannot be used", next_step="do this"), 7),
        (OSError(28, "No space left on device", "part.parquet"), 7),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_expected_error_is_its_message_and_its_code(
    govpipes: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(Settings, "from_env", fail)
    found, out, err = govpipes("query", "SELECT 1")
    assert (found, out) == (code, "")
    assert "Traceback" not in err
    assert "next" in err


def test_a_fault_of_ours_shows_where(govpipes: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "from_env", lambda: 1 // 0)
    code, _, err = govpipes("query", "SELECT 1")
    assert code == 1
    assert "ZeroDivisionError" in err
    assert "report it" in err


@pytest.mark.parametrize(("name", "value"), [("GOVPIPES_THREADS", "many"), ("GOVPIPES_MEMORY", "much")])
def test_a_setting_that_cannot_be_used(govpipes: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    code, _, err = govpipes("release", "list")
    assert code == 7
    assert name in err
    assert value in err


@pytest.mark.parametrize(("value", "gigabytes"), [("4GB", 4.0), ("2500 mb", 2.5)])
def test_the_memory_of_a_process(value: str, gigabytes: float) -> None:
    assert Settings.from_env({"GOVPIPES_MEMORY": value}).memory_gb == gigabytes


def test_nothing_released_yet(govpipes: Run) -> None:
    assert govpipes("release", "list", "--json")[:2] == (0, "[]\n")
    code, _, err = govpipes("query", "SELECT 1")
    assert code == 6
    assert "there is no release yet" in err
    assert govpipes("release", "rollback")[0] == 6


def test_version_is_flat_json(govpipes: Run) -> None:
    code, out, _ = govpipes("version", "--json")
    assert code == 0
    assert {"name", "version"} == set(json.loads(out)[0])


def test_starting_imports_nothing_heavy() -> None:
    code = "import sys, govpipes.cli.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"dagster", "great_expectations", "pandas", "duckdb", "sqlalchemy", "pyarrow", "numpy"}
    assert not heavy & set(loaded)


def test_days_in_words() -> None:
    assert (options.parse_day("today") - options.parse_day("yesterday")).days == 1
