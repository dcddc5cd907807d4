"""Maintenance: what goes, what stays, and that readers and the warehouse do not notice."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import text

from govpipes.duck import connect
from govpipes.errors import WarehouseError
from govpipes.orchestration import runs
from govpipes.orchestration.maintenance import remove_events
from govpipes.pipeline import Workspace
from govpipes.pipeline.maintain import maintain, plan
from govpipes.pipeline.work import Work
from govpipes.settings import Kept, Settings
from govpipes.sql import literal
from govpipes.warehouse import readers, releases
from govpipes_tests.crashes.town import child
from govpipes_tests.tiny import DAY, GOOD, Tiny, day_of, finish

DAYS = [DAY + timedelta(days=n) for n in range(6)]
SCHEDULED = "__ducklake_metadata_lake.lake.ducklake_files_scheduled_for_deletion"
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


@pytest.fixture
def small(tiny: Tiny) -> Iterator[Workspace]:
    """Two published days."""
    tiny.add("people")
    tiny.put("people", [(str(n), GOOD[n], "王芳", "", "0", f"{DAYS[n % 2]} 09:00:00") for n in range(4)])
    with tiny.open() as opened:
        for day in DAYS[:2]:
            day_of(opened, opened.catalogue.contracts["people"], day)
        yield opened


def content(ws: Workspace) -> list[Any]:
    tables = ("claims.people", "population.person", "pipeline.publications")
    return [ws.con.execute(f"SELECT * FROM lake.{table} ORDER BY ALL").fetchall() for table in tables]


def count(file: Path, ws: Workspace) -> int:
    con = connect(ws.settings, "ducklake")
    try:
        con.execute(f"ATTACH {literal('ducklake:' + str(file))} AS copy (READ_ONLY)")
        # the rows themselves: a count(*) is answered from the catalogue and opens no file
        keys = con.execute("SELECT source_key FROM copy.claims.people").fetchall()
        return len(keys) + len(con.execute("SELECT publication_id FROM copy.pipeline.publications").fetchall())
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
    assert not releases.release_file(ws.settings, first).with_suffix(".json").exists()
    assert maintain(ws, EVERYTHING).files > 0, "those of the removed release"
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
    os.utime(landing, (0, 0))  # its step was killed before the ledger's newest entry
    done = maintain(ws, EVERYTHING)
    assert (done.orphans, done.leftovers, orphan.exists(), landing.exists()) == (1, 1, False, False)


def test_a_plan_says_what_is_then_done_and_does_nothing(ws: Workspace) -> None:
    maintain(ws, Kept(grace=timedelta(0)))
    for leftover in (ws.settings.temp_dir, ws.settings.lake_dir / "claims" / "people"):
        (leftover / "orphan.parquet").write_bytes(b"of one killed")
    before, entries = content(ws), ws.ledger.counts(["maintenance"])
    planned = plan(ws, EVERYTHING)
    assert (content(ws), ws.ledger.counts(["maintenance"])) == (before, entries)
    assert plan(ws, EVERYTHING) == planned
    done = maintain(ws, EVERYTHING)
    assert planned.releases == done.releases != []
    assert (planned.snapshots, planned.orphans, planned.leftovers) == (done.snapshots, done.orphans, done.leftovers)
    assert (planned.orphans, planned.leftovers, planned.bytes["leftovers"]) == (1, 1, 13)
    assert plan(ws, EVERYTHING).files == maintain(ws, EVERYTHING).files > 0, "those of the removed release"
    assert plan(ws, EVERYTHING).releases == []


def test_a_plan_names_the_tables_it_would_compact(small: Workspace) -> None:
    planned = plan(small, EVERYTHING).compacted
    assert planned["pipeline.publications"] == (2, None)
    assert planned.keys() == maintain(small, EVERYTHING).compacted.keys()
    assert plan(small, EVERYTHING).compacted == {}
    small.con.execute("DELETE FROM lake.claims.people WHERE source_key = '0'")
    assert list(plan(small, EVERYTHING).compacted) == ["claims.people"], "a file with deleted rows"


def test_the_ledger_knows_every_maintenance(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    done = maintain(small, EVERYTHING, "run", lambda: 7)
    entry = small.ledger.last_maintenance()
    assert entry is not None
    assert (entry["releases"], entry["snapshots"], entry["events"]) == (done.releases, done.snapshots, 7)
    assert entry["bytes"] == done.bytes and done.bytes["files"] > 0
    assert (entry["compacted"]["pipeline.publications"], entry["run_id"], entry["problem"]) == ([2, 1], "run", None)
    monkeypatch.setattr("govpipes.warehouse.maintenance.compact", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        maintain(small, EVERYTHING)
    entry = small.ledger.last_maintenance()
    assert entry is not None and entry["problem"] == "division by zero"
    assert small.ledger.counts(["maintenance"]) == {"maintenance": 2}


def landed(ws: Workspace, number: int, *, later: bool) -> list[Path]:
    """Landings the ledger does not know, landed after its newest entry or before; older than the time of grace."""
    made = [ws.settings.landing_dir / "people" / str(DAY) / f"unknown{n}" for n in range(number)]
    for folder in made:
        folder.mkdir()
        os.utime(folder, (time.time(),) * 2 if later else (0, 0))
    return made


@pytest.mark.parametrize(("number", "later"), [(6, False), (1, True)])
def test_landings_a_restored_ledger_does_not_know_are_no_leftovers(small: Workspace, number: int, later: bool) -> None:
    there = [*landed(small, number, later=later), small.settings.lake_dir / "claims" / "people" / "newer.parquet"]
    there[-1].write_bytes(b"of a publication the restored catalogue does not know")
    assert str(plan(small, EVERYTHING).problem).startswith("PostgreSQL looks older than the home")
    with pytest.raises(WarehouseError, match=f"{number} landings the ledger does not know") as error:
        maintain(small, EVERYTHING)
    assert error.value.next_step is not None
    assert "unknown" not in str(error.value) and f"people/{DAY}" in str(error.value)
    assert [path.exists() for path in there] == [True] * len(there)
    entry = small.ledger.last_maintenance()
    assert entry is not None and entry["problem"] == str(error.value)


def test_what_a_few_killed_steps_landed_is_removed(small: Workspace) -> None:
    there = landed(small, 5, later=False)
    assert maintain(small, EVERYTHING).leftovers == 5
    assert not any(path.exists() for path in there)


def test_who_reads_a_removed_release_may_finish(ws: Workspace) -> None:
    first = str(releases.list_releases(ws.settings)[-1]["release"])
    old = connect(ws.settings, "ducklake")
    old.execute(f"ATTACH {literal(f'ducklake:{releases.release_file(ws.settings, first)}')} AS copy (READ_ONLY)")
    counted = "SELECT count(*), sum(publication_id) FROM copy.pipeline.publications"
    before = old.execute(counted).fetchall()
    maintain(ws, Kept(grace=timedelta(0)))
    assert not finish(ws).unchanged, "this release has the compacted files"
    ws.con.execute(f"UPDATE {SCHEDULED} SET schedule_start = now() - INTERVAL 40 DAYS")
    for _ in range(2):
        assert maintain(ws, Kept(releases=1, snapshots=timedelta(0))).files == 0
        assert old.execute(counted).fetchall() == before, "the file is gone, its data are there for the time of grace"
    old.close()


def test_files_with_deleted_rows_are_merged_too(ws: Workspace) -> None:
    for number in (1, 2, 3):
        ws.con.execute("DELETE FROM lake.pipeline.publications WHERE day = ?", [DAYS[number]])
    before = content(ws)
    at = ws.lake.snapshot_id()
    assert maintain(ws, Kept()).compacted["pipeline.publications"] == (3, 1)
    ws.con.execute("DELETE FROM lake.claims.people WHERE source_key = '0'")
    before[0] = content(ws)[0]
    assert maintain(ws, Kept()).compacted["claims.people"] == (6, 6), "one day's file without its deleted row"
    assert content(ws) == before
    assert ws.lake.one(f"SELECT count(*) FROM lake.claims.people AT (VERSION => {at})") == 30


def somebody_waits(ws: Workspace) -> bool:
    with ws.ledger.engine.connect() as con:
        waiting = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return bool(con.execute(text(waiting)).scalar())


def test_a_release_beside_maintenance_and_other_writers(
    tiny: Tiny, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws.con.execute("CREATE OR REPLACE TABLE lake.claims.more AS SELECT 1 AS one")
    copy = releases._copy_catalogue

    def slow_copy(*given: Any) -> int:
        snapshot = copy(*given)
        compacting.start()
        while not done and not somebody_waits(ws):  # for the lock, or the compaction is done too early
            pass
        ws.con.execute("CREATE TABLE lake.claims.later AS SELECT 1 AS one")
        return snapshot

    def compact() -> None:
        with tiny.open() as other:
            done.append(maintain(other).compacted)

    done: list[dict[str, tuple[int, int | None]]] = []
    compacting = threading.Thread(target=compact)
    monkeypatch.setattr(releases, "_copy_catalogue", slow_copy)
    try:
        assert not finish(ws).unchanged
    finally:
        compacting.join()
    assert done[0]["pipeline.publications"] == (6, 1)


def test_days_are_published_while_it_runs(tiny: Tiny, ws: Workspace) -> None:
    after = [DAYS[-1] + timedelta(days=n) for n in range(1, 6)]
    tiny.put("people", [(f"x{n}", GOOD[n], "王芳", "", "0", f"{day} 09:00:00") for n, day in enumerate(after)])
    failed: list[Exception] = []

    def publish_days() -> None:
        try:
            with tiny.open() as other:
                for day in after:
                    day_of(other, other.catalogue.contracts["people"], day)
                finish(other)
        except Exception as error:
            failed.append(error)

    publishing = threading.Thread(target=publish_days)
    publishing.start()
    while publishing.is_alive():
        maintain(ws, Kept(releases=1, snapshots=timedelta(days=1)))
    publishing.join()
    assert not failed
    finish(ws)
    assert readers.query(ws.settings, "SELECT count(*), count(DISTINCT source_key) FROM claims.people")[1] == [(35, 35)]
    assert all(line["balanced"] for line in ws.ledger.balance())


def test_past_candidates_go_and_servers_keep_their_sockets(
    tiny: Tiny, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.put("people", [("0", GOOD[0], "李静", "", "0", f"{DAY} 11:00:00")])
    day_of(ws, ws.catalogue.contracts["people"], DAY)
    files = sorted((ws.settings.candidate_dir / "people" / str(DAY)).iterdir())
    monkeypatch.chdir(ws.settings.temp_dir)  # the whole path may be too long for a socket
    listening = Path("tmp8o3_5x0")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(listening))
    assert maintain(ws, EVERYTHING).leftovers == 1
    assert [file.exists() for file in files] == [False, True]
    assert len(list((ws.settings.quarantine_dir / "people" / str(DAY)).iterdir())) == 2
    assert listening.is_socket()
    assert day_of(ws, ws.catalogue.contracts["people"], DAY).already


def killed(settings: Settings) -> None:
    """The second day, by a process that is killed when it has changed the lake's data and not yet committed."""

    def change_and_die(*given: Any) -> None:
        change(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    module: Any = sys.modules["govpipes.pipeline.publish"]  # the package exports a function of this name
    change = module._change
    module._change = change_and_die
    with Workspace.open(settings) as ws:
        day_of(ws, ws.catalogue.contracts["people"], DAYS[1])


def test_what_a_killed_writer_left_is_removed(tiny: Tiny, ws: Workspace) -> None:
    maintain(ws, EVERYTHING)
    tiny.put("people", [("99", GOOD[0], "王芳", "", "0", f"{DAYS[1]} 10:00:00")])
    before = content(ws)
    process = child(killed, tiny.settings)
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
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
