"""A connection, a folder that is a source system, and short ways to read from them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from govpipes.catalogue.model import Source
from govpipes.duck import connect
from govpipes.settings import Settings
from govpipes.sources import Extract, Profile, System, Window, count, extract, keys, profile

DAY = date(2026, 1, 3)
WINDOW = Window(datetime(2026, 1, 3), datetime(2026, 1, 4))
OPENING = Window(None, datetime(2026, 1, 4))


@dataclass
class Reader:
    """Reads one source, whatever it is, and shows what was landed."""

    con: duckdb.DuckDBPyConnection
    system: System
    target: Path
    fields: dict[str, Any] = field(default_factory=dict)

    def read(self, window: Window = WINDOW, **fields: Any) -> Extract:
        return extract(self.con, self.system, self._source(fields), window, DAY, self.target)

    def count(self, window: Window = WINDOW, **fields: Any) -> int:
        return count(self.con, self.system, self._source(fields), window, DAY)

    def profile(self, windows: Mapping[date, Window], **fields: Any) -> Profile:
        return profile(self.system, self._source(fields), windows)

    def keys(self, window: Window | None, **fields: Any) -> int:
        return keys(self.con, self.system, self._source(fields), window, self.target)

    def rows(self) -> list[tuple[Any, ...]]:
        return self.con.execute("SELECT * FROM read_parquet(?)", [str(self.target)]).fetchall()

    def _source(self, fields: dict[str, Any]) -> Source:
        return Source(**{"system": self.system.name, **self.fields, **fields})


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(Settings(home=tmp_path / "home", threads=2, memory_gb=1.0)) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "delivered"
    made.mkdir()
    return made


@pytest.fixture
def reader(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Callable[..., Reader]:
    def make(url: str, **fields: Any) -> Reader:
        return Reader(con, System("a_system", url), tmp_path / "part.parquet", fields)

    return make
