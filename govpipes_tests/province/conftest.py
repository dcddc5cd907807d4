"""One practice province for all tests of this package, synced once through the real definitions; tests look at it.

A test that changes something works on a dataset or day of its own and says so.
"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from govpipes.cli.environment import variables
from govpipes.cli.simulate import DEFAULT_SEED, DEFAULT_START
from govpipes.orchestration import runs
from govpipes.pipeline import Workspace
from govpipes.settings import Settings
from govpipes_tests.mariadb import one_mariadb
from govpipes_tests.unsynced import ensure_unsynced

DAYS = 7
"""2025-12-25 to 2025-12-31: a week end, a month end and a year end, so that every cycle closes a period."""


@dataclass(frozen=True)
class Synced:
    """The province after its days: where it is, what the syncs said, and a workspace to ask."""

    settings: Settings
    results: dict[date, runs.SyncResult]
    ws: Workspace

    @property
    def first(self) -> date:
        return min(self.results)

    @property
    def last(self) -> date:
        return max(self.results)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    """The province, seven days of it."""
    from govpipes import postgres
    from govpipes.simulator import Province

    with pytest.MonkeyPatch.context() as patch, one_mariadb() as mariadb_url:
        home: Path = tmp_path_factory.mktemp("province") / "home"
        settings = Settings(home=home, mariadb_url=mariadb_url)
        for name, value in variables(settings).items():
            patch.setenv(name, value)
        # a command run in this process changes both: they are as before when the province is gone
        patch.setenv("TMPDIR", tempfile.gettempdir())
        patch.setattr(tempfile, "tempdir", tempfile.gettempdir())
        ensure_unsynced(settings)
        place = postgres.status(settings).place
        province = Province(settings, seed=DEFAULT_SEED, preset="xs", start=DEFAULT_START)
        results = {}
        for n in range(DAYS):
            day = DEFAULT_START + timedelta(days=n)
            province.advance(day)
            results[day] = runs.run_sync(settings, day)
        with Workspace.open(settings) as ws:
            yield Synced(settings, results, ws)
        runs.close()
        postgres.stop(settings)
        if place:  # as root the server's data lies outside the home
            shutil.rmtree(place)
