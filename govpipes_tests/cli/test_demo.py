"""`govpipes demo` on a very small province: the whole way, twice.

What the pipeline catches, and MariaDB as a source, are tested in govpipes_tests/province; here it is that the command
works and says what happened.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def practice(govpipes: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command in a home with an embedded PostgreSQL of its own, which ends and is deleted with the test."""
    # A MariaDB is one server for all tests, and a province has its databases for itself.
    monkeypatch.delenv("GOVPIPES_MARIADB_URL", raising=False)
    for name in ("DAGSTER_HOME", "GOVPIPES_DAGSTER_URL", "GOVPIPES_DATA"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())
    yield govpipes
    govpipes("down", "--delete-data", "--yes")


def test_twice(practice: Run) -> None:
    code, out, err = practice("demo", "--preset", "tiny", "--days", "1")
    assert code == 0, out + err
    for registry in ("population", "legal_entity", "credit", "geospatial", "macro_economy", "certificates"):
        assert registry in out
    assert "The ledger balances" in out
    assert "is current" in out
    assert "make ui" in out
    assert "Nothing changed" not in out

    assert "SQLite" in err
    (people,) = json.loads(practice("query", "SELECT count(*) AS n FROM population.person", "--json")[1])
    assert people["n"] > 1000

    code, out, err = practice("demo", "--preset", "tiny", "--days", "1")
    assert code == 0, out + err
    assert "Nothing changed" in out
    assert len(json.loads(practice("release", "list", "--json")[1])) == 1


def test_practice_does_not_mix_with_real_systems(govpipes: Run, home: Path) -> None:
    home.mkdir()
    (home / "systems.yaml").write_text("systems: {births: {url: 'sqlite:////srv/births.db'}}\n", encoding="utf-8")
    code, _, err = govpipes("demo")
    assert code == 7
    assert "GOVPIPES_HOME" in err
