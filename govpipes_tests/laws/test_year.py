"""History that is loaded, killed and resumed is the history that was synced day by day (issue: 365 days x 5 datasets).

`make soak` takes the year, `make test` five days.
"""

import os
import resource
import signal
import subprocess
import sys
import uuid
from datetime import date, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from govpipes import postgres
from govpipes.orchestration import runs
from govpipes.pipeline import Workspace
from govpipes.registries import fuse
from govpipes.settings import Settings
from govpipes_tests.laws.year import DATASETS, KEEPS_HISTORY, OVERWRITES, Office
from govpipes_tests.tiny import Tiny, day_of

FIRST = date(2025, 1, 1)

BACKFILL = """
import os, signal, sys
from datetime import date
from govpipes import pipeline
from govpipes.orchestration import runs
from govpipes.settings import Settings

first, last, after = date.fromisoformat(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3])
real, done = pipeline.publish, []

def publish(*given):
    if after and len(done) == after:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(real(*given))
    return done[-1]

pipeline.publish = publish
settings = Settings.from_env()
runs.run_work(settings, [chunk.work for chunk in runs.plan_backfill(settings, first, last).chunks])
"""
"""A backfill that is killed before its publication number `after` (0: never)."""

CLAIMS = (
    "SELECT source_day, source_key, cursor, is_deleted, name, row_hash FROM lake.claims.{} WHERE recorded_to IS NULL"
)
CURRENT = "SELECT source_key, cursor, name, row_hash FROM lake.current.{}"
GOLDEN = "SELECT entity_key, name, phone, provenance, row_hash FROM lake.population.person"
HISTORY = (
    "SELECT entity_key, name, phone, valid_from, valid_to, row_hash FROM lake.population.person_history "
    "WHERE recorded_to IS NULL"
)


def rows(ws: Workspace, query: str) -> list[tuple[Any, ...]]:
    return ws.con.execute(f"{query} ORDER BY ALL").fetchall()


def backfill(tiny: Tiny, days: int, after: int) -> "subprocess.Popen[bytes]":
    """A backfill of all days as a process; it is killed before its publication number `after` (0: never)."""
    last = FIRST + timedelta(days=days - 1)
    command = [sys.executable, "-c", BACKFILL, str(FIRST), str(last), str(after)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ))


def synced(tiny: Tiny, day: date) -> float:
    """The daily sync of a day, as it is always run; how long it took, in seconds."""
    started = monotonic()
    result = runs.run_sync(tiny.settings, day)
    assert {found.state for found in result.dataset_days} == {"published"}, result
    return monotonic() - started


def by_itself(postgres_settings: Settings, folder: Path, days: int, *, daily: bool) -> Tiny:
    """Another installation over the same departments, brought up day by day: at the end, or each day on its day."""
    folder.mkdir()
    tiny = Tiny(folder, postgres.create_database(postgres_settings, f"tiny_{uuid.uuid4().hex[:12]}")).make()
    office = Office(tiny, FIRST).open()
    if not daily:
        for number in range(days):
            office.pass_day(number)
    with tiny.open() as ws:
        for number in range(days):
            if daily:
                office.pass_day(number)
            for dataset in DATASETS:
                day_of(ws, ws.catalogue.contracts[dataset], FIRST + timedelta(days=number))
            if daily and number % 30 == 0:
                fuse(ws, "population", "person", "test")
        fuse(ws, "population", "person", "test")
    return tiny


@pytest.mark.timeout(0)
@pytest.mark.parametrize("days", [3, pytest.param(365, marks=pytest.mark.soak)])
def test_a_year_is_loaded_while_the_daily_sync_goes_on(
    days: int,
    tiny: Tiny,
    exported: None,
    postgres_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GOVPIPES_POSTGRES_URL", tiny.postgres_url)
    office = Office(tiny, FIRST).open()
    for number in range(days + 4):  # the daily sync has the last four
        office.pass_day(number)
    daily = [FIRST + timedelta(days=days + number) for number in range(4)]
    alone, beside, began = synced(tiny, daily[0]), [], monotonic()
    for number, share in enumerate((3, 4, 5), 1):
        process = backfill(tiny, days, after=len(DATASETS) * days // share)
        beside.append(synced(tiny, daily[number]))
        _, told = process.communicate(timeout=3600)
        assert process.returncode == -signal.SIGKILL, told.decode()
    process = backfill(tiny, days, after=0)
    _, told = process.communicate(timeout=3600)
    assert process.returncode == 0, told.decode()
    seconds = monotonic() - began
    assert not runs.plan_backfill(tiny.settings, FIRST, daily[-1]).chunks

    with tiny.open() as ws:
        assert all(line["balanced"] for line in ws.ledger.balance())
        loaded = {name: rows(ws, CLAIMS.format(name)) for name in DATASETS}
        current = {name: rows(ws, CURRENT.format(name)) for name in DATASETS}
        golden, history = rows(ws, GOLDEN), rows(ws, HISTORY)
    with by_itself(postgres_settings, tmp_path / "sequential", days + 4, daily=False).open() as ws:
        assert {name: rows(ws, CLAIMS.format(name)) for name in DATASETS} == loaded
        assert (rows(ws, GOLDEN), rows(ws, HISTORY)) == (golden, history)
    with by_itself(postgres_settings, tmp_path / "daily", days + 4, daily=True).open() as ws:
        assert {name: rows(ws, CLAIMS.format(name)) for name in KEEPS_HISTORY} == {
            name: loaded[name] for name in KEEPS_HISTORY
        }
        assert {name: rows(ws, CURRENT.format(name)) for name in OVERWRITES} == {
            name: current[name] for name in OVERWRITES
        }
        assert rows(ws, GOLDEN) == golden
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024
    with capsys.disabled():
        sys.stdout.write(
            f"\n{days} days x {len(DATASETS)} datasets, killed 3 times: {seconds:.0f} s, peak {peak} MB; "
            f"daily sync alone {alone:.1f} s, beside the backfill {', '.join(f'{s:.1f}' for s in beside)} s\n"
        )
    assert max(beside) < 6 * alone + 10, "the daily sync waited for the backfill"
