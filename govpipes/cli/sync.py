"""`govpipes sync` and `govpipes backfill`: the same jobs the schedule runs, from the command line.

Here: choosing days, showing progress, telling how it ended. The runs themselves are in `orchestration.runs`.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from govpipes.cli import output
from govpipes.cli.environment import export
from govpipes.cli.options import Datasets, Json, known_datasets, open_catalogue, open_ledger, parse_day
from govpipes.cli.progress import Reporter
from govpipes.cli.status import DAY_COLUMNS, show_stopped
from govpipes.days import period
from govpipes.errors import GateError, SourceError, WarehouseError
from govpipes.settings import Settings

if TYPE_CHECKING:
    from govpipes.catalogue import Catalogue
    from govpipes.orchestration.runs import SyncResult

Row = dict[str, Any]
Required = Annotated[date, typer.Option("--day", parser=parse_day, metavar="DAY", help="2026-01-03 or yesterday.")]
From = Annotated[date, typer.Option("--from", parser=parse_day, metavar="DAY", help="The first day.")]
To = Annotated[date, typer.Option("--to", parser=parse_day, metavar="DAY", help="The last day, included.")]


def sync(day: Required, datasets: Datasets = None, as_json: Json = False) -> None:
    """Run one day: sync, fuse, release.

    Every dataset whose period closes on that day; a held dataset does not hold back the others.
    """
    _run(f"sync {day}", day, day, datasets, as_json=as_json)


def backfill(first: From, last: To, datasets: Datasets = None, as_json: Json = False) -> None:
    """Run a range of days.

    For the first time or again: what is there already does not change.
    """
    if last < first:
        raise typer.BadParameter(f"{last} is before {first}", param_hint="--to")
    _run(f"backfill {first} … {last}", first, last, datasets, as_json=as_json)


def _run(title: str, first: date, last: date, datasets: list[str] | None, *, as_json: bool) -> None:
    from govpipes.orchestration import runs

    settings = Settings.from_env()
    catalogue = open_catalogue(settings)
    chosen = known_datasets(catalogue, datasets)
    export(settings)
    try:
        with Reporter(quiet=as_json) as reporter:
            reporter.start(title)
            result = runs.run_backfill(settings, first, last, chosen, progress=reporter.step)
    finally:
        runs.close()
    finish(settings, result, closing_within(catalogue, first, last, chosen), as_json=as_json)


def closing_within(
    catalogue: "Catalogue", first: date, last: date, datasets: Sequence[str] | None = None
) -> set[tuple[str, date]]:
    """The dataset-days whose period closes on a day from `first` to `last`: what a sync of these days concerns."""
    found = set()
    for name, contract in catalogue.contracts.items():
        if datasets and name not in datasets:
            continue
        start, end = period(contract.update.cycle, first)
        while end <= last + timedelta(days=1):
            found.add((name, start))
            start, end = period(contract.update.cycle, end)
    return found


def finish(settings: Settings, result: "SyncResult", concerned: set[tuple[str, date]], *, as_json: bool) -> None:
    """Show how these dataset-days stand, and end with the exit code of the worst of them."""
    with open_ledger(settings) as ledger:
        rows = ledger.dataset_days(None, None, None)
    rows = [row for row in rows if (row["dataset"], row["day"]) in concerned]
    nothing = "no dataset's period closes then; weekly, monthly and yearly ones close on their last day"
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
