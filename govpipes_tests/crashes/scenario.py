"""A small life of an installation, run in a process that is killed, or loses PostgreSQL, at a point it is told.

Points are what the process does to the world: statements, files moved, facts recorded. They are counted here by
wrapping what does them; the product knows nothing of it.
"""

import contextlib
import json
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from govpipes import postgres
from govpipes.errors import GovpipesError
from govpipes.ledger import Ledger
from govpipes.pipeline import Workspace, land, publish, read_together, standardize, verify
from govpipes.settings import Settings
from govpipes.warehouse import Lake
from govpipes_tests.tiny import DAY, day_of, finish

NEXT = DAY + timedelta(days=1)


def run(ws: Workspace) -> None:
    """Two days of two datasets, with a release after each."""
    for day in (DAY, NEXT):
        for contract in ws.catalogue.contracts.values():
            day_of(ws, contract, day)
        finish(ws)


def killed(settings: Settings, at: int, told: Path) -> None:
    """Run the scenario and die by SIGKILL at the point number `at`; write down the points there are to `told`."""
    points: list[str] = []

    def point(name: str) -> None:
        if len(points) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        points.append(name)

    _run_watched(settings, point)
    told.write_text(json.dumps(points), encoding="utf-8")


def bereaved(settings: Settings, server: Settings, at: int, told: Path) -> None:
    """Run the scenario and kill PostgreSQL at the point number `at`; write down to `told` how the scenario ended."""
    passed = 0

    def point(name: str) -> None:
        nonlocal passed
        if passed == at:
            kill_postgres(server)
        passed += 1

    try:
        _run_watched(settings, point)
        ended = "well"
    except GovpipesError as error:
        ended = f"told: {error}"
    told.write_text(ended, encoding="utf-8")


def kill_postgres(server: Settings) -> None:
    """SIGKILL to every process of the embedded server, as a power failure would."""
    pid = postgres.status(server).pid
    assert pid is not None
    postmaster = psutil.Process(pid)
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=30)


def synced(settings: Settings) -> None:
    """The scenario as one of several at once."""
    with Workspace.open(settings) as ws:
        run(ws)


def backfilled(settings: Settings) -> None:
    """The scenario's days as a backfill loads them: read together, one dataset after the other."""
    with Workspace.open(settings) as ws:
        for contract in ws.catalogue.contracts.values():
            with read_together(ws, contract, [DAY, NEXT]) as read:
                for day in (DAY, NEXT):
                    land(ws, contract, day, "backfill", read)
                    standardize(ws, contract, day, "backfill")
                    verify(ws, contract, day, "backfill")
                    publish(ws, contract, day, "backfill")


def _run_watched(settings: Settings, point: Callable[[str], None]) -> None:
    _watch(point)
    with Workspace.open(settings) as ws:
        ws.lake.con = _Connection(ws.lake.con, point)  # type: ignore[assignment]
        run(ws)


class _Connection:
    """A DuckDB connection whose statements are points."""

    def __init__(self, con: Any, point: Callable[[str], None]) -> None:
        self._con, self._point = con, point

    def execute(self, query: str, *given: Any) -> Any:
        words = " ".join(query.split()[:3])
        self._point(f"before {words}")
        done = self._con.execute(query, *given)
        if words.startswith("COMMIT"):
            self._point(f"after {words}")
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)


def _watch(point: Callable[[str], None]) -> None:
    record, rename, replace, symlink = Ledger.record, Path.rename, Path.replace, Path.symlink_to
    write = Lake.write

    def recording(self: Ledger, table: Any, fact: Any) -> None:
        point(f"before recording in {table.name}")
        record(self, table, fact)
        point(f"after recording in {table.name}")

    def moving(how: Any, name: str) -> Any:
        def moved(self: Path, target: Any) -> Any:
            point(f"before {name} of {_kind(self)}")
            done = how(self, target)
            point(f"after {name} of {_kind(self)}")
            return done

        return moved

    def writing(self: Lake, table: str, message: str, work: Any) -> Any:
        point(f"before the lock of {table}")
        done = write(self, table, message, work)
        point(f"after the lock of {table}")
        return done

    Ledger.record = recording  # type: ignore[method-assign]
    Lake.write = writing  # type: ignore[method-assign]
    for method, how in (("rename", rename), ("replace", replace), ("symlink_to", symlink)):
        setattr(Path, method, moving(how, method))


def _kind(path: Path) -> str:
    return path.suffix or "a folder"
