"""A small installation that crashes are tried on, and what has to hold of it afterwards."""

import multiprocessing
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from govpipes import postgres
from govpipes.duck import connect
from govpipes.pipeline import Workspace
from govpipes.pipeline.maintain import maintain
from govpipes.settings import Kept, Settings
from govpipes.warehouse import LAKE, maintenance, releases
from govpipes_tests.crashes.scenario import NEXT, killed, run
from govpipes_tests.tiny import BAD_CHECK, DAY, GOOD, Tiny

_SAID = (
    "SELECT source_day, source_key, cursor, is_deleted, name, row_hash FROM lake.claims.people ORDER BY ALL",
    "SELECT source_day, source_key, cursor, is_deleted, name, row_hash FROM lake.claims.residents ORDER BY ALL",
    "SELECT entity_key, name, row_hash FROM lake.population.person ORDER BY ALL",
    "SELECT dataset, day FROM lake.pipeline.publications ORDER BY ALL",
)
_LASTING = (
    "before rename",
    "before replace",
    "before symlink",
    "before recording",
    "before the lock",
    "after the lock",
    "before INSERT INTO lake.pipeline",
    "before CALL lake.set_commit_message",
    "before COMMIT",
)
"""How the names of points begin where a crash leaves another state than a moment before."""

_BOOKS = f"__ducklake_metadata_{LAKE}.{LAKE}"


def town(folder: Path, server: Settings) -> Tiny:
    """Two datasets that speak of the same people, an update, a deletion, a row that comes late, a wrong one."""
    folder.mkdir()
    tiny = Tiny(folder, postgres.create_database(server, f"crash_{uuid.uuid4().hex[:12]}")).make()
    for authority, name in enumerate(("people", "residents"), 1):
        tiny.add(name, authority)
        tiny.put(name, [(str(n), GOOD[n], "王芳", "", "0", f"{DAY} 09:00:00") for n in range(3)])
        tiny.put(name, [("1", GOOD[1], "李娜", "", "0", f"{NEXT} 08:00:00")])
        tiny.put(name, [("2", GOOD[2], "王芳", "", "1", f"{NEXT} 09:00:00")])
        tiny.put(name, [("9", BAD_CHECK, "张伟", "", "0", f"{DAY} 10:00:00")])
    return tiny


def said(ws: Workspace) -> list[Any]:
    """The warehouse without what only says when we learned it."""
    return [ws.con.execute(query).fetchall() for query in _SAID]


def released(ws: Workspace) -> list[Any]:
    """What readers find in the current release, as `said` has it."""
    con = connect(ws.settings, "ducklake")
    try:
        con.execute(f"ATTACH 'ducklake:{ws.settings.releases_dir / releases.CURRENT}' AS lake (READ_ONLY)")
        return [con.execute(query).fetchall() for query in _SAID]
    finally:
        con.close()


def half_published(ws: Workspace) -> list[Any]:
    """Claims of a publication the lake does not know of: data and book are written in one transaction or not at all."""
    books = "SELECT publication_id FROM lake.pipeline.publications"
    ask = f"SELECT source_day, source_key FROM lake.claims.{{}} WHERE publication_id NOT IN ({books})"
    return [row for table in ws.lake.tables("claims") for row in ws.con.execute(ask.format(table)).fetchall()]


def noted(ws: Workspace) -> set[Path]:
    """The data files the ledger names."""
    ask = "SELECT path FROM ledger.landings UNION SELECT unnest(ARRAY[path, quarantine_path]) FROM ledger.candidates"
    with ws.ledger.engine.connect() as con:
        return {Path(path) for path in con.execute(text(ask)).scalars()}


def strays(ws: Workspace) -> list[Path]:
    """Data files that neither the ledger nor the lake nor a release names."""
    named = {Path(path).name for path in maintenance.referred(ws.settings)}
    for table in ("ducklake_data_file", "ducklake_delete_file"):
        named |= {Path(p).name for (p,) in ws.con.execute(f"SELECT path FROM {_BOOKS}.{table}").fetchall()}
    found = [path for path in ws.settings.lake_dir.rglob("*.parquet") if path.name not in named]
    of_days = (ws.settings.landing_dir, ws.settings.candidate_dir, ws.settings.quarantine_dir)
    return found + sorted({path for folder in of_days for path in folder.rglob("*.parquet")} - noted(ws))


def child(target: Callable[..., None], *given: object) -> Any:
    """A started process of its own that runs `target`."""
    process = _children.Process(target=target, args=given)
    process.start()
    return process


def die(tiny: Tiny, at: int, told: Path) -> int | None:
    """Run the scenario in a process that is killed at the point number `at`; its exit code."""
    process = child(killed, tiny.settings, at, told)
    process.join(120)
    return process.exitcode  # type: ignore[no-any-return]


def spread(points: list[str], number: int) -> list[int]:
    """Numbers of `number` points around what lasts, where a crash leaves another state than a moment before.

    They are the last of every name (there is something to lose then), and others at equal distances.
    """
    lasting = [n for n, name in enumerate(points) if name.startswith(_LASTING)]
    kinds = {points[n]: n for n in lasting}.values()
    assert len(kinds) <= number, "more kinds of points than are taken: none may be left out"
    others = [n for n in lasting if n not in kinds]
    missing = number - len(kinds)
    return sorted([*kinds, *(others[n * len(others) // missing] for n in range(missing))])


# Imported once, without a connection: a child is there in a moment.
_children = multiprocessing.get_context("forkserver")
_children.set_forkserver_preload(["govpipes_tests.crashes.scenario", "govpipes.pipeline.duckdb_datasource"])


def holds_after(tiny: Tiny, name: str, undisturbed: list[Any]) -> None:
    """Run the scenario to its end; then the laws hold, and nothing is left taken."""
    with tiny.open() as ws:
        assert half_published(ws) == [], name
        known = ws.ledger.last_release()
        if known is not None:  # readers find it, or a newer one, before anybody has run anything
            assert (releases.current_name(ws.settings) or "") >= known["release"], name
        run(ws)
        assert said(ws) == undisturbed, name
        balance = ws.ledger.balance()
        assert [line for line in balance if not line["balanced"]] == [], name
        assert len(balance) == 4, name
        assert ws.ledger.counts(["publications"]) == {"publications": 4}, name
        assert [path for path in noted(ws) if not path.is_file()] == [], f"{name}: noted before it was there"
        before = said(ws)
        maintain(ws, Kept(grace=Kept().grace * 0))
        assert said(ws) == before, name
        assert strays(ws) == [], name
        newest = ws.ledger.last_release()
        assert newest is not None, name
        assert releases.current_name(ws.settings) == newest["release"], name
        assert released(ws) == before, name
        assert [path.name for path in ws.settings.temp_dir.iterdir() if path.suffix] == [], name
    engine = create_engine(tiny.postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as con:
        mine = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        taken = con.execute(text(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {mine}")).scalar_one()
    engine.dispose()
    assert taken == 0, name
