"""`govpipes reconcile`: what should be there and is not, and the runs that bring it.

What is found is decided in `pipeline.reconcile`; the sensor of the Dagster UI asks the same function.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from govpipes.cli import output
from govpipes.cli.options import Datasets, Json
from govpipes.cli.progress import Reporter
from govpipes.cli.sync import finish, opened

if TYPE_CHECKING:
    from govpipes.pipeline.reconcile import Reconciliation

_COLUMNS = ("day", "registry", "dataset", "cause", "rows", "detail")


def reconcile(
    datasets: Datasets = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many dataset-days.")] = 50,
    plan_only: Annotated[bool, typer.Option("--plan", help="Show what would be run, and run nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Find days that are missing, late, changed or broken off, and run them.

    Newest first; sources are asked for counts and checksums of the last days only.
    """
    from govpipes.orchestration import runs

    settings, _, chosen = opened(datasets, None)
    try:
        found = runs.find_differences(settings, chosen, limit, remember=not plan_only)
        if plan_only or not found.differences:
            _show(found, as_json=as_json)
            return
        if not as_json:
            _show(found, as_json=False)
        with Reporter(total=len(found.works), quiet=as_json) as reporter:
            reporter.start("reconcile")
            done = runs.run_work(settings, found.works, reporter.step, done=reporter.ended)
    finally:
        runs.close()
    finish(settings, done, {(d.dataset, d.day) for d in found.differences}, as_json=as_json)


def _show(found: "Reconciliation", *, as_json: bool) -> None:
    rows = [asdict(difference) for difference in found.differences]
    output.show(rows, as_json=as_json, columns=_COLUMNS, nothing="everything that should be there is there")
    if as_json:
        return
    for waiting in found.waiting:
        output.say(f"waiting: {waiting.dataset} {waiting.day or ''}: {waiting.detail}".replace(" :", ":"))
    if found.more:
        output.say(f"{found.more} more dataset-days are left for the next time; --limit takes more at once")
