"""`govpipes sync` and `govpipes backfill`: the same jobs the schedule runs, from the command line.

Here: choosing days, showing progress, telling how it ended. The runs themselves are in `orchestration.runs`.
"""

import os
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from govpipes.cli import output
from govpipes.cli.environment import export
from govpipes.cli.options import Datasets, Json, known_datasets, open_catalogue, open_ledger, parse_day
from govpipes.cli.progress import Reporter
from govpipes.cli.status import DAY_COLUMNS, show_stopped
from govpipes.errors import GateError, SourceError, WarehouseError
from govpipes.settings import Settings

if TYPE_CHECKING:
    from govpipes.catalogue import Catalogue
    from govpipes.orchestration.runs import SyncResult
    from govpipes.pipeline.backfill import Plan

Row = dict[str, Any]
_NICE = 10
Required = Annotated[date, typer.Option("--day", parser=parse_day, metavar="DAY", help="2026-01-03 or yesterday.")]
From = Annotated[date, typer.Option("--from", parser=parse_day, metavar="DAY", help="The first day.")]
To = Annotated[date, typer.Option("--to", parser=parse_day, metavar="DAY", help="The last day, included.")]
_ALL_PUBLISHED = "there is nothing to run: every one of these days is published"
_NONE_CLOSES = "no dataset's period closes then; weekly, monthly and yearly ones close on their last day"


def sync(day: Required, datasets: Datasets = None, as_json: Json = False) -> None:
    """Run one day: sync, fuse, release.

    Every dataset whose period closes on that day; a held dataset does not hold back the others.
    """
    from govpipes.orchestration import runs

    settings, catalogue, chosen = opened(datasets, None)
    try:
        with Reporter(quiet=as_json) as reporter:
            reporter.start(f"sync {day}")
            result = runs.run_sync(settings, day, chosen, progress=reporter.step)
    finally:
        runs.close()
    finish(settings, result, concerned_by(catalogue, day, day, chosen), as_json=as_json)


def backfill(
    first: From,
    last: To,
    datasets: Datasets = None,
    registry: Annotated[str | None, typer.Option("--registry", help="Only this registry's datasets.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Read days again that are published already.")] = False,
    plan_only: Annotated[bool, typer.Option("--plan", help="Show what would be run, and run nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Load a range of days, for the first time or to go on after a break.

    Days that are published already are left out. The daily run goes first: this one has a low priority.
    """
    from govpipes.orchestration import runs

    if last < first:
        raise typer.BadParameter(f"{last} is before {first}", param_hint="--to")
    settings, _, chosen = opened(datasets, registry)
    try:
        planned = runs.plan_backfill(settings, first, last, chosen, again=again)
        if plan_only:
            _show_plan(planned, as_json=as_json)
            return
        os.nice(_NICE)
        with Reporter(total=planned.periods, quiet=as_json) as reporter:
            reporter.start(f"backfill {first} … {last}")
            works = [chunk.work for chunk in planned.chunks]
            result = runs.run_work(settings, works, progress=reporter.step, done=reporter.ended)
    finally:
        runs.close()
    if not as_json:
        _show_skipped(planned)
    run = {(c.dataset, day) for c in planned.chunks for day in c.work.days}
    finish(settings, result, run, as_json=as_json, nothing=_ALL_PUBLISHED)


def concerned_by(
    catalogue: "Catalogue", first: date, last: date, datasets: Sequence[str] | None = None
) -> set[tuple[str, date]]:
    """The dataset-days whose period closes on a day from `first` to `last`: what a sync of these days concerns."""
    from govpipes.pipeline.backfill import closing_within

    contracts = [c for name, c in catalogue.contracts.items() if not datasets or name in datasets]
    return {(c.dataset, day) for c in contracts for day in closing_within(c, first, last)}


def opened(datasets: list[str] | None, registry: str | None) -> tuple[Settings, "Catalogue", list[str] | None]:
    """Settings, catalogue and the datasets that are meant; what Dagster needs is in the environment then."""
    settings = Settings.from_env()
    catalogue = open_catalogue(settings)
    chosen = known_datasets(catalogue, datasets)
    if registry is not None:
        if registry not in catalogue.registries:
            raise typer.BadParameter(f"there is {', '.join(sorted(catalogue.registries))}", param_hint="--registry")
        chosen = [c.dataset for c in catalogue.contracts.values() if c.registry == registry]
    export(settings)
    return settings, catalogue, chosen


def _show_plan(planned: "Plan", *, as_json: bool) -> None:
    rows = [
        {
            "dataset": chunk.dataset,
            "first": chunk.work.days[0],
            "last": chunk.work.days[-1],
            "periods": len(chunk.work.days),
            "rows": chunk.rows,
        }
        for chunk in planned.chunks
    ]
    output.show(rows, as_json=as_json, nothing=_ALL_PUBLISHED)
    if not as_json:
        _show_skipped(planned)
        if rows:
            output.say(f"\n{planned.periods} dataset-days in {len(rows)} chunks; nothing has been run")


def _show_skipped(planned: "Plan") -> None:
    for left in planned.skipped:
        output.say(f"left out: {left.dataset} {left.first} … {left.last}, {left.periods} periods: {left.why}")


def finish(
    settings: Settings,
    result: "SyncResult",
    concerned: set[tuple[str, date]],
    *,
    as_json: bool,
    nothing: str = _NONE_CLOSES,
) -> None:
    """Show how these dataset-days stand, and end with the exit code of the worst of them."""
    with open_ledger(settings) as ledger:
        rows = ledger.dataset_days(None, None, None)
    rows = [row for row in rows if (row["dataset"], row["day"]) in concerned]
    output.show(rows, as_json=as_json, columns=DAY_COLUMNS, nothing=nothing)
    if not as_json:
        show_stopped(settings, rows)
        if result.release:
            output.say(f"\nrelease {result.release} is current")
    if not result.fused:
        raise WarehouseError(
            "golden records and release could not be made; readers keep the release they have",
            found=result.fuse_message,
            next_step="correct the cause and run the same command again",
        )
    if result.having("failed"):
        raise typer.Exit(SourceError.exit_code)
    if result.having("held"):
        raise typer.Exit(GateError.exit_code)
