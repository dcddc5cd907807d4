"""kill -9 before and after everything a step does that lasts; `make soak` takes all of them."""

import signal
from pathlib import Path
from typing import Any

import pytest

from govpipes.settings import Settings
from govpipes_tests.crashes.town import die, holds_after, spread, town
from govpipes_tests.tiny import Tiny

POINTS = 32
"""How many points `make test` takes."""


@pytest.mark.parametrize("place", range(POINTS))
def test_a_killed_process_loses_nothing_and_repeats_nothing(
    killed_town: Tiny, points: list[str], undisturbed: list[Any], place: int, tmp_path: Path
) -> None:
    at = spread(points, POINTS)[place]
    assert die(killed_town, at, tmp_path / "told") == -signal.SIGKILL
    holds_after(killed_town, f"{at}: {points[at]}", undisturbed)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_a_process_killed_at_every_point(
    tmp_path: Path, postgres_settings: Settings, points: list[str], undisturbed: list[Any]
) -> None:
    for at, name in enumerate(points):
        tiny = town(tmp_path / f"town_{at}", postgres_settings)
        assert die(tiny, at, tmp_path / "told") == -signal.SIGKILL
        holds_after(tiny, f"{at}: {name}", undisturbed)
