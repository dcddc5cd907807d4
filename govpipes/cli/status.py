"""`govpipes status` and `govpipes balance`: what the ledger knows.

Figures come from the ledger as they are; nothing is counted here but rows of its answers.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from govpipes.cli import output
from govpipes.cli.options import Day, Json, OneDataset, open_catalogue, open_ledger
from govpipes.days import SHANGHAI, next_first_day
from govpipes.settings import Settings

if TYPE_CHECKING:
    from govpipes.catalogue.model import Contract

Row = dict[str, Any]

DAY_COLUMNS = (
    "day",
    "registry",
    "dataset",
    "state",
    "rows_read",
    "rows_accepted",
    "rows_quarantined",
    "rows_inserted",
    "rows_updated",
    "rows_unchanged",
    "rows_superseded",
    "rows_late",
    "seconds",
)
NEWEST_COLUMNS = ("registry", "dataset", "day", "state", "days_published", "days_held", "days_failed", "seconds")


def status(day: Day = None, dataset: OneDataset = None, as_json: Json = False) -> None:
    """Show how datasets and days stand.

    Without --day and --dataset: the newest day of each dataset.
    """
    settings = Settings.from_env()
    with open_ledger(settings) as ledger:
        rows = ledger.dataset_days(day, day, dataset)
        drifted = {(row["dataset"], row["day"]): row for row in ledger.drifted(day, dataset)}
        datums = {(row["dataset"], row["day"]): row for row in ledger.datums(day, day, dataset)}
        maintained = ledger.last_maintenance() if day is None and dataset is None else None
    if day is None and dataset is None:
        rows = newest(rows)
        columns: Sequence[str] = NEWEST_COLUMNS
    else:
        columns = DAY_COLUMNS
    nothing = "the ledger has nothing about that; `govpipes sync --day DAY` makes a start"
    output.show(rows, as_json=as_json, columns=columns, nothing=nothing)
    if not as_json:
        show_stopped(settings, rows)
        for row in rows:
            show_drift(drifted.get((row["dataset"], row["day"])))
            show_datum(datums.get((row["dataset"], row["day"])))
        show_maintenance(maintained)


def balance(day: Day = None, as_json: Json = False) -> None:
    """Show that every row has one fate.

    Per published dataset-day: read = accepted + quarantined, accepted = published + unchanged + superseded.
    """
    with open_ledger(Settings.from_env()) as ledger:
        rows = ledger.balance(day, day)
    output.show(rows, as_json=as_json, nothing="nothing is published yet")
    if not as_json and rows:
        output.say(balance_line(rows))


def balance_line(rows: Sequence[Row]) -> str:
    """The law of conservation over all these dataset-days in one sentence."""
    wrong = [f"{row['dataset']} {row['day']}" for row in rows if not row["balanced"]]
    total = {name: sum(row[name] for row in rows) for name in _FATES}
    sums = " + ".join(f"{total[name]:,} {name.removeprefix('rows_')}" for name in _FATES[1:])
    verdict = "balances" if not wrong else f"DOES NOT BALANCE for {', '.join(wrong)}"
    return f"The ledger {verdict}: {len(rows)} dataset-days, {total['rows_read']:,} rows read = {sums}."


def newest(rows: Sequence[Row]) -> list[Row]:
    """The newest day of each dataset with how many of its days are in which state."""
    counts = Counter((row["dataset"], row["state"]) for row in rows)
    last: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row["day"]):
        last[row["dataset"]] = row
    return [
        {
            **row,
            "days_published": counts[name, "published"],
            "days_held": counts[name, "held"],
            "days_failed": counts[name, "failed"],
        }
        for name, row in sorted(last.items(), key=lambda item: (item[1]["registry"], item[0]))
    ]


def show_stopped(settings: Settings, rows: Sequence[Row]) -> None:
    """Why the held and failed ones of these rows stand still, and what to do."""
    stopped = [row for row in rows if row["state"] in ("held", "failed")]
    if not stopped:
        return
    contracts = open_catalogue(settings).contracts
    for row in stopped:
        dataset, day = row["dataset"], row["day"]
        output.say(f"\n{dataset} {day} is {row['state']}: {because(row)}")
        if row["state"] == "held":
            output.say(f"  look: govpipes quarantine list -d {dataset} --day {day}")
        if dataset in contracts:
            closing = closing_day(contracts[dataset], day)
            output.say(f"  when it is corrected: govpipes sync -d {dataset} --day {closing}")


def show_drift(row: Row | None) -> None:
    """How what a dataset-day was read from has changed, in columns and, for a file that came again, in keys."""
    from govpipes.pipeline.drift import in_words

    if row is None:
        return
    for line in row["drift"]:
        output.say(f"\n{row['dataset']} {row['day']}: the source's columns have changed: {line}")
    if row["replaced"] is not None:
        output.say(f"\n{row['dataset']} {row['day']}: delivered again: {in_words(row['replaced'])}")


def show_datum(row: Row | None) -> None:
    """In which datum a dataset-day's points were taken to be, where its contract lists several, and why."""
    from govpipes.pipeline.datum import Datum

    if row is not None:
        output.say(f"\n{row['dataset']} {row['day']}: its points are in {Datum.from_ledger(row)}")


def show_maintenance(row: Row | None) -> None:
    """What the last maintenance did."""
    if row is None:
        return
    files = row["files"] + row["orphans"] + row["leftovers"]
    output.say(
        f"\nlast maintenance {row['at'].astimezone(SHANGHAI):%Y-%m-%d %H:%M}: {len(row['releases'])} releases, "
        f"{row['snapshots']} snapshots, {files} files and {row['events']} events removed, "
        f"{len(row['compacted'])} tables compacted, {sum(row['bytes'].values()) / 1e6:,.1f} MB freed"
    )
    if row["problem"] is not None:
        output.say(f"  it ended early: {row['problem']}")


def closing_day(contract: "Contract", day: date) -> date:
    """The last day of the period that begins on `day`: the day to sync for it."""
    return next_first_day(contract.update.cycle, day) - timedelta(days=1)


def because(row: Row) -> str:
    """Why a dataset-day is held or failed, without its name and day, which the message may begin with."""
    return str(row["held_because"] or "").strip().removeprefix(f"{row['dataset']} {row['day']}: ")


_FATES = ("rows_read", "rows_quarantined", "rows_published", "rows_unchanged", "rows_superseded")
