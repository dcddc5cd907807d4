"""`govpipes query`: SQL on a release, masked unless asked for.

Readers use releases only (DESIGN.md D4); the lake itself is never opened here.
"""

from typing import Annotated

import typer

from govpipes.cli import output
from govpipes.cli.options import Json, ReleaseName, Unmasked
from govpipes.settings import Settings

_SHOWN = 100


def query(
    sql: Annotated[str, typer.Argument(help='Such as "SELECT count(*) FROM population.person".')],
    release: ReleaseName = None,
    unmasked: Unmasked = False,
    as_json: Json = False,
) -> None:
    """Run SQL on the current release.

    Read only; personal values are masked unless asked for.
    """
    from govpipes.warehouse import readers

    # One more than a table shows, to know whether there is more; programs (--json) get everything.
    limit = None if as_json else _SHOWN + 1
    columns, rows = readers.query(Settings.from_env(), sql, release=release, unmasked=unmasked, limit=limit)
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    output.show(found[: limit and _SHOWN], as_json=as_json, columns=columns, plain=True, nothing="no rows")
    if not as_json and len(found) > _SHOWN:
        output.note(f"these are the first {_SHOWN} rows; --json prints all of them")
