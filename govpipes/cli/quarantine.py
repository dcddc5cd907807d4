"""`govpipes quarantine …`: the rejected rows and why, for the department that has to correct them.

What is rejected is decided in `pipeline.standardize`, what became of it in `pipeline.corrections`.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govpipes.cli import output
from govpipes.cli.environment import export as export_environment
from govpipes.cli.options import Day, Json, OneDataset, Unmasked, known_datasets
from govpipes.cli.progress import Reporter
from govpipes.cli.sync import finish
from govpipes.settings import Settings

if TYPE_CHECKING:
    from govpipes.catalogue import Catalogue
    from govpipes.catalogue.model import Contract


class State(StrEnum):
    """Which rejected rows: those that wait to be corrected, those that were, or both."""

    OPEN = "open"
    RESOLVED = "resolved"
    ALL = "all"


OfState = Annotated[State, typer.Option("--state", help="Those that wait to be corrected, those that were, or both.")]
Department = Annotated[str | None, typer.Option("--department", help="Only this department.")]
_SUMMARY = ("dataset", "day", "state", "item", "reason", "rows", "text_zh", "text_en")
_ROW = ("dataset", "day", "state", "source_key", "reasons", "why", "raw")

app = typer.Typer(help="Look at rejected rows and their reasons.", no_args_is_help=True)


@app.command("list")
def list_(dataset: OneDataset = None, day: Day = None, state: OfState = State.OPEN, as_json: Json = False) -> None:
    """Count the rejected rows by dataset, day, item and reason.

    A row is open until its department has corrected it or the contract allows it; then it is resolved.
    """
    from govpipes.pipeline import Workspace, quarantine

    with Workspace.open(Settings.from_env()) as ws:
        rows = quarantine.summary(ws, _of(ws.catalogue, None, dataset), state.value, day)
    output.show(rows, as_json=as_json, columns=_SUMMARY, nothing=_nothing(state))


@app.command()
def show(
    dataset: OneDataset = None,
    day: Day = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only this reason, such as citizen_id:ID-02.")] = None,
    state: OfState = State.OPEN,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many rows.")] = 50,
    unmasked: Unmasked = False,
    as_json: Json = False,
) -> None:
    """Show rejected rows with all their reasons; personal values are masked unless asked for."""
    from govpipes.pipeline import Workspace, quarantine

    with Workspace.open(Settings.from_env()) as ws:
        contracts = _of(ws.catalogue, None, dataset)
        rows = quarantine.rows(ws, contracts, state.value, day, reason, limit, masked=not unmasked)
    if as_json:
        output.write_json(rows)
        return
    shown = [{**row, "raw": _filled(row["raw"])} for row in rows]
    output.show(shown, as_json=False, columns=_ROW, nothing=_nothing(state))
    if len(rows) == limit:
        output.note(f"these are the first {limit} rows; --limit shows more")


@app.command()
def ageing(department: Department = None, as_json: Json = False) -> None:
    """Count rows that wait to be corrected, by department and age in days; and how long corrections took."""
    from govpipes.days import today
    from govpipes.pipeline import Workspace, corrections

    settings = Settings.from_env()
    with Workspace.open(settings) as ws:
        rows = corrections.ageing(ws, _of(ws.catalogue, department, None), today())
    output.show(rows, as_json=as_json, nothing="no row was ever rejected")


@app.command()
def export(
    department: Annotated[str, typer.Option("--department", help="Whose rows: the provider in the contract.")],
    target: Annotated[Path, typer.Option("--output", help="A new file that ends in .xlsx or .csv.")],
    unmasked: Unmasked = False,
) -> None:
    """Write a department's open rejected rows to a workbook or CSV file that it can work through.

    The file is readable by you alone. A department needs --unmasked to find its rows; then mind how the file travels.
    """
    from govpipes.pipeline import Workspace, worklist

    if target.suffix not in (".xlsx", ".csv"):
        raise typer.BadParameter("the file must end in .xlsx or .csv", param_hint="--output")
    settings = Settings.from_env()
    with Workspace.open(settings) as ws:
        count = worklist.export(ws, _of(ws.catalogue, department, None), target, unmasked=unmasked)
    output.say(f"{count} rows of {department} are in {target}")


@app.command()
def replay(
    dataset: OneDataset = None,
    again: Annotated[bool, typer.Option("--again", help="Also where the contract has not changed.")] = False,
    as_json: Json = False,
) -> None:
    """Judge rejected rows again after a rule or contract has changed, from the landing: no source is read."""
    from govpipes.orchestration import runs
    from govpipes.pipeline import corrections
    from govpipes.pipeline.work import Work

    settings = Settings.from_env()
    export_environment(settings)
    try:
        ws = runs.workspace(settings)
        found = corrections.stale(ws, _of(ws.catalogue, None, dataset))
        chosen = [stale for stale in found if again or stale.changed]
        if not chosen:
            output.note(
                f"{sum(stale.rows for stale in found)} rows are open; no contract has changed since they were rejected"
            )
            return
        works = [Work((stale.dataset,), (stale.day,), from_landing=True) for stale in chosen]
        with Reporter(total=len(works), quiet=as_json) as reporter:
            reporter.start("replay")
            done = runs.run_work(settings, works, reporter.step, done=reporter.ended)
        after = corrections.stale(ws, list(ws.catalogue.contracts.values()))
    finally:
        runs.close()
    if not as_json:
        left = {(stale.dataset, stale.day): stale.rows for stale in after}
        for stale in chosen:
            now = left.get((stale.dataset, stale.day), 0)
            output.say(f"{stale.dataset} {stale.day}: {stale.rows} rows open before, {now} now")
    finish(settings, done, {(stale.dataset, stale.day) for stale in chosen}, as_json=as_json)


def _of(catalogue: "Catalogue", department: str | None, dataset: str | None) -> list["Contract"]:
    """The contracts of a department, or the one of a dataset; all without either."""
    providers = sorted({contract.provider for contract in catalogue.contracts.values()})
    if department is not None and department not in providers:
        raise typer.BadParameter(f"there is {', '.join(providers)}", param_hint="--department")
    known_datasets(catalogue, [dataset] if dataset else None)
    contracts = catalogue.contracts.values()
    return [c for c in contracts if department in (None, c.provider) and dataset in (None, c.dataset)]


def _nothing(state: State) -> str:
    return "no row was ever rejected" if state is State.ALL else f"no rejected row is {state}; --state all shows others"


def _filled(raw: Mapping[str, object]) -> str:
    """The department's own values that are not empty, as text."""
    return " ".join(f"{name}={value}" for name, value in raw.items() if value not in (None, ""))
