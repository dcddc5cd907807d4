"""`govpipes demo`: a practice province from empty systems to a released warehouse, through the real definitions.

Here: the order of things and the report at the end; its figures come from the ledger. Nothing in it is particular to
the demo: every step is a command of its own.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from govpipes.cli import output
from govpipes.cli.environment import export
from govpipes.cli.options import open_catalogue, open_ledger
from govpipes.cli.progress import Reporter
from govpipes.cli.simulate import (
    DEFAULT_DAYS,
    DEFAULT_SEED,
    DEFAULT_START,
    Days,
    Preset,
    Seed,
    Start,
    check_practice_home,
)
from govpipes.cli.status import balance_line, because, closing_day
from govpipes.cli.sync import concerned_by
from govpipes.days import days_between
from govpipes.errors import WarehouseError
from govpipes.settings import Settings

if TYPE_CHECKING:
    from govpipes.catalogue import Catalogue
    from govpipes.ledger import Ledger
    from govpipes.orchestration.runs import SyncResult

Row = dict[str, Any]

_REGISTRY_COLUMNS = (
    "registry",
    "datasets",
    "dataset_days",
    "rows_read",
    "rows_accepted",
    "rows_quarantined",
    "rows_published",
    "days_held",
    "days_failed",
)


def demo(
    preset: Preset = "xs", seed: Seed = DEFAULT_SEED, start: Start = DEFAULT_START, days: Days = DEFAULT_DAYS
) -> None:
    """Practise: ten days of a small province.

    Fills its systems, syncs each day, publishes releases, shows what happened.
    """
    from govpipes.orchestration import runs

    settings = Settings.from_env()
    settings.ensure_home()
    check_practice_home(settings)
    last = start + timedelta(days=days - 1)
    catalogue = open_catalogue(settings)
    concerned = concerned_by(catalogue, start, last)
    export(settings)
    with open_ledger(settings) as ledger:
        before = _fingerprint(ledger)
        try:
            with Reporter(total=days) as reporter:
                _live_and_sync(settings, preset, seed, start, last, reporter)
                caught_up = _catch_up(settings, catalogue, _stopped(ledger, concerned), reporter)
        finally:
            runs.close()
        _report(ledger, concerned, caught_up, changed=_fingerprint(ledger) != before)
        output.say(_FURTHER.format(last=last))


def _live_and_sync(settings: Settings, preset: str, seed: int, start: date, last: date, reporter: Reporter) -> None:
    from govpipes.orchestration import runs
    from govpipes.simulator import Province

    province = Province(settings, seed=seed, preset=preset, start=start)
    for day in days_between(start, last):
        reporter.start(f"day {day}")
        advance = province.advance(day, progress=reporter.step)
        result = _fused(runs.run_sync(settings, day, progress=reporter.step))
        for line in advance.notes if day == start else ():
            output.note(line)
        reporter.done(f"day {day}: {_counted(result)}")


def _catch_up(settings: Settings, catalogue: "Catalogue", stopped: Sequence[Row], reporter: Reporter) -> list[Row]:
    """Run held and failed dataset-days again, as an operator does when a department says it has corrected them.

    Returns those that are published now.
    """
    from govpipes.orchestration import runs

    by_day: dict[date, list[Row]] = {}
    for row in stopped:
        closing = closing_day(catalogue.contracts[row["dataset"]], row["day"])
        by_day.setdefault(closing, []).append(row)
    published: set[tuple[str, date]] = set()
    for day, rows in sorted(by_day.items()):
        reporter.start(f"again {day}")
        result = _fused(runs.run_sync(settings, day, [row["dataset"] for row in rows], progress=reporter.step))
        published |= {(done.dataset, done.day) for done in result.having("published")}
    return [row for row in stopped if (row["dataset"], row["day"]) in published]


def _fused(result: "SyncResult") -> "SyncResult":
    if not result.fused:
        raise WarehouseError(
            "golden records and release could not be made",
            found=result.fuse_message,
            next_step="run the demo again; what is published stays",
        )
    return result


def _counted(result: "SyncResult") -> str:
    """How many dataset-days are in which state, and the release."""
    counts = [f"{len(result.having(state))} {state}" for state in ("published", "held", "failed")]
    return ", ".join(count for count in counts if count[0] != "0") + f"; release {result.release}"


def _fingerprint(ledger: "Ledger") -> tuple[object, ...]:
    """What the warehouse holds, as the ledger knows it: equal before and after means that nothing changed."""
    counted = ("dataset", "day", "state", "rows_inserted", "rows_updated", "rows_withdrawn")
    days = tuple(tuple(row.get(name) for name in counted) for row in ledger.dataset_days(None, None, None))
    return days, tuple(row["release"] for row in ledger.releases())


def _stopped(ledger: "Ledger", concerned: set[tuple[str, date]]) -> list[Row]:
    """The dataset-days of the demo that are held or failed now."""
    return [row for row in ledger.held() if (row["dataset"], row["day"]) in concerned]


def _report(ledger: "Ledger", concerned: set[tuple[str, date]], caught_up: Sequence[Row], *, changed: bool) -> None:
    rows = [row for row in ledger.dataset_days(None, None, None) if (row["dataset"], row["day"]) in concerned]
    balance = [row for row in ledger.balance(None, None) if (row["dataset"], row["day"]) in concerned]
    if not rows:
        raise WarehouseError("the demo ran, but the ledger knows of no dataset-day", next_step="govpipes status")
    output.say("")
    output.show(by_registry(rows), as_json=False, columns=_REGISTRY_COLUMNS)
    _show_because("Held or failed at first, and published since its department corrected it:", caught_up)
    _show_because("Not published, while the other datasets of these days are:", _stopped(ledger, concerned))
    output.say("\n" + balance_line(balance))
    releases = ledger.releases()
    if releases:
        output.say(f"Release {releases[0]['release']} is current.")
    if not changed:
        output.say("Nothing changed: every day was there already, and is the same.")
    if not all(row["balanced"] for row in balance):
        raise WarehouseError("the ledger does not balance", next_step="govpipes balance")


def by_registry(rows: Sequence[Row]) -> list[Row]:
    """One row per registry: how many dataset-days, and what became of their rows."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["registry"], []).append(row)
    return [
        {
            "registry": name,
            "datasets": len({row["dataset"] for row in own}),
            "dataset_days": len(own),
            **{count: sum(row[count] for row in own) for count in ("rows_read", "rows_accepted", "rows_quarantined")},
            "rows_published": sum(row["rows_inserted"] + row["rows_updated"] for row in own),
            "days_held": sum(row["state"] == "held" for row in own),
            "days_failed": sum(row["state"] == "failed" for row in own),
        }
        for name, own in sorted(found.items())
    ]


def _show_because(title: str, rows: Sequence[Row]) -> None:
    if rows:
        output.say(f"\n{title}")
    for row in rows:
        output.say(f"  {row['dataset']} {row['day']}: {row['state']}: {because(row).partition(chr(10))[0]}")


_FURTHER = """
How to look further:
  make ui                                       the Dagster UI on this province
  .venv/bin/govpipes status --day {last}    one day in figures
  .venv/bin/govpipes quarantine list            what was rejected, and why
  .venv/bin/govpipes query "SELECT name, sex, residence_address FROM population.person LIMIT 5"
  .venv/bin/govpipes release list               frozen versions; `release rollback` returns to one
  .venv/bin/govpipes catalogue list             the datasets; `explain births` prints their SQL
  .venv/bin/govpipes down                       stop PostgreSQL"""
