"""The disk is full in the middle of steps: a file system of a few megabytes, and a file that fills it up to a point."""

import resource
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

LARGEST = (500, 1000, 1500, 2000, 2500, 20_000, 1_000_000)
"""Bytes a file may have at most: the kernel ends a write in the middle by it, also where nobody may mount anything."""


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


def out_of_space(settings: Settings, told: Path, largest: int = resource.RLIM_INFINITY) -> None:
    """The scenario, with no file larger than `largest` bytes; writes down to `told` how it ended."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    try:
        with Workspace.open(settings) as ws:
            run(ws)
        ended = "well"
    except GovpipesError as error:
        ended = f"told: {error}"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    told.write_text(ended, encoding="utf-8")


def ends(tiny: Tiny, told: Path, name: str, largest: int = resource.RLIM_INFINITY) -> str:
    """How the scenario ends: well, or the first line of what the operator is told."""
    process = child(out_of_space, tiny.settings, told, largest)
    process.join(120)
    assert process.exitcode == 0, f"{name}: an error nobody is told about"
    ended = told.read_text(encoding="utf-8")
    if ended != "well":
        assert "disk is full" in ended, f"{name}: {ended}"
        assert "next: free space" in ended
    return ended.splitlines()[0]


def test_a_full_disk_stops_the_day_and_nothing_else(small_disk: Tiny, undisturbed: list[Any], tmp_path: Path) -> None:
    home = small_disk.settings.home
    ended = set()
    for free in FREE:
        with (home / "ballast").open("wb") as ballast:
            stat = subprocess.run(["stat", "-f", "-c", "%a %S", str(home)], capture_output=True, text=True, check=True)
            blocks, size = map(int, stat.stdout.split())
            ballast.write(b"\0" * max(0, blocks * size - free * 1024))
        ended.add(ends(small_disk, tmp_path / "told", f"{free} KB free"))
        (home / "ballast").unlink()
    assert len(ended - {"well"}) >= 2, "the disk was full at one place only"
    holds_after(small_disk, "full disk", undisturbed)


def test_a_file_that_may_not_grow_is_as_a_full_disk(killed_town: Tiny, undisturbed: list[Any], tmp_path: Path) -> None:
    ended = {ends(killed_town, tmp_path / "told", f"{largest} bytes", largest) for largest in LARGEST}
    assert len(ended - {"well"}) >= 4, ended
    holds_after(killed_town, "no larger file", undisturbed)
