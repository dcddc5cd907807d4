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
    from collections.abc import Sequence

    import duckdb

    from govpipes.catalogue import Catalogue
    from govpipes.ledger import Ledger
    from govpipes.simulator.caught import Caught
    from govpipes.simulator.score import Score

Row = dict[str, Any]

_SHARES = ("accuracy", "authority_accuracy", "completeness", "precision", "recall")
_MERGES = ("wrong_merges", "missed_merges")
_TOGETHER = ("wrong", "at_source", "accuracy", "completeness")
_COLUMNS = {
    "entity": ("registry", "entity", "true", "golden", "missing", "of_nobody", *_MERGES, *_TOGETHER),
    "item": ("entity", "item", "compared", "wrong", "at_source", "accuracy", "authority_accuracy", "completeness"),
    "link": (
        "entity",
        "link",
        "true",
        "told",
        "found",
        "right",
        "missed",
        "matched",
        "matched_wrong",
        "precision",
        "recall",
    ),
    "fault": ("expected", "fault", "delivered", "caught", "missed"),
}
"""What people see of each table; `--json` has every column."""

_DAY = ("day", "true", "missing", *_MERGES, *_TOGETHER, "precision", "recall")


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
            rows = _lines([scores.score(con, catalogue, settings, one) for one in days])
            output.show(rows if as_json else _percent(rows, _DAY), as_json=as_json)
            output.note("precision and recall without links that a matching wrote: only the newest of these are kept")
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
        if kind == "fault":
            output.say("The departments' faults, by what must become of them; blank: no single row shows it:\n")
        output.show(_percent(rows, _COLUMNS[kind]), as_json=False)
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


def _lines(found: "Sequence[Score]") -> list[Row]:
    """Each day in one line: all entities together, and the links that are known of every day."""
    from govpipes.simulator import score as scores

    links = {row["link"] for row in found[0].links}
    return [
        {
            "day": one.day,
            **{name: sum(row[name] for row in one.entities) for name in ("true", "missing", *_MERGES)},
            **scores.overall(one.items),
            **scores.all_links([row for row in one.links if row["link"] in links]),
        }
        for one in found
    ]


def _say_totals(total: Row, faults: "Caught") -> None:
    (percent,) = _percent([total], tuple(total))
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


def _percent(rows: "Sequence[Row]", columns: "Sequence[str]") -> list[Row]:
    """The columns for people: shares as percents of two digits, never rounded up to 100."""
    return [{f"{name} %" if name in _SHARES else name: _shown(name, row[name]) for name in columns} for row in rows]


def _shown(name: str, value: Any) -> Any:
    return math.floor(value * 10_000) / 100 if name in _SHARES and value is not None else value
