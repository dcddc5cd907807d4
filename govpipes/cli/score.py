"""`govpipes score`: the practice province's release against its truth.

What is compared belongs to govpipes.simulator.score and .caught; here is how it is asked for and shown.
"""

import math
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from govpipes.cli import output
from govpipes.cli.options import Json, ReleaseName, open_catalogue, open_ledger, parse_day
from govpipes.errors import SettingsError
from govpipes.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from govpipes.catalogue import Catalogue
    from govpipes.ledger import Ledger
    from govpipes.simulator.caught import Caught

Row = dict[str, Any]

_SHARES = ("accuracy", "authority_accuracy", "completeness", "precision", "recall")
_ITEM = ("entity", "item", "compared", "wrong", "at_source", "accuracy", "authority_accuracy", "values_missing")


def score(
    day: Annotated[
        date | None, typer.Option("--day", parser=parse_day, metavar="DAY", help="That day instead of the newest.")
    ] = None,
    each_day: Annotated[bool, typer.Option("--each-day", help="Every day in one line.")] = False,
    release: ReleaseName = None,
    as_json: Json = False,
) -> None:
    """Compare the practice province's golden records, links and rejected rows with what is true there.

    As of a day, and as known when its work was done. Needs a home that `govpipes demo` has filled.
    """
    from govpipes.simulator import score as scores
    from govpipes.simulator import truth
    from govpipes.warehouse import readers

    settings = Settings.from_env()
    catalogue = open_catalogue(settings)
    _check_truth(settings)
    with closing(readers.connect_release(settings, release)) as con:
        province = truth.province(con, settings)
        days = scores.days(con, catalogue, settings)
        if not days or (day is not None and day not in days):
            raise SettingsError(
                "there is no such day to score" if days else "the release has no day of this province",
                found=str(day) if day else None,
                allowed=f"{days[0]} to {days[-1]}" if days else None,
                next_step="`govpipes demo` makes a practice province and syncs it",
            )
        if not as_json:
            output.say(f"The province of seed {province['seed']}, preset {province['preset']}.")
        if each_day:
            rows = [_line(scores.score(con, catalogue, settings, one)) for one in days]
            output.show(rows if as_json else _percent(rows), as_json=as_json)
            return
        at = day or days[-1]
        found = scores.score(con, catalogue, settings, at)
        faults = count_faults(con, catalogue, settings)
    kinds = (("entity", found.entities), ("item", found.items), ("link", found.links), ("fault", faults.kinds))
    if as_json:
        output.write_json([{"kind": kind, "day": at, **province, **row} for kind, rows in kinds for row in rows])
        return
    output.say(f"Golden records of {at}, as known when its work was done, against the truth at its end:\n")
    for kind, rows in kinds:
        columns = (*_ITEM, "completeness") if kind == "item" else list(rows[0])
        if kind == "fault":
            output.say("The departments' faults, by what must become of them:\n")
        output.show(_percent([{name: row[name] for name in columns} for row in rows]), as_json=False)
        output.say("")
    _say_totals(scores.overall(found.items), faults)
    for line in found.not_compared:
        output.note(f"not compared: {line}")


def count_faults(con: "duckdb.DuckDBPyConnection", catalogue: "Catalogue", settings: Settings) -> "Caught":
    """Which delivered faults were caught and which true rows rejected; the ledger knows where rejected rows are."""
    from govpipes.simulator import caught

    with open_ledger(settings) as ledger:
        quarantines, stopped = _quarantines(ledger), {(row["dataset"], row["day"]) for row in ledger.stopped()}
    return caught.caught(con, catalogue, settings, quarantines, stopped)


def _quarantines(ledger: "Ledger") -> dict[str, list[Path]]:
    """The rejected rows of the newest candidate of every dataset-day."""
    from govpipes.ledger import tables as t

    files: dict[str, list[Path]] = {}
    for row in ledger.dataset_days():
        candidate = ledger.latest(t.candidates, row["dataset"], row["day"])
        if candidate:
            files.setdefault(row["dataset"], []).append(Path(candidate["quarantine_path"]))
    return files


def _check_truth(settings: Settings) -> None:
    from govpipes.simulator import truth

    if not truth.folder(settings).exists():
        raise SettingsError(
            "there is no truth here to compare with",
            found=str(settings.home),
            next_step="`govpipes demo` makes a practice province and syncs it",
        )


def _line(found: Any) -> Row:
    """A day's score in one line: all entities together, all links together."""
    from govpipes.simulator import score as scores

    counts = ("true", "missing", "wrong_merges", "missed_merges")
    sums = {name: sum(row[name] for row in found.entities) for name in counts}
    return {"day": found.day, **sums, **scores.overall(found.items), **scores.all_links(found.links)}


def _say_totals(total: Row, faults: "Caught") -> None:
    (percent,) = _percent([total])
    output.say(
        f"{total['compared']:,} golden values compared, {total['wrong']:,} wrong "
        f"({total['at_source']:,} at their source): {percent['accuracy %']} % accurate, "
        f"{percent['completeness %']} % complete"
    )
    judged = [row for row in faults.kinds if row["caught"] is not None]
    output.say(
        f"{sum(row['delivered'] for row in judged):,} faults delivered, {len(faults.missed):,} missed; "
        f"{faults.rejected:,} rows rejected, {len(faults.true_rejected):,} of them true"
    )


def _percent(rows: list[Row]) -> list[Row]:
    """Shares as percents, two digits, never rounded up to 100."""
    return [
        {
            (f"{name} %" if name in _SHARES else name): (
                math.floor(value * 10_000) / 100 if name in _SHARES and value is not None else value
            )
            for name, value in row.items()
        }
        for row in rows
    ]
