"""What the crash tests share: the undisturbed outcome, the points there are, a town of one's own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from govpipes.settings import Settings
from govpipes_tests.crashes.scenario import run
from govpipes_tests.crashes.town import die, said, town
from govpipes_tests.tiny import Tiny


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, postgres_settings: Settings) -> list[Any]:
    with town(tmp_path_factory.mktemp("undisturbed") / "town", postgres_settings).open() as ws:
        run(ws)
        return said(ws)


@pytest.fixture(scope="session")
def points(tmp_path_factory: pytest.TempPathFactory, postgres_settings: Settings) -> list[str]:
    """The names of all points the scenario passes."""
    folder = tmp_path_factory.mktemp("points")
    assert die(town(folder / "town", postgres_settings), -1, folder / "told") == 0
    found: list[str] = json.loads((folder / "told").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def killed_town(tmp_path: Path, postgres_settings: Settings) -> Iterator[Tiny]:
    yield town(tmp_path / "town", postgres_settings)
