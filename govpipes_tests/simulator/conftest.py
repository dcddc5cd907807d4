"""One small province for all tests of this package: ten days, so that every incident and every cycle occurs once.

Tests only look at it; one that advances or damages a province makes its own.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from govpipes import duck, postgres
from govpipes.settings import Settings
from govpipes.simulator import Advance, Province
from govpipes_tests.unsynced import ensure_unsynced

START = date(2025, 12, 25)
OPENING = START - timedelta(days=1)
DAYS = [OPENING + timedelta(days=n) for n in range(11)]


@dataclass(frozen=True)
class Made:
    """A province after its days: `written` holds what each department wrote, `<dataset>-<day>.parquet`."""

    settings: Settings
    province: Province
    advances: dict[date, Advance]
    written: Path

    @property
    def files(self) -> Path:
        return self.settings.home / "simulator"


def make(home: Path, days: list[date], seed: int = 7) -> Made:
    """A tiny province in `home`, brought through `days` one by one."""
    settings = Settings(home=home)
    ensure_unsynced(settings)
    province = Province(settings, seed=seed, preset="tiny", start=START)
    written = home / "written"
    advances = {}
    for day in days:
        advances[day] = province.advance(day)
        keep(settings, advances[day], written)
    return Made(settings, province, advances, written)


def keep(settings: Settings, advance: Advance, place: Path) -> None:
    """Copies the day's sheets and files, which later days replace."""
    place.mkdir(exist_ok=True)
    shutil.copytree(settings.home / "simulator" / "departments", place / f"departments-{advance.day}")
    with duck.connect(settings) as con:
        con.execute(f"ATTACH '{settings.home}/simulator/province.duckdb' AS province (READ_ONLY)")
        for dataset in advance.rows:
            con.execute(
                f"COPY (FROM province.out_{dataset}) TO '{place}/{dataset}-{advance.day}.parquet' (FORMAT parquet)"
            )


def remove(settings: Settings) -> None:
    """Ends a home's PostgreSQL and removes its data, which may lie outside the test's folder."""
    place = postgres.status(settings).place
    postgres.stop(settings)
    if place is not None and place.exists():
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The province of ten days."""
    home = tmp_path_factory.mktemp("simulator") / "home"
    yield make(home, DAYS)
    remove(Settings(home=home))
