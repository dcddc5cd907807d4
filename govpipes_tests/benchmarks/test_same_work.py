"""The benchmark's generator and its two contestants that need nothing but this project: the floor and govpipes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stdnum.cn import ric, uscc

from benchmarks import floor, people, pipeline, town
from benchmarks.clock import Clock
from govpipes.settings import Settings

PERSONS, ROWS = 3_200, 640
GUARD = 6.0
"""How many times the floor's CPU seconds a day of 40,000 rows may take; 3 is usual: fixed costs count at this size."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[town.Town]:
    """A town with a stock and one day of changes."""
    folder = tmp_path_factory.mktemp("bench")
    made = town.build(folder / "town", PERSONS, ROWS)
    town.add_day(made, 1)
    yield made
    town.close(made.folder)


def test_generated_numbers_are_valid_but_for_the_share_that_is_not(tmp_path: Path) -> None:
    con = town.generator(Settings(home=tmp_path / "home", threads=1))
    rows = con.execute(people.stock_sql(0, 6_400, town.OPENING)).fetchall()
    numbers = [row[people.COLUMNS.index("gmsfhm")] for row in rows]
    padded = [number for number in numbers if number != number.strip()]
    wide = [number for number in numbers if not number.isascii()]
    plain = [number for number in numbers if len(number) == 18 and number.isascii()]
    wrong = [number for number in plain if ric.calc_check_digit(number) != number[-1]]
    assert len(numbers) == len(set(numbers)) == 6_400
    for faulty in (padded, wide, wrong):
        assert 60 <= len(faulty) <= 140  # 1/64 of them is 100
    assert all(uscc.is_valid(unit) for row in rows if (unit := row[people.COLUMNS.index("dwdm")]))


def test_a_days_rows_are_new_known_and_twice(tmp_path: Path) -> None:
    con = town.generator(Settings(home=tmp_path / "home", threads=1))
    day = con.execute(people.day_sql(PERSONS, 1_280, town.OPENING, 1)).fetchall()
    keys = [row[0] for row in day]
    new = {key for key in keys if int(key[1:]) >= PERSONS}
    assert len(day) == 1_280
    assert len(new) == 1_280 // people.NEW_SHARE
    assert len(keys) - len(set(keys)) == 1_280 // people.TWICE_SHARE
    assert {row[-1].date() for row in day} == {town.OPENING}


def test_floor_and_govpipes_do_the_same_work(small: town.Town) -> None:
    for day in (town.OPENING, town.OPENING.replace(day=2)):
        by_hand, ours = Clock(), Clock()
        floor.run(small, day, by_hand)
        pipeline.run(small, day, ours, ["compare"])
        assert by_hand.facts == ours.facts
        assert ours.facts["rejected"] > 0


def test_a_day_costs_a_few_times_what_a_script_costs(tmp_path: Path) -> None:
    made = town.build(tmp_path / "town", 40_000, 40_000, stock=False)
    try:
        day = town.add_day(made, 1)
        by_hand, ours = Clock(), Clock()
        floor.run(made, day, by_hand)
        pipeline.run(made, day, ours, ["compare"])
        assert by_hand.facts == ours.facts
        assert _cpu(ours) < GUARD * _cpu(by_hand)
    finally:
        town.close(made.folder)


def _cpu(clock: Clock) -> float:
    return sum(clock.steps[name][1] for name in ("land", "standardize", "verify", "publish"))
