"""The lock of a table: lost, it stops the writer; freed badly, it keeps nobody out."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import InvalidRequestError

from govpipes.errors import WarehouseError
from govpipes.pipeline import Workspace
from govpipes_tests.tiny import DAY, GOOD, Tiny, day_of

_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
def ws(tiny: Tiny) -> Iterator[Workspace]:
    tiny.add("people")
    tiny.put("people", [("1", GOOD[0], "王芳", "", "0", f"{DAY} 09:00:00")])
    with tiny.open() as opened:
        yield opened


def end_the_locks_connection(ws: Workspace) -> None:
    with ws.ledger.engine.connect() as con:
        assert con.execute(text(_OTHERS)).all(), "somebody held a lock"


def test_a_writer_that_lost_its_lock_changes_nothing(ws: Workspace) -> None:
    ws.lake.write("claims.x", "make", lambda: ws.con.execute("CREATE TABLE lake.pipeline.x (n INTEGER)"))

    def work() -> None:
        ws.con.execute("INSERT INTO lake.pipeline.x VALUES (1)")
        end_the_locks_connection(ws)

    with pytest.raises(WarehouseError, match="lost"):
        ws.lake.write("claims.x", "write", work)
    assert ws.lake.one("SELECT count(*) FROM lake.pipeline.x") == 0
    day_of(ws, ws.catalogue.contracts["people"], DAY)  # the workspace goes on


def test_a_lock_that_cannot_be_given_back_is_free_all_the_same(ws: Workspace) -> None:
    with ws.lake.lock("claims.x"):
        end_the_locks_connection(ws)
    with ws.lake.lock("claims.x"):
        pass


def test_a_lock_whose_connection_lives_on_ends_with_it(ws: Workspace) -> None:
    """Giving it back fails, but not because PostgreSQL is gone: the connection may not go back to the pool with it."""

    def refuses(_con: object, _cursor: object, statement: str, *_: object) -> None:
        if "pg_advisory_unlock" in statement:
            raise InvalidRequestError("refused")

    event.listen(ws.ledger.engine, "before_cursor_execute", refuses)
    with ws.lake.lock("claims.x"):
        pass
    event.remove(ws.ledger.engine, "before_cursor_execute", refuses)
    with ws.ledger.engine.connect() as con:
        mine = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        assert con.execute(text(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {mine}")).scalar() == 0


def test_an_interrupted_writer_leaves_no_lock(ws: Workspace) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ws.lake.write("claims.x", "write", interrupted)
    with ws.ledger.engine.connect() as con:
        mine = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        assert con.execute(text(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {mine}")).scalar() == 0
