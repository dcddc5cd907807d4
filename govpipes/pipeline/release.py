"""Release: freeze what is published and fused into a named version for readers (DESIGN.md D4).

The freezing itself is warehouse/releases.py; here is when one is due, what it is called and what it says is held.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

from govpipes.days import today
from govpipes.files import whole_file, write_json
from govpipes.ledger import tables as t
from govpipes.pipeline.workspace import Workspace, explaining
from govpipes.warehouse import LAKE, releases


@dataclass(frozen=True, slots=True)
class Release:
    """A release. held: the dataset-days that were held or failed when it was made. unchanged: it was there."""

    name: str
    path: Path
    tables: int
    rows: int
    held: list[dict[str, Any]]
    unchanged: bool
    seconds: float


@explaining()
def release(ws: Workspace, run_id: str) -> Release:
    """Make a release of the warehouse as it is now, prove it, and move `current` to it; nothing new makes none.

    Raises WarehouseError, and leaves the current release in place, when the copy differs from the warehouse.
    """
    started = monotonic()
    with ws.lake.lock("release"):
        held = [
            {key: row[key] for key in ("dataset", "registry", "day", "state", "held_because")}
            for row in ws.ledger.held()
        ]
        last = ws.ledger.last_release()
        snapshot_id = ws.lake.snapshot_id()
        if last and last["snapshot_id"] == snapshot_id and Path(last["path"]).is_file():
            if releases.current_name(ws.settings) is None:
                releases.move_current(ws.settings, last["release"])
            return _release(last["release"], Path(last["path"]), last["tables"], held, True, started)
        name = _name(ws)
        path, snapshot_id, tables = releases.freeze(ws.lake, ws.settings, name)
        fact = {
            "release": name,
            "snapshot_id": snapshot_id,
            "path": str(path),
            "tables": tables,
            "held": json.loads(json.dumps(held, default=str)),
            "run_id": run_id,
            "seconds": round(monotonic() - started, 3),
        }
        with whole_file(ws.settings.temp_dir, path.with_suffix(".json")) as manifest:
            write_json(manifest, fact)
        releases.move_current(ws.settings, name)
        ws.ledger.record(t.releases, fact)
        return _release(name, path, tables, held, False, started)


def _name(ws: Workspace) -> str:
    """The newest published day and a number: `2026-01-03.2`."""
    newest = ws.lake.one(f"SELECT max(day) FROM {LAKE}.pipeline.publications")
    day: date = newest or today()
    taken = {str(row["release"]) for row in releases.list_releases(ws.settings)}
    taken |= {str(row["release"]) for row in ws.ledger.releases()}
    number = 1
    while f"{day}.{number}" in taken:
        number += 1
    return f"{day}.{number}"


def _release(
    name: str, path: Path, tables: dict[str, int], held: list[dict[str, Any]], unchanged: bool, started: float
) -> Release:
    return Release(name, path, len(tables), sum(tables.values()), held, unchanged, round(monotonic() - started, 3))
