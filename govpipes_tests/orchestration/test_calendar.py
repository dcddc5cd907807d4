"""Partitions, cron lines and freshness of every cycle."""

from datetime import date, datetime, time, timedelta

import pytest

from govpipes.days import SHANGHAI, Cycle, first_day, next_first_day
from govpipes.orchestration.calendar import Calendar, by_calendar, cron, ended_period, freshness, suffix
from govpipes_tests.orchestration.conftest import contract


@pytest.mark.parametrize("cycle", list(Cycle))
def test_partition_keys_are_the_first_days_of_ended_periods(cycle: Cycle) -> None:
    start = first_day(cycle, date(2024, 12, 25))
    partitions = Calendar(cycle, start).partitions
    keys = partitions.get_partition_keys(current_time=datetime(2026, 1, 3, 12, tzinfo=SHANGHAI))
    expected, day = [], start
    while next_first_day(cycle, day) <= date(2026, 1, 3):
        expected.append(day.isoformat())
        day = next_first_day(cycle, day)
    assert keys == expected


@pytest.mark.parametrize("cycle", list(Cycle))
def test_a_partition_is_its_period_in_shanghai(cycle: Cycle) -> None:
    start = first_day(cycle, date(2024, 12, 25))
    window = Calendar(cycle, start).partitions.time_window_for_partition_key(start.isoformat())
    assert window.start == datetime.combine(start, time.min, SHANGHAI)
    assert window.end == datetime.combine(next_first_day(cycle, start), time.min, SHANGHAI)


@pytest.mark.parametrize(
    ("cycle", "line"),
    [
        (Cycle.DAILY, "30 6 * * *"),
        (Cycle.WEEKLY, "30 6 * * 1"),
        (Cycle.MONTHLY, "30 6 1 * *"),
        (Cycle.QUARTERLY, "30 6 1 1,4,7,10 *"),
        (Cycle.YEARLY, "30 6 1 1 *"),
    ],
)
def test_due_on_the_first_day_after_the_period(cycle: Cycle, line: str) -> None:
    assert cron(cycle, time(6, 30)) == line


@pytest.mark.parametrize(
    ("cycle", "period"),
    [
        (Cycle.DAILY, "2026-01-04"),
        (Cycle.WEEKLY, "2025-12-29"),
        (Cycle.MONTHLY, "2025-12-01"),
        (Cycle.QUARTERLY, "2025-10-01"),
        (Cycle.YEARLY, "2025-01-01"),
    ],
)
def test_a_tick_asks_for_the_period_that_has_ended(cycle: Cycle, period: str) -> None:
    assert ended_period(cycle, datetime(2026, 1, 5, 6, 30, tzinfo=SHANGHAI)).isoformat() == period


@pytest.mark.parametrize(("due", "deadline"), [("06:00", "0 12 * * *"), ("23:00", "0 5 * * *")])
def test_stale_when_due_and_grace_have_passed(due: str, deadline: str) -> None:
    policy = freshness(contract("births", "population", "person", due=due))
    assert policy.deadline_cron == deadline  # type: ignore[attr-defined]
    assert policy.lower_bound_delta == timedelta(hours=6)  # type: ignore[attr-defined]
    assert policy.timezone == "Asia/Shanghai"  # type: ignore[attr-defined]


def test_grace_past_midnight_moves_the_deadline_to_the_next_day() -> None:
    policy = freshness(contract("societies", "legal_entity", "organization", cycle="monthly", due="23:00"))
    assert policy.deadline_cron == "0 5 2 * *"  # type: ignore[attr-defined]


@pytest.mark.parametrize("cycle", list(Cycle))
@pytest.mark.parametrize("grace", [0, 1, 24, 24 * 31])
def test_every_grace_a_contract_may_have_gives_a_policy(cycle: Cycle, grace: int) -> None:
    made = contract("births", "population", "person", cycle=cycle)
    freshness(made.model_copy(update={"update": made.update.model_copy(update={"grace_hours": grace})}))


def test_a_later_start_is_a_calendar_of_its_own() -> None:
    old, other, new = (
        contract(name, "population", "person", start=start)
        for name, start in (("a", date(2025, 1, 1)), ("b", date(2025, 1, 1)), ("c", date(2026, 3, 1)))
    )
    groups = by_calendar([new, old, other])
    assert {suffix(c, groups): [x.dataset for x in found] for c, found in groups.items()} == {
        "": ["a", "b"],
        "_from_20260301": ["c"],
    }
