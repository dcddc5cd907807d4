"""PostgreSQL is killed in the middle of steps and started again: ledger, locks and the lake's catalogue are in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from govpipes import postgres
from govpipes.settings import Settings
from govpipes_tests.crashes.scenario import bereaved
from govpipes_tests.crashes.town import child, holds_after, town

POINTS = 4
"""How many points `make test` takes; `make soak` takes forty."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A PostgreSQL that may be killed."""
    made = Settings(home=tmp_path_factory.mktemp("server") / "home")
    postgres.ensure(made)
    place = postgres.status(made).place
    yield made
    postgres.stop(made)
    if place:  # as root the server's data lies outside the home
        shutil.rmtree(place)


def loses_postgres(server: Settings, folder: Path, at: int, name: str, undisturbed: list[Any]) -> None:
    tiny = town(folder / "town", server)
    process = child(bereaved, tiny.settings, server, at, folder / "told")
    process.join(120)
    assert process.exitcode == 0, f"{name}: an error nobody is told about"
    told = (folder / "told").read_text(encoding="utf-8")
    assert told.startswith("told: "), f"{name}: {told}"
    assert "next: " in told, f"{name}: {told}"
    postgres.ensure(server)
    holds_after(tiny, name, undisturbed)


@pytest.mark.parametrize("place", range(POINTS))
def test_postgres_killed_in_the_middle(
    server: Settings, points: list[str], undisturbed: list[Any], place: int, tmp_path: Path
) -> None:
    at = (2 * place + 1) * len(points) // (2 * POINTS)
    loses_postgres(server, tmp_path, at, f"{at}: {points[at]}", undisturbed)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_postgres_killed_at_many_points(
    server: Settings, points: list[str], undisturbed: list[Any], tmp_path: Path
) -> None:
    for at in range(0, len(points), max(1, len(points) // 40)):
        (tmp_path / str(at)).mkdir()
        loses_postgres(server, tmp_path / str(at), at, f"{at}: {points[at]}", undisturbed)
