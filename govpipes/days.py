"""The calendar of contracts: which period a day lies in, in Asia/Shanghai (DESIGN.md §5).

A period is named by its first day; that date is the partition key and the `day` of a dataset-day.
Due times and lateness belong to the contract, not here.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Cycle(StrEnum):
    """How often a dataset is delivered (更新周期, 《政务信息资源目录编制指南》)."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


def first_day(cycle: Cycle, day: date) -> date:
    """The first day of the period `day` lies in; weeks start on Monday (GB/T 7408)."""
    match cycle:
        case Cycle.DAILY:
            return day
        case Cycle.WEEKLY:
            return day - timedelta(days=day.weekday())
        case Cycle.MONTHLY:
            return day.replace(day=1)
        case Cycle.QUARTERLY:
            return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        case Cycle.YEARLY:
            return date(day.year, 1, 1)


def next_first_day(cycle: Cycle, day: date) -> date:
    """The first day of the following period."""
    longest = {Cycle.DAILY: 1, Cycle.WEEKLY: 7, Cycle.MONTHLY: 31, Cycle.QUARTERLY: 92, Cycle.YEARLY: 366}
    return first_day(cycle, first_day(cycle, day) + timedelta(days=longest[cycle]))


def period(cycle: Cycle, day: date) -> tuple[date, date]:
    """The half-open period [start, end) that `day` lies in."""
    return first_day(cycle, day), next_first_day(cycle, day)


def closes_on(cycle: Cycle, day: date) -> bool:
    """Whether `day` is the last day of its period."""
    return next_first_day(cycle, day) == day + timedelta(days=1)


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included; empty when `last` is earlier."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def today() -> date:
    """The calendar day in Asia/Shanghai."""
    return now().date()


def now() -> datetime:
    """The time in Asia/Shanghai, with its zone."""
    return datetime.now(SHANGHAI)
