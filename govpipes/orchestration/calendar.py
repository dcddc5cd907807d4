"""The contracts' calendar in Dagster's terms: partitions, cron lines and freshness, all in Asia/Shanghai.

What a period is stands in govpipes.days; nothing here runs anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache

import dagster as dg

from govpipes.catalogue.model import Contract
from govpipes.days import Cycle, first_day

ZONE = "Asia/Shanghai"

_SHORTEST = {Cycle.DAILY: 1, Cycle.WEEKLY: 7, Cycle.MONTHLY: 28, Cycle.QUARTERLY: 90, Cycle.YEARLY: 365}


@dataclass(frozen=True, order=True, slots=True)
class Calendar:
    """The periods of a group of contracts: their cycle and the first day of the first period."""

    cycle: Cycle
    start: date

    @classmethod
    def of(cls, contract: Contract) -> "Calendar":
        """The calendar a contract follows."""
        return cls(contract.update.cycle, contract.first_day)

    @property
    def partitions(self) -> dg.TimeWindowPartitionsDefinition:
        """One partition per ended period; its key is the ISO date of the period's first day."""
        return _partitions(self.cycle, self.start)

    def has(self, day: date) -> bool:
        """Whether the period that starts on `day` is one of these."""
        return day >= self.start


@cache
def _partitions(cycle: Cycle, start: date) -> dg.TimeWindowPartitionsDefinition:
    # One object per calendar: Dagster compares and hashes partitions a lot when there are many assets.
    return dg.TimeWindowPartitionsDefinition(
        start=datetime.combine(start, time.min), fmt="%Y-%m-%d", cron_schedule=cron(cycle, time.min), timezone=ZONE
    )


def cron(cycle: Cycle, at: time, days_later: int = 0) -> str:
    """A cron line for `at` on the first day after each period of the cycle, or some days later.

    That day is the first of the next period, so at midnight it is also where partitions begin.
    """
    clock = f"{at.minute} {at.hour}"
    match cycle:
        case Cycle.DAILY:
            return f"{clock} * * *"
        case Cycle.WEEKLY:
            return f"{clock} * * {(1 + days_later) % 7}"
        case Cycle.MONTHLY:
            return f"{clock} {1 + days_later} * *"
        case Cycle.QUARTERLY:
            return f"{clock} {1 + days_later} 1,4,7,10 *"
        case Cycle.YEARLY:
            return f"{clock} {1 + days_later} 1 *"


def ended_period(cycle: Cycle, tick: datetime) -> date:
    """The first day of the newest period that has ended at a schedule's tick."""
    return first_day(cycle, first_day(cycle, tick.date()) - timedelta(days=1))


def freshness(contract: Contract) -> dg.FreshnessPolicy:
    """Stale when nothing was published between the due time and the end of the grace after it.

    A grace longer than the cycle counts as just under one cycle: Dagster looks at the newest deadline only.
    """
    cycle = contract.update.cycle
    longest = timedelta(days=_SHORTEST[cycle]) - timedelta(hours=1)
    grace = min(max(timedelta(hours=contract.update.grace_hours), timedelta(hours=1)), longest)
    # any day will do: only the clock and the number of days later matter
    deadline = datetime.combine(date(2000, 1, 1), contract.update.due_time) + grace
    days_later = min((deadline.date() - date(2000, 1, 1)).days, 27)
    return _policy(cron(cycle, deadline.time(), days_later), grace)


@cache
def _policy(deadline_cron: str, grace: timedelta) -> dg.FreshnessPolicy:
    # Dagster walks a thousand ticks to check each policy, and most contracts have the same one.
    return dg.FreshnessPolicy.cron(deadline_cron=deadline_cron, lower_bound_delta=grace, timezone=ZONE)


def by_calendar(contracts: Iterable[Contract]) -> dict[Calendar, list[Contract]]:
    """Contracts by the calendar they share, in order of the calendar.

    Dagster runs datasets of one calendar together: a job has one set of partitions.
    """
    groups: dict[Calendar, list[Contract]] = {}
    for contract in contracts:
        groups.setdefault(Calendar.of(contract), []).append(contract)
    return {calendar: groups[calendar] for calendar in sorted(groups)}


def suffix(calendar: Calendar, groups: Mapping[Calendar, Sequence[Contract]]) -> str:
    """What tells this calendar from others of its cycle in a name; empty for the one most datasets follow."""
    rivals = [other for other in groups if other.cycle == calendar.cycle]
    usual = max(rivals, key=lambda other: (len(groups[other]), -other.start.toordinal()))
    return "" if calendar == usual else f"_from_{calendar.start:%Y%m%d}"
