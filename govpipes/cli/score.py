"""`govpipes score`: the practice province's release against its truth.

What is compared belongs to govpipes.simulator.score; here is how it is asked for and shown.
"""

from contextlib import closing
from datetime import date
from typing import Annotated

import typer

from govpipes.cli import output
from govpipes.cli.options import Json, ReleaseName, open_catalogue, parse_day
from govpipes.errors import SettingsError
from govpipes.settings import Settings


def score(
    day: Annotated[
        date | None, typer.Option("--day", parser=parse_day, metavar="DAY", help="The truth at that day's end.")
    ] = None,
    release: ReleaseName = None,
    as_json: Json = False,
) -> None:
    """Compare the practice province's golden records and links with what is true there.

    Needs a home that `govpipes demo` or `govpipes simulate` has filled.
    """
    from govpipes.simulator import score as scores
    from govpipes.simulator import truth
    from govpipes.warehouse import readers

    settings = Settings.from_env()
    files = sorted(truth.folder(settings).glob("person-*.parquet")) if truth.folder(settings).exists() else []
    if not files:
        raise SettingsError(
            "there is no truth here to compare with",
            found=str(settings.home),
            next_step="`govpipes demo` makes a practice province and syncs it",
        )
    at = day or date.fromisoformat(files[-1].stem.removeprefix("person-"))
    with closing(readers.connect_release(settings, release)) as con:
        found = scores.score(con, open_catalogue(settings), settings, at)
    if as_json:
        kinds = (("entity", found.entities), ("item", found.items), ("link", found.links))
        output.write_json([{"kind": kind, "day": at, **row} for kind, rows in kinds for row in rows])
        return
    output.say(f"the truth at the end of {at}")
    for rows in (found.entities, found.items, found.links):
        output.show(rows, as_json=False)
        output.say("")
    total = scores.overall(found.items)
    output.say(f"{total['compared']:,} golden values compared, {total['wrong']:,} wrong: accuracy {total['accuracy']}")
    for line in found.not_compared:
        output.note(f"not compared: {line}")
