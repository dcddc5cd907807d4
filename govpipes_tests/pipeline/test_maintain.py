"""Maintenance: what goes, what stays, and that readers and the warehouse do not notice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from govpipes.duck import connect
from govpipes.orchestration import runs
from govpipes.orchestration.maintenance import remove_events
from govpipes.pipeline import Workspace
from govpipes.pipeline.maintain import maintain
from govpipes.pipeline.work import Work
from govpipes.sql import literal
from govpipes.warehouse import readers, releases
from govpipes.warehouse.maintenance import Kept
from govpipes_tests.tiny import DAY, GOOD, Tiny, day_of, finish

DAYS = [DAY + timedelta(days=n) for n in range(6)]
EVERYTHING = Kept(releases=1, snapshots=timedelta(0), grace=timedelta(0))


@pytest.fixture
def ws(tiny: Tiny) -> Iterator[Workspace]:
    """Six days, published and fused day by day, with two releases."""
    tiny.add("people")
    tiny.put("people", [(str(n), GOOD[n % 5], "王芳", "", "0", f"{DAYS[n % 6]} 09:00:00") for n in range(30)])
    with tiny.open() as opened:
        for day in DAYS:
            day_of(opened, opened.catalogue.contracts["people"], day)
            if day in (DAYS[2], DAYS[5]):
                finish(opened)
        yield opened


def content(ws: Workspace) -> list[Any]:
    tables = ("claims.people", "population.person", "pipeline.publications")
    return [ws.con.execute(f"SELECT * FROM lake.{table} ORDER BY ALL").fetchall() for table in tables]


def count(file: Path, ws: Workspace) -> int:
    con = connect(ws.settings, "ducklake")
    try:
        con.execute(f"ATTACH {literal('ducklake:' + str(file))} AS copy (READ_ONLY)")
        row = con.execute(
            "SELECT (SELECT count(*) FROM copy.claims.people) + (SELECT count(*) FROM copy.pipeline.publications)"
        ).fetchone()
        assert row is not None
        return int(row[0])
    finally:
        con.close()


def test_what_is_old_goes_and_what_is_said_stays(ws: Workspace) -> None:
    before = content(ws)
    first, second = (str(row["release"]) for row in reversed(releases.list_releases(ws.settings)))
    done = maintain(ws, EVERYTHING)
    assert done.releases == [first]
    assert done.compacted["pipeline.publications"] == (6, 1)
    assert done.snapshots > 0
    assert content(ws) == before
    assert readers.query(ws.settings, "SELECT count(*) FROM claims.people")[1] == [(30,)]
    assert count(releases.release_file(ws.settings, second), ws) == 36
    again = maintain(ws, EVERYTHING)
    assert (again.releases, again.compacted, again.files, again.orphans, again.leftovers) == ([], {}, 0, 0, 0)


def test_a_kept_release_keeps_its_files(ws: Workspace) -> None:
    files = [Path(str(row["path"])) for row in releases.list_releases(ws.settings)]
    before = [count(file, ws) for file in files]
    maintain(ws, Kept(releases=2, snapshots=timedelta(0), grace=timedelta(0)))
    assert [count(file, ws) for file in files] == before, "compacted tables, but the files of both releases are there"
    releases.rollback(ws.settings)
    maintain(ws, EVERYTHING)
    assert count(files[1], ws) == before[1], "the current one stays although another is newer"


def test_young_files_stay(ws: Workspace) -> None:
    orphan = ws.settings.lake_dir / "claims" / "people" / "orphan.parquet"
    orphan.write_bytes(b"a writer that has not committed")
    landing = ws.settings.landing_dir / "people" / str(DAY) / "unknown"
    landing.mkdir()
    kept = Kept(releases=1, snapshots=timedelta(0))
    assert (maintain(ws, kept).orphans, orphan.exists(), landing.exists()) == (0, True, True)
    done = maintain(ws, EVERYTHING)
    assert (done.orphans, done.leftovers, orphan.exists(), landing.exists()) == (1, 1, False, False)


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from govpipes.pipeline import Workspace
from govpipes.settings import Settings
from govpipes_tests.tiny import day_of

module = sys.modules["govpipes.pipeline.publish"]
change = module._change
module._change = lambda *given: (change(*given), os.kill(os.getpid(), signal.SIGKILL))
home, data, url, day = sys.argv[1:]
ws = Workspace.open(Settings(home=Path(home), data_dir=Path(data), postgres_url=url, threads=1))
day_of(ws, ws.catalogue.contracts["people"], date.fromisoformat(day))
"""


def test_what_a_killed_writer_left_is_removed(tiny: Tiny, ws: Workspace) -> None:
    maintain(ws, EVERYTHING)
    tiny.put("people", [("99", GOOD[0], "王芳", "", "0", f"{DAYS[1]} 10:00:00")])
    before = content(ws)
    arguments = [str(ws.settings.home), str(ws.settings.data_dir), tiny.postgres_url, str(DAYS[1])]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert maintain(ws, EVERYTHING).orphans == 1
    assert content(ws) == before


def test_old_events_of_dagster_go_and_materializations_stay(
    tiny: Tiny, ws: Workspace, exported: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOVPIPES_POSTGRES_URL", os.environ["GOVPIPES_DAGSTER_URL"])
    result = runs.run_work(tiny.settings, [Work(("people",), (DAYS[0],))])
    instance = dg.DagsterInstance.get()
    claims, candidate = dg.AssetKey(["claims", "people"]), dg.AssetKey(["candidate", "people"])

    def known() -> tuple[object, ...]:
        latest = instance.get_latest_materialization_event(claims)
        checks = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(candidate, "gate"), limit=5
        )
        return latest, instance.get_materialized_partitions(claims), checks, len(instance.get_runs())

    before = known()
    assert remove_events(instance, timedelta(days=1)) == 0
    events = len(instance.all_logs(result.run_ids[0]))
    assert remove_events(instance, timedelta(0)) > 0
    assert len(instance.all_logs(result.run_ids[0])) < events
    assert known() == before
    assert remove_events(instance, timedelta(0)) == 0
    instance.dispose()
