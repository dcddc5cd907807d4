"""`govpipes catalogue …` and `govpipes explain`: what the contracts say.

Reads contracts only: no database, no Dagster. How a contract is checked belongs to `govpipes.catalogue`.
"""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govpipes.cli import output
from govpipes.cli.options import Day, Json, known_datasets, known_entity, open_catalogue
from govpipes.days import first_day, today
from govpipes.errors import CatalogueError
from govpipes.settings import ROOT, Settings

if TYPE_CHECKING:
    from govpipes.catalogue import Catalogue
    from govpipes.catalogue.model import Contract

_LISTED = ("registry", "dataset", "title", "department_title", "cycle", "due", "system", "source", "mode")

app = typer.Typer(help="Look at the contracts and check them.", no_args_is_help=True)
Dataset = Annotated[str, typer.Argument(help="A dataset's name, as in `govpipes catalogue list`.")]


@app.command()
def validate(as_json: Json = False) -> None:
    """Check every contract; name all problems with file, line, what was found and what is allowed."""
    settings = Settings.from_env()
    try:
        catalogue = open_catalogue(settings)
    except CatalogueError as error:
        if not as_json:
            raise
        output.write_json([_problem(problem) for problem in error.problems])
        raise typer.Exit(error.exit_code) from None
    if as_json:
        output.write_json([])
    else:
        output.say(f"{len(catalogue.contracts)} contracts in {len(catalogue.registries)} registries: no problems found")


@app.command("list")
def list_(
    registry: Annotated[str | None, typer.Option("--registry", help="Only this registry.")] = None,
    as_json: Json = False,
) -> None:
    """List the datasets: registry, department, cycle, kind of source."""
    from govpipes.catalogue import describe

    rows = describe.list_rows(open_catalogue(Settings.from_env()))
    chosen = [row for row in rows if registry in (None, row["registry"])]
    output.show(chosen, as_json=as_json, columns=_LISTED, nothing="there is no such registry")


@app.command()
def show(dataset: Dataset, as_json: Json = False) -> None:
    """Show one contract: its source, items with their data elements, rules and checks."""
    from govpipes.catalogue import describe

    catalogue = open_catalogue(Settings.from_env())
    known_datasets(catalogue, [dataset])
    output.show(describe.show(catalogue.contracts[dataset]), as_json=as_json)


@app.command()
def pages(
    folder: Annotated[Path, typer.Option("--to", help="Where the pages go.")] = ROOT / "docs" / "registries",
) -> None:
    """Write the page of each base registry: entities, items with their authorities, links, rules, datasets."""
    from govpipes.catalogue.pages import index, page

    catalogue = open_catalogue(Settings.from_env())
    folder.mkdir(parents=True, exist_ok=True)
    made = {name: page(catalogue, registry) for name, registry in catalogue.registries.items()}
    for name, text in {**made, "README": index(catalogue)}.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    output.say(f"{len(made)} pages and their index are in {folder}")


@app.command()
def explain(
    name: Annotated[str, typer.Argument(help="A dataset, or an entity as registry.entity.")], day: Day = None
) -> None:
    """Print the SQL that a contract becomes, or the one that makes an entity's golden records."""
    from govpipes.pipeline.fuse import golden_text
    from govpipes.pipeline.fuse_sql import authority_of

    catalogue = open_catalogue(Settings.from_env())
    if "." not in name:
        _explain_dataset(catalogue, name, day)
        return
    entity = known_entity(catalogue, name)
    contracts = [contract for contract in catalogue.contracts_of(entity) if authority_of(contract)]
    sys.stdout.write(f"-- {name} {entity.title.zh}: all golden records, from {len(contracts)} datasets\n")
    sys.stdout.write(golden_text(entity, contracts) + "\n")


def _explain_dataset(catalogue: "Catalogue", dataset: str, day: date | None) -> None:
    from govpipes.pipeline.standardize import explain as standardizing_sql

    known_datasets(catalogue, [dataset])
    contract = catalogue.contracts[dataset]
    period = first_day(contract.update.cycle, day or today() - timedelta(days=1))
    entity = catalogue.entity(contract.registry, contract.entity)
    # Plain stdout: this is SQL to be read or piped, not a message to be wrapped.
    sys.stdout.write(f"-- {contract.dataset} {contract.title.zh}: standardizing {period}, all columns as text\n")
    sys.stdout.write(standardizing_sql(contract, entity, _columns(contract), period) + "\n")


def _columns(contract: "Contract") -> dict[str, str]:
    """The source's columns as the contract names them (the first alias), as text like those of a file."""
    source = contract.source
    names = [item.columns[0] for item in contract.items if item.columns]
    names += [*source.key, *filter(None, [source.cursor]), *([source.deletes.column] if source.deletes else [])]
    return dict.fromkeys(names, "VARCHAR")


def _problem(problem: object) -> dict[str, object]:
    names = ("file", "line", "where", "found", "allowed", "nearest", "message")
    return {name: getattr(problem, name, None) for name in names}
