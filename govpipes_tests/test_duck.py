"""DuckDB as the product opens it: the extensions of the installed wheels, with their signatures."""

from pathlib import Path

import duckdb
import pytest

from govpipes import duck
from govpipes.settings import Settings
from govpipes.sql import literal
from govpipes_tests import SIGNED

EXTENSIONS = ("ducklake", "mysql_scanner", "postgres_scanner", "spatial", "sqlite_scanner")


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside the tests, which do without signatures everywhere else."""
    monkeypatch.setattr(duck, "_CONFIG", SIGNED)


def test_every_extension_is_signed(signed: None, tmp_path: Path) -> None:
    with duck.connect(Settings(home=tmp_path / "home"), *EXTENSIONS) as con:
        loaded = con.execute("SELECT extension_name FROM duckdb_extensions() WHERE loaded").fetchall()
    assert set(EXTENSIONS) <= {name for (name,) in loaded}


def test_an_extension_that_was_changed_is_refused(signed: None, tmp_path: Path) -> None:
    file = duck.extension_file("sqlite_scanner")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    changed = tmp_path / file.name
    changed.write_bytes(content)
    with (
        duck.connect(Settings(home=tmp_path / "home")) as con,
        pytest.raises(duckdb.IOException, match="signature"),
    ):
        con.execute(f"LOAD {literal(str(changed))}")
