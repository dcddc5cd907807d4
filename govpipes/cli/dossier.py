"""`govpipes why`, `govpipes dossier`: one record, explained; one key, everywhere.

What is found belongs to govpipes.registries.dossier; here is how it is asked for and shown.
"""

from datetime import date
from typing import Annotated

import typer

from govpipes.cli import output
from govpipes.cli.options import (
    Json,
    ReleaseName,
    Unmasked,
    known_entity,
    known_name,
    open_catalogue,
    open_ledger,
    parse_day,
)
from govpipes.settings import Settings

ValidOn = Annotated[
    date | None,
    typer.Option("--valid-on", parser=parse_day, metavar="DAY", help="What held on that day, not what holds last."),
]
KnownOn = Annotated[
    date | None,
    typer.Option("--known-on", parser=parse_day, metavar="DAY", help="As it was known at the end of that day."),
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why values are shown in full; written down.")]
_REASON_LENGTH = 4


def why(
    entity: Annotated[str, typer.Argument(help="Such as population.person.")],
    key: Annotated[str, typer.Argument(help="The record's key: a citizen number, a USCC, an old number …")],
    item: Annotated[str | None, typer.Option("--item", "-i", help="Only this item.")] = None,
    valid_on: ValidOn = None,
    known_on: KnownOn = None,
    release: ReleaseName = None,
    unmasked: Unmasked = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Say why a golden record says what it says.

    Of each item: which dataset won, from which record and day, by which rule, and what the others say.
    """
    from govpipes.registries import dossier as questions

    settings = Settings.from_env()
    catalogue = open_catalogue(settings)
    known = known_entity(catalogue, entity)
    if item is not None:
        known_name("item", item, [one.name for one in known.items])
    write_down(settings, "why", key, unmasked, reason)
    when = questions.When(valid_on, known_on, release)
    rows = questions.why(settings, catalogue, known, key, item, when, unmasked=unmasked)
    if not as_json:
        rows = [{**row, "wins": "✓" if row["wins"] else ""} for row in rows]
    output.show(rows, as_json=as_json)


def dossier(
    key: Annotated[str, typer.Argument(help="A citizen number, a USCC, an organisation code, an old number …")],
    valid_on: ValidOn = None,
    known_on: KnownOn = None,
    release: ReleaseName = None,
    unmasked: Unmasked = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Show everything all registries have on one person or organization (一人一档, 一企一档).

    The record itself and what is linked to it, item by item, with the dataset each value comes from.
    """
    from govpipes.registries import dossier as questions

    settings = Settings.from_env()
    write_down(settings, "dossier", key, unmasked, reason)
    when = questions.When(valid_on, known_on, release)
    rows = questions.dossier(settings, open_catalogue(settings), key, when, unmasked=unmasked)
    if as_json:
        output.write_json(rows)
        return
    columns = ["item", "title", "value", "dataset", "since"]
    for via, entity, record in dict.fromkeys(
        (row["via"], f"{row['registry']}.{row['entity']}", row["record"]) for row in rows
    ):
        output.say(f"{entity} {record}" if via == "itself" else f"{via}: {entity} {record}")
        group = [row for row in rows if (row["via"], row["record"]) == (via, record)]
        output.show(group, as_json=False, columns=columns)


def write_down(settings: Settings, command: str, key: str, unmasked: bool, reason: str | None) -> None:
    """Refuse values in full without a reason; with one, note who saw them and why."""
    from govpipes.registries import dossier as questions

    if not unmasked:
        return
    given = reason_given("values in full need", reason)
    with open_ledger(settings) as ledger:
        questions.disclose(ledger, command, key, given)


def reason_given(what: str, reason: str | None) -> str:
    """The reason without blanks around it; refuses one that says nothing. what: as in "a decision needs"."""
    given = (reason or "").strip()
    if len(given) < _REASON_LENGTH:
        raise typer.BadParameter(
            f"{what} a reason of {_REASON_LENGTH} characters or more, which is written down", param_hint="--reason"
        )
    return given
