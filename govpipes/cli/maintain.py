"""`govpipes maintain`: keep the installation small. What is done is `pipeline.maintain`'s and Dagster's own."""

from datetime import timedelta
from typing import Annotated

import typer

from govpipes.cli import output
from govpipes.cli.environment import export
from govpipes.cli.options import Json
from govpipes.settings import Settings


def maintain(
    releases: Annotated[int, typer.Option("--keep-releases", min=1, help="How many releases to keep.")] = 30,
    snapshots: Annotated[int, typer.Option("--keep-snapshots", min=0, help="For how many days.")] = 30,
    events: Annotated[int, typer.Option("--keep-events", min=1, help="Dagster's log: for how many days.")] = 90,
    as_json: Json = False,
) -> None:
    """Remove what is old, compact what is scattered.

    Landings, materializations and checks are kept. It may run beside syncs and readers.
    """
    from govpipes.orchestration import runs
    from govpipes.warehouse.maintenance import Kept

    settings = Settings.from_env()
    export(settings)
    try:
        kept = Kept(releases, timedelta(days=snapshots))
        done, removed = runs.run_maintenance(settings, kept, timedelta(days=events))
    finally:
        runs.close()
    rows = [
        {"what": "releases removed", "number": len(done.releases)},
        *({"what": f"files of {name}: {old} before", "number": new} for name, (old, new) in done.compacted.items()),
        {"what": "snapshots forgotten", "number": done.snapshots},
        {"what": "files no snapshot has", "number": done.files},
        {"what": "files of killed writers", "number": done.orphans},
        {"what": "leftovers of killed steps", "number": done.leftovers},
        {"what": "events of Dagster", "number": removed},
    ]
    output.show(rows, as_json=as_json)
