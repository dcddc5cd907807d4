"""The disk is full in the middle of steps: a file system of a few megabytes, and a file that fills it up to a point."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from govpipes.errors import GovpipesError
from govpipes.pipeline import Workspace
from govpipes.settings import Settings
from govpipes_tests.crashes.scenario import run
from govpipes_tests.crashes.town import child, holds_after, town
from govpipes_tests.tiny import Tiny

MEGABYTES = 64
FREE = (0, 24, 64, 112, 180, 300)
"""Kilobytes left free: the disk is full at another step with each."""


@pytest.fixture
def small_disk(tmp_path: Path, postgres_settings: Settings) -> Iterator[Tiny]:
    """A town whose $GOVPIPES_HOME is a file system of its own; skips where nobody may mount one."""
    tiny = town(tmp_path / "town", postgres_settings)
    home = tiny.settings.home
    home.mkdir(mode=0o711)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(home)], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"a file system cannot be mounted here: {made.stderr.strip()}")
    yield tiny
    subprocess.run(["umount", "--lazy", str(home)], check=True)


def out_of_space(settings: Settings, told: Path) -> None:
    """The scenario; writes down to `told` how it ended."""
    try:
        with Workspace.open(settings) as ws:
            run(ws)
        ended = "well"
    except GovpipesError as error:
        ended = f"told: {error}"
    told.write_text(ended, encoding="utf-8")


def test_a_full_disk_stops_the_day_and_nothing_else(small_disk: Tiny, undisturbed: list[Any], tmp_path: Path) -> None:
    home = small_disk.settings.home
    steps = set()
    for free in FREE:
        with (home / "ballast").open("wb") as ballast:
            stat = subprocess.run(["stat", "-f", "-c", "%a %S", str(home)], capture_output=True, text=True, check=True)
            blocks, size = map(int, stat.stdout.split())
            ballast.write(b"\0" * max(0, blocks * size - free * 1024))
        process = child(out_of_space, small_disk.settings, tmp_path / "told")
        process.join(120)
        assert process.exitcode == 0, f"{free} KB free: an error nobody is told about"
        told = (tmp_path / "told").read_text(encoding="utf-8")
        (home / "ballast").unlink()
        if told != "well":
            assert "disk is full" in told, f"{free} KB free: {told}"
            assert "next: free space" in told
            steps.add(told.splitlines()[0])
    assert len(steps) >= 2, "the disk was full at one place only"
    holds_after(small_disk, "full disk", undisturbed)
