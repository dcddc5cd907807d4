"""`govpipes review …`: the pairs a matching found without a number, for the people who decide about them.

What is found and how it is decided belongs to govpipes.registries.review.
"""

from enum import StrEnum
from typing import Annotated

import typer

from govpipes.cli import output
from govpipes.cli.dossier import Reason, reason_given, write_down
from govpipes.cli.environment import export
from govpipes.cli.options import Json, Unmasked, open_catalogue, open_ledger
from govpipes.cli.progress import Reporter
from govpipes.errors import WarehouseError
from govpipes.settings import Settings


class State(StrEnum):
    """Which pairs: those that wait for a decision, that are linked without one, that were decided, or all."""

    WAITING = "waiting"
    LINKED = "linked"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ALL = "all"


Pair = Annotated[str, typer.Argument(help="A pair, as `govpipes review list` names it; its beginning is enough.")]
Why = Annotated[str, typer.Option("--reason", help="Why; written down with your account and the time.")]

app = typer.Typer(help="Look at pairs that were matched without a number, and decide.", no_args_is_help=True)


@app.command("list")
def list_(
    state: Annotated[State, typer.Option("--state", help="Which pairs.")] = State.WAITING,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many pairs.")] = 50,
    as_json: Json = False,
) -> None:
    """List pairs of a record and whom it may be about, the surest first, with what agrees and what does not.

    `decision` is what was decided since the release was made.
    """
    from govpipes.registries import review

    settings = Settings.from_env()
    with open_ledger(settings) as ledger:
        rows = review.pairs(
            settings, open_catalogue(settings), ledger, None if state is State.ALL else state.value, limit
        )
    output.show(rows, as_json=as_json, nothing=f"no pair is {state}; --state all shows others")
    if len(rows) == limit and not as_json:
        output.note(f"these are the first {limit} pairs; --limit shows more")


@app.command()
def show(pair: Pair, unmasked: Unmasked = False, reason: Reason = None, as_json: Json = False) -> None:
    """Show what both sides of a pair say, and what was decided about it."""
    from govpipes.registries import review

    settings = Settings.from_env()
    write_down(settings, "review show", pair, unmasked, reason)
    with open_ledger(settings) as ledger:
        rows = review.sides(settings, open_catalogue(settings), ledger, pair, unmasked=unmasked)
    output.show(rows, as_json=as_json)


@app.command()
def accept(pair: Pair, reason: Why) -> None:
    """Say that both sides are one: the record is linked, whatever the matching finds later."""
    _decide(pair, "accept", reason)


@app.command()
def reject(pair: Pair, reason: Why) -> None:
    """Say that both sides are two: they are not linked, and not asked about again."""
    _decide(pair, "reject", reason)


@app.command()
def undo(pair: Pair, reason: Why) -> None:
    """Take a decision back: the pair is again what the matching makes of it."""
    _decide(pair, "undo", reason)


@app.command()
def apply() -> None:
    """Bring links and the release up to date with the decisions now, not with the next sync."""
    from govpipes.orchestration import runs

    settings = Settings.from_env()
    export(settings)
    try:
        with Reporter() as reporter:
            reporter.start("review apply")
            result = runs.run_work(settings, [], reporter.step)
    finally:
        runs.close()
    if not result.fused:
        raise WarehouseError(
            "golden records and release could not be made; readers keep the release they have",
            found=result.fuse_message,
            next_step="correct the cause and run the same command again",
        )
    output.say(f"release {result.release} is current")


def _decide(pair: str, decision: str, reason: str) -> None:
    from govpipes.registries import review

    given = reason_given("a decision needs", reason)
    settings = Settings.from_env()
    with open_ledger(settings) as ledger:
        state = review.decide(settings, open_catalogue(settings), ledger, pair, decision, given)
    output.say(
        f"{pair}: {decision} (it is {state} in the release); counts from the next sync, or `govpipes review apply`"
    )
