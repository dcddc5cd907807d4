"""The command line put together: which command is where, and what an exit code means.

Exit codes: 0 done · 1 unexpected · 2 wrong usage · 3 catalogue · 4 source · 5 held by the gate ·
6 warehouse or release · 7 settings or environment · 130 interrupted. An expected error is a message on stderr; only
a programming error shows a traceback. What a command does belongs in its own module.
"""

import logging
import sys
import traceback

import typer

from govpipes.cli import (
    catalogue,
    demo,
    dossier,
    environment,
    maintain,
    quarantine,
    query,
    reconcile,
    release,
    review,
    score,
    serve,
    simulate,
    status,
    sync,
)
from govpipes.cli.output import messages
from govpipes.errors import GovpipesError, disk_is_full

_INTERRUPTED = 130

app = typer.Typer(
    name="govpipes",
    help="Government data, every day: collected, standardized, proved, fused and released once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

app.command("demo")(demo.demo)
app.command("up")(serve.up)
app.command("down")(serve.down)
app.command("sync")(sync.sync)
app.command("backfill")(sync.backfill)
app.command("reconcile")(reconcile.reconcile)
app.command("status")(status.status)
app.command("balance")(status.balance)
app.add_typer(catalogue.app, name="catalogue")
app.command("explain")(catalogue.explain)
app.add_typer(quarantine.app, name="quarantine")
app.command("query")(query.query)
app.command("why")(dossier.why)
app.command("dossier")(dossier.dossier)
app.add_typer(review.app, name="review")
app.add_typer(release.app, name="release")
app.command("maintain")(maintain.maintain)
app.command("simulate")(simulate.simulate)
app.command("score")(score.score)
app.command("env")(environment.env)
app.command("version")(environment.version)


def run() -> None:
    """Run the command of sys.argv and end the process with its exit code."""
    told = logging.StreamHandler()
    told.setLevel(logging.WARNING)  # of the handler: libraries lower the levels of their own loggers
    logging.basicConfig(format="%(message)s", handlers=[told])
    try:
        app()
    except GovpipesError as error:
        _fail(str(error), error.exit_code)
    except SystemExit as end:
        # Typer turns Ctrl-C into this code, without a word.
        if end.code == _INTERRUPTED:
            _fail("interrupted; nothing half done is published, the next run goes on", _INTERRUPTED)
        raise
    except OSError as error:
        if not disk_is_full(error):
            _unexpected(error)
        _fail(
            f"the disk is full: {error.filename or error.strerror}\n"
            "  next: make room and run the same command again; nothing half written is used",
            7,
        )
    except Exception as error:
        _unexpected(error)


def _fail(text: str, code: int) -> None:
    messages().print(text, markup=False, soft_wrap=True)
    sys.exit(code)


def _unexpected(error: Exception) -> None:
    traceback.print_exception(error)
    _fail("this is a fault of govpipes: please report it with the lines above", 1)
