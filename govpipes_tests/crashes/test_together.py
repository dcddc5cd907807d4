"""Several at once on one installation: two syncs and a backfill as processes, two publishers that meet at one table."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from govpipes.catalogue.model import Contract
from govpipes.pipeline import Workspace, land, publish, standardize, verify
from govpipes.settings import Settings
from govpipes_tests.crashes.scenario import backfilled, synced
from govpipes_tests.crashes.town import child, holds_after
from govpipes_tests.tiny import DAY, Tiny, day_of

_WAITING = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def test_two_syncs_and_a_backfill_at_once(killed_town: Tiny, undisturbed: list[Any]) -> None:
    with killed_town.open():  # made once, before three come
        pass
    processes = [child(target, killed_town.settings) for target in (synced, synced, backfilled)]
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    holds_after(killed_town, "together", undisturbed)


def stopping_in_the_middle(settings: Settings, started: Path, go: Path) -> None:
    """Publish, and stop inside the transaction, with the lock, until the pipe `go` is written to."""
    with Workspace.open(settings) as ws:
        number = ws.ledger.next_publication_id

        def wait() -> int:
            started.write_bytes(b"")
            go.read_bytes()
            return number()

        ws.ledger.next_publication_id = wait  # type: ignore[method-assign]
        publish(ws, ws.catalogue.contracts["people"], DAY, "first")


def publishing(settings: Settings) -> None:
    with Workspace.open(settings) as ws:
        publish(ws, ws.catalogue.contracts["people"], DAY, "second")


def until(happened: Callable[[], bool], process: Any) -> None:
    """Ask again and again, as long as the process lives: a deadline without a clock."""
    while not happened():
        process.join(0.02)
        assert process.is_alive()


def waits(engine: Engine) -> bool:
    with engine.connect() as con:
        return bool(con.execute(text(_WAITING)).scalar_one())


def test_two_publishers_on_one_table(killed_town: Tiny, undisturbed: list[Any], tmp_path: Path) -> None:
    started, go = tmp_path / "started", tmp_path / "go"
    os.mkfifo(go)
    with killed_town.open() as ws:
        contract = ws.catalogue.contracts["people"]
        day_of(ws, ws.catalogue.contracts["residents"], DAY)
        _to_verdict(ws, contract)
        first = child(stopping_in_the_middle, killed_town.settings, started, go)
        until(started.exists, first)
        second = child(publishing, killed_town.settings)
        engine = create_engine(killed_town.postgres_url.replace("postgresql://", "postgresql+psycopg://"))
        until(partial(waits, engine), second)
        engine.dispose()
        go.write_bytes(b"")
        for process in (first, second):
            process.join(60)
            assert process.exitcode == 0
        published = "SELECT run_id FROM lake.pipeline.publications WHERE dataset = 'people'"
        assert ws.con.execute(published).fetchall() == [("first",)], "the second found it published"
    holds_after(killed_town, "two publishers", undisturbed)


def _to_verdict(ws: Workspace, contract: Contract) -> None:
    land(ws, contract, DAY, "test")
    standardize(ws, contract, DAY, "test")
    verify(ws, contract, DAY, "test")
