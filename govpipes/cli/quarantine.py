"""`govpipes quarantine …`: the rejected rows and why, for the department that has to correct them.

What is rejected is decided in `pipeline.standardize`; nothing is changed here.
"""

from collections.abc import Mapping
from typing import Annotated

import typer

from govpipes.cli import output
from govpipes.cli.options import Day, Json, OneDataset, Unmasked, open_ledger
from govpipes.settings import Settings

_SUMMARY = ("registry", "dataset", "day", "item", "reason", "rows", "text_zh", "text_en")
_ROW = ("dataset", "day", "source_key", "reasons", "why", "raw")

app = typer.Typer(help="Look at rejected rows and their reasons.", no_args_is_help=True)


@app.command("list")
def list_(dataset: OneDataset = None, day: Day = None, as_json: Json = False) -> None:
    """Count the rejected rows by dataset, day, item and reason."""
    from govpipes.pipeline import quarantine

    settings = Settings.from_env()
    with open_ledger(settings) as ledger:
        rows = quarantine.summary(settings, ledger, dataset=dataset, day=day)
    output.show(rows, as_json=as_json, columns=_SUMMARY, nothing="no row is in quarantine")


@app.command()
def show(
    dataset: OneDataset = None,
    day: Day = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only this reason, such as citizen_id:ID-02.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many rows.")] = 50,
    unmasked: Unmasked = False,
    as_json: Json = False,
) -> None:
    """Show rejected rows with all their reasons; personal values are masked unless asked for."""
    from govpipes.pipeline import quarantine

    settings = Settings.from_env()
    with open_ledger(settings) as ledger:
        rows = quarantine.rows(settings, ledger, dataset, day, reason, limit, masked=not unmasked)
    if as_json:
        output.write_json(rows)
        return
    shown = [{**row, "raw": _filled(row["raw"])} for row in rows]
    output.show(shown, as_json=False, columns=_ROW, nothing="no row is in quarantine")
    if len(rows) == limit:
        output.note(f"these are the first {limit} rows; --limit shows more")


def _filled(raw: Mapping[str, object]) -> str:
    """The department's own values that are not empty, as text."""
    return " ".join(f"{name}={value}" for name, value in raw.items() if value not in (None, ""))
