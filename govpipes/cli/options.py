"""The options that several commands share, and what a command opens first.

Here: reading a day, opening settings, catalogue and ledger with errors a person can act on.
Not here: the commands.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from govpipes.days import today
from govpipes.settings import Settings

if TYPE_CHECKING:
    from govpipes.catalogue import Catalogue
    from govpipes.catalogue.model import Entity
    from govpipes.ledger import Ledger


def parse_day(text: str | date) -> date:
    """A day as `2026-01-03`, or `today` / `yesterday` in Asia/Shanghai."""
    if isinstance(text, date):
        return text
    named = {"today": today(), "yesterday": today() - timedelta(days=1)}
    if text in named:
        return named[text]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write 2026-01-03, today or yesterday") from None


Json = Annotated[bool, typer.Option("--json", help="Print a list of flat JSON objects instead of a table.")]
Day = Annotated[date | None, typer.Option("--day", parser=parse_day, metavar="DAY", help="Such as 2026-01-03.")]
Datasets = Annotated[list[str] | None, typer.Option("--dataset", "-d", help="Only this dataset; may be repeated.")]
OneDataset = Annotated[str | None, typer.Option("--dataset", "-d", help="Only this dataset.")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="Show personal values in full. Mind who is watching.")]
ReleaseName = Annotated[str | None, typer.Option("--release", help="Not the current release but this one.")]


def open_catalogue(settings: Settings) -> "Catalogue":
    """The catalogue of these settings; raises CatalogueError with all its problems."""
    from govpipes.catalogue import load_catalogue

    return load_catalogue(settings.data_dir)


@contextmanager
def open_ledger(settings: Settings) -> Iterator["Ledger"]:
    """The ledger, PostgreSQL being started where it is the embedded one."""
    from govpipes import postgres
    from govpipes.ledger import Ledger

    ledger = Ledger.open(postgres.ensure(settings))
    try:
        yield ledger
    finally:
        ledger.close()


def known_datasets(catalogue: "Catalogue", names: list[str] | None) -> list[str] | None:
    """The names as given; a usage error naming the nearest where one is not in the catalogue."""
    for name in names or []:
        known_name("dataset", name, catalogue.contracts)
    return names or None


def known_entity(catalogue: "Catalogue", name: str) -> "Entity":
    """The entity `registry.entity`; a usage error naming the nearest where there is none."""
    entities = {f"{entity.registry}.{entity.name}": entity for entity in catalogue.entities}
    known_name("entity", name, entities)
    return entities[name]


def known_name(kind: str, name: str, there: Collection[str]) -> None:
    """A usage error where `name` is not among what is there: the nearest, or all when none is near."""
    from difflib import get_close_matches

    if name not in there:
        near = get_close_matches(name, there, n=3)
        said = f"did you mean: {', '.join(near)}?" if near else f"there are {', '.join(there)}"
        raise typer.BadParameter(f"there is no {kind} {name!r}; {said}", param_hint=f"'{kind.upper()}'")
