"""`govpipes release …`: the frozen versions of the warehouse, and moving back to an earlier one."""

from typing import Annotated

import typer

from govpipes.cli import output
from govpipes.cli.options import Json
from govpipes.settings import Settings

app = typer.Typer(help="List releases; move readers back to an earlier one.", no_args_is_help=True)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the releases that are kept, newest first, and which of them is current."""
    from govpipes.warehouse import releases

    output.show(
        releases.list_releases(Settings.from_env()),
        as_json=as_json,
        nothing="there is no release yet; `govpipes demo` or `govpipes sync` makes one",
    )


@app.command()
def rollback(
    name: Annotated[str | None, typer.Argument(help="The release to return to; default: the one before.")] = None,
    as_json: Json = False,
) -> None:
    """Make an earlier release the current one. Nothing is deleted: rolling forward is the same command."""
    from govpipes.warehouse import releases

    now = releases.rollback(Settings.from_env(), name)
    if as_json:
        output.write_json([{"release": now, "current": True}])
    else:
        output.say(f"readers now open release {now}; those that are open keep theirs until they close")
