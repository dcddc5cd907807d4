"""`govpipes demo` on a very small province: the whole way, twice, on MariaDB where CI gives one.

What the pipeline catches is scored elsewhere; here it is that the command works and says what happened.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pymysql
import pytest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def practice(govpipes: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command in a home with an embedded PostgreSQL of its own, which ends and is deleted with the test."""
    for name in ("DAGSTER_HOME", "GOVPIPES_DAGSTER_URL", "GOVPIPES_DATA"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())
    url = os.environ.get("GOVPIPES_MARIADB_URL")
    if url:
        _forget_births(url)
    yield govpipes
    govpipes("down", "--delete-data", "--yes")
    if url:
        _forget_births(url)


def test_twice(practice: Run, home: Path) -> None:
    code, out, err = practice("demo", "--preset", "tiny", "--days", "1")
    assert code == 0, out + err
    for registry in ("population", "legal_entity", "credit", "geospatial"):
        assert registry in out
    assert "The ledger balances" in out
    assert "is current" in out
    assert "make ui" in out
    assert "Nothing changed" not in out

    systems = (home / "systems.yaml").read_text(encoding="utf-8")
    if os.environ.get("GOVPIPES_MARIADB_URL"):
        assert "mysql://" in systems
    else:
        assert not os.environ.get("GOVPIPES_REQUIRE_MARIADB")
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


def _forget_births(url: str) -> None:
    parts = urlsplit(url)
    server = pymysql.connect(
        host=parts.hostname, port=parts.port or 3306, user=parts.username or "", password=parts.password or ""
    )
    with closing(server) as con, con.cursor() as cursor:
        cursor.execute("SET sql_notes = 0")  # no warning where it is not there
        cursor.execute("DROP DATABASE IF EXISTS dept_health")
