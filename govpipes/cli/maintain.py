"""`govpipes maintain`: keep the installation small. What is done is `pipeline.maintain`'s and Dagster's own."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from govpipes.cli import output
from govpipes.cli.environment import export
from govpipes.cli.options import Json
from govpipes.errors import WarehouseError
from govpipes.settings import Settings

if TYPE_CHECKING:
    from govpipes.pipeline.maintain import Maintained

Row = dict[str, Any]

_WHAT = {
    "releases": "releases",
    "snapshots": "snapshots",
    "files": "files no snapshot has",
    "orphans": "files of killed writers",
    "leftovers": "leftovers of killed steps",
    "events": "events of Dagster",
}


def maintain(
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be done.")] = False, as_json: Json = False
) -> None:
    """Remove what is old, compact what is scattered.

    Landings, materializations and checks are kept. It may run beside syncs and readers.
    How much else is kept is a setting: GOVPIPES_KEEP_RELEASES, _SNAPSHOT_DAYS, _EVENT_DAYS.
    """
    from govpipes.orchestration import runs

    settings = Settings.from_env()
    export(settings)
    try:
        done = (runs.plan_maintenance if plan else runs.run_maintenance)(settings)
    finally:
        runs.close()
    if done.problem is not None:
        raise WarehouseError(done.problem)
    output.show(_rows(done), as_json=as_json)


def _rows(done: "Maintained") -> list[Row]:
    """What was removed, kind by kind, then the compacted tables with their data files before and after."""
    rows: list[Row] = []
    for kind, what in _WHAT.items():
        found = getattr(done, kind)
        number = found if isinstance(found, int) else len(found)
        rows.append(_row(what, removed=number, bytes=done.bytes.get(kind)))
    tables = done.compacted.items()
    return rows + [_row(name, files_before=before, files_after=after) for name, (before, after) in tables]


def _row(what: str, **figures: int | None) -> Row:
    return {"what": what, "removed": None, "bytes": None, "files_before": None, "files_after": None} | figures
