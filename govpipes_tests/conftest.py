"""What every test lives in: loopback only (pytest-socket, pyproject.toml), the same properties everywhere.

Here: fixtures that several packages share. Those of one package belong in its own conftest.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from govpipes.settings import Settings
from govpipes_tests.mariadb import one_mariadb

if TYPE_CHECKING:
    from govpipes_tests.tiny import Tiny

# Derandomized: a failure is the same on every machine. More examples: pytest --hypothesis-profile=thorough
settings.register_profile(
    "house", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("house"), max_examples=5000, derandomize=False)
settings.register_profile("soak", parent=settings.get_profile("house"), derandomize=False)
settings.load_profile("house")

# No test sees the user's settings; one that needs a setting makes its own. CI's MariaDB is no setting of a user.
_OF_CI = ("GOVPIPES_MARIADB_URL", "GOVPIPES_REQUIRE_MARIADB")
for _name in [name for name in os.environ if name.startswith(("GOVPIPES_", "DAGSTER_"))]:
    if _name not in _OF_CI:
        del os.environ[_name]


_LONG = ("laws", "province", "simulator", "crashes", "cli")
"""The folders with the longest files: they begin first, so that at the end no worker is alone with one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = {folder: n for n, folder in enumerate(_LONG)}
    items.sort(key=lambda item: folders.get(item.path.parent.name, len(folders)))


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    """CI's MariaDB; skips where there is none."""
    with one_mariadb() as url:
        if url is None:
            pytest.skip("no MariaDB here; .ci/run starts one")
        yield url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A runtime folder of this test's own."""
    return tmp_path / "home"


@pytest.fixture(scope="session")
def postgres_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of an embedded PostgreSQL that the whole session shares; make databases of your own on it."""
    from govpipes import postgres
    from govpipes_tests.unsynced import ensure_unsynced

    made = Settings(home=tmp_path_factory.mktemp("postgres") / "home")
    ensure_unsynced(made)
    place = postgres.status(made).place
    yield made
    postgres.stop(made)
    if place:
        # As root it may lie outside pytest's folder.
        shutil.rmtree(place)


@pytest.fixture
def tiny(tmp_path: Path, postgres_settings: Settings) -> "Tiny":
    """A tiny installation with a database of its own."""
    from govpipes import postgres
    from govpipes_tests.tiny import Tiny

    url = postgres.create_database(postgres_settings, f"tiny_{uuid.uuid4().hex[:12]}")
    return Tiny(tmp_path, url).make()


@pytest.fixture
def exported(tiny: "Tiny", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tiny installation as this process's own: what the command line sets for Dagster, undone afterwards."""
    from govpipes.cli.environment import variables
    from govpipes.orchestration import runs

    for name, value in variables(tiny.settings).items():
        monkeypatch.setenv(name, value)
    yield
    runs.close()
