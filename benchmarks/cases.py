"""The cases: each builds what it needs, runs its contestants, and returns figures for the report.

A case is a function of a scratch folder and the sizes; what a contestant does is in its own module.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import people
from benchmarks import town as towns
from benchmarks.measure import Contestant, interleaved, module
from benchmarks.town import OPENING, Town

Case = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the cases are.

    persons: rows of the stock; rows: of a day; rounds: runs of each contestant; histories: stocks of the publish
    case; days, day_rows: of the backfill; datasets, contracts: of the small day and of the large catalogue; files: of
    the lake that is released. catalogue_day: whether a day of that whole catalogue is run, 10 rows each. large:
    datasets of the large day, and rows of each. growth: rows of the growing days.
    """

    persons: int
    rows: int
    rounds: int
    histories: tuple[int, ...]
    days: int
    day_rows: int = 3_000
    datasets: int = 20
    contracts: int = 1_300
    catalogue_day: bool = False
    files: int = 10_000
    large: tuple[int, int] = (10, 10_000_000)
    growth: tuple[int, ...] = (1_000, 10_000, 100_000)


SMALL = Sizes(1_000_000, 100_000, 3, (100_000, 1_000_000), 60, files=1_000, large=(10, 100_000))
FULL = Sizes(
    10_000_000,
    1_000_000,
    3,
    (1_000_000, 10_000_000, 50_000_000),
    365,
    catalogue_day=True,
    growth=(1_000, 10_000, 100_000, 1_000_000),
)


NAMES = ("day", "verify", "query", "publish", "backfill", "small", "catalogue", "release", "growth", "large")
"""The cases; verify and query look at what day has left, so they run only after it."""


def run_all(folder: Path, sizes: Sizes, glue: Path, done: Callable[[Case], None], only: Sequence[str] = ()) -> None:
    """Run the cases (`only`: these); `done` is told of each as it ends. glue: the Python of the glue's environment."""
    wanted = set(only or NAMES)
    if wanted & {"day", "verify", "query"}:
        town = towns.build(folder / "day", sizes.persons, sizes.rows)
        try:
            done(day_case(town, sizes, glue))
            for name, after in (("verify", verify_case), ("query", query_case)):
                if name in wanted:
                    done(after(town, sizes))
        finally:
            towns.close(town.folder)
    alone = {
        "publish": publish_case,
        "backfill": backfill_case,
        "small": small_case,
        "catalogue": catalogue_case,
        "release": release_case,
        "growth": growth_case,
        "large": large_case,
    }
    for name, case in alone.items():
        if name in wanted:
            done(case(folder, sizes))


def day_case(town: Town, sizes: Sizes, glue: Path) -> Case:
    """A day into the stock: the floor, govpipes and both glues, each from the same state; with Dagster on other days.

    The opening load (the whole stock as one day) is told beside it.
    """
    result = town.folder / "result.json"
    opening = [
        Contestant("floor", module("floor", town.folder, OPENING)),
        Contestant("govpipes", module("pipeline", town.folder, OPENING, after=["compare"])),
    ]
    interleaved(opening, 0, result)
    # golden records and a release of the stock, so that a day's fusion is a day's
    golden = _operation("golden", town)
    golden.run(result)
    ours, floor = Contestant("govpipes"), Contestant("floor")
    kinds = {kind: Contestant(f"{kind} glue", python=str(glue)) for kind in ("tuned", "usual")}
    dagster = Contestant("govpipes with Dagster")
    for number in range(sizes.rounds):
        day = towns.add_day(town, 2 * number + 1)
        floor.command = module("floor", town.folder, day)
        ours.command = module("pipeline", town.folder, day, after=["compare", "fuse"])
        for kind, contestant in kinds.items():
            (town.folder / kind).mkdir(exist_ok=True)
            shutil.copy(town.folder / "floor" / "floor.duckdb", town.folder / kind / "floor.duckdb")
            contestant.command = module("glue", kind, town.folder, day)
        interleaved([floor, ours, *kinds.values()], number, result)
        day = towns.add_day(town, 2 * number + 2)
        Contestant("floor", module("floor", town.folder, day)).run(result)
        dagster.command = module("dagster_day", town.folder, day)
        dagster.run(result)
    rows = _with_ratios([contestant.row() for contestant in (floor, ours, *kinds.values(), dagster)])
    steps = rows[1]["steps"]
    return {
        "name": "day",
        "title": f"A day of {sizes.rows:,} rows into {sizes.persons:,}: source → published",
        "rows": rows,
        "figures": {
            "fuse against publish (CPU)": _ratio(steps["fuse"], steps["publish"], "cpu_seconds"),
            "Dagster beside the steps, fusion and release included (s)": round(
                median(run.wall - run.facts["step_seconds"] for run in dagster.runs), 2
            ),
        },
        "more": [
            {"title": f"The stock itself as one day, {sizes.persons:,} rows", "rows": _with_ratios(_rows(opening))},
            {"title": "All golden records and a release of them, once", "rows": _rows([golden])},
        ],
    }


def verify_case(town: Town, sizes: Sizes) -> Case:
    """Great Expectations against one hand-written query, on the candidate of the whole stock."""
    contestant = _operation("judge_opening", town)
    for _ in range(sizes.rounds):
        contestant.run(town.folder / "result.json")
    row = contestant.row()
    steps = row["steps"]
    figures = {
        "ratio (seconds)": _ratio(steps["great expectations"], steps["one query"], "seconds"),
        "ratio (CPU)": _ratio(steps["great expectations"], steps["one query"], "cpu_seconds"),
        "outcomes": contestant.runs[0].facts["outcomes"],
        "outcomes with an error": contestant.runs[0].facts["errors"],
    }
    return {"name": "verify", "title": f"Verify {sizes.persons:,} rows", "rows": [row], "figures": figures}


def query_case(town: Town, sizes: Sizes) -> Case:
    """Queries on a release against the same rows in a plain DuckDB file."""
    contestant = _operation("query_release", town)
    for _ in range(sizes.rounds):
        contestant.run(town.folder / "result.json")
    row = contestant.row()
    names = [name.removeprefix("release: ") for name in row["steps"] if name.startswith("release: ")]
    figures: Case = {}
    for name in names:
        release, plain, parquet = (row["steps"][f"{who}: {name}"] for who in ("release", "plain file", "Parquet"))
        same = all(run.facts[name] for run in contestant.runs)
        seconds = " / ".join(str(step["seconds"]) for step in (release, plain, parquet))
        figures[f"{name} (s, release / plain DuckDB file / one Parquet file)"] = seconds
        ratios = f"{_ratio(release, plain, 'cpu_seconds')}, {_ratio(release, parquet, 'cpu_seconds')}"
        figures[f"{name} (CPU ratio to the DuckDB file, to the Parquet file)"] = ratios if same else "answers differ"
    return {
        "name": "query",
        "title": "Queries on a release against a plain DuckDB file",
        "rows": [],
        "figures": figures,
    }


def publish_case(folder: Path, sizes: Sizes) -> Case:
    """The same days published into histories of different length."""
    rows = []
    for history in sizes.histories:
        town = towns.build(folder / f"history-{history}", history, sizes.rows, stock=False)
        try:
            result = town.folder / "result.json"
            _operation("opening", town).run(result)
            contestant = Contestant(f"into {history:,}")
            for number in range(sizes.rounds):
                day = towns.add_day(town, number + 1)
                contestant.command = module("pipeline", town.folder, day)
                contestant.run(result)
            row = contestant.row()
            rows.append(row | row["steps"]["publish"])
        finally:
            towns.close(town.folder)
    return {
        "name": "publish",
        "title": f"Publish a day of {sizes.rows:,} rows",
        "rows": _with_ratios(rows),
        "figures": {},
    }


def backfill_case(folder: Path, sizes: Sizes) -> Case:
    """Many small days against the same rows as one day."""
    total = sizes.days * sizes.day_rows
    rows = []
    for name, days, size in (("as one day", 1, total), (f"as {sizes.days} days", sizes.days, sizes.day_rows)):
        town = towns.build(folder / f"backfill-{days}", total, size, stock=False)
        try:
            made = [people.day_sql(town.persons, size, OPENING + timedelta(days=n), n) for n in range(1, days + 1)]
            towns.load(town, ["register"], made)
            last = OPENING + timedelta(days=days)
            contestant = _operation("backfill", town, str(last))
            contestant.name = name
            contestant.run(town.folder / "result.json")
            rows.append(contestant.row())
        finally:
            towns.close(town.folder)
    figures = {"seconds a day": round(rows[1]["seconds"] / sizes.days, 3)}
    title = f"Backfill of {sizes.days} days of {sizes.day_rows:,} rows, without Dagster"
    return {"name": "backfill", "title": title, "rows": _with_ratios(rows), "figures": figures}


def small_case(folder: Path, sizes: Sizes) -> Case:
    """A day of many small datasets through Dagster, fusion and release included."""
    names = [f"small_{n:02d}" for n in range(1, sizes.datasets)]
    town = towns.build(folder / "small", 1_000, 1_000, stock=False)
    try:
        towns.add_contracts(town, names)
        towns.add_tables(town, names)
        contestant = Contestant("govpipes with Dagster")
        for number in range(1, sizes.rounds + 2):
            day = OPENING + timedelta(days=number)
            query = people.day_sql(town.persons, town.rows, day, number)
            towns.load(town, ["register", *names], [query])
            contestant.command = module("dagster_day", town.folder, day)
            contestant.run(town.folder / "result.json")
        del contestant.runs[0]  # the first day makes tables
        published = {run.facts["published"] for run in contestant.runs}
        return {
            "name": "small",
            "title": f"A day of {sizes.datasets} datasets of {town.rows:,} rows, fusion and release included",
            "rows": [contestant.row()],
            "figures": {"datasets published": sorted(published)},
        }
    finally:
        towns.close(town.folder)


def catalogue_case(folder: Path, sizes: Sizes) -> Case:
    """A large catalogue: read and checked, made into Dagster's definitions, and a day of all its datasets (n=1)."""
    town = towns.build(folder / "catalogue", 1_000, 10, stock=False)
    try:
        names = [f"dataset_{n:04d}" for n in range(1, sizes.contracts)]
        towns.add_contracts(town, names, fused=False)
        contestant = _operation("definitions", town)
        for _ in range(sizes.rounds):
            contestant.run(town.folder / "result.json")
        rows, figures = [contestant.row()], {}
        if sizes.catalogue_day:
            day = OPENING + timedelta(days=1)
            towns.add_tables(town, names)
            towns.load(town, ["register", *names], [people.day_sql(town.persons, town.rows, day, 1)])
            contestant = Contestant("a first day of them with Dagster", module("dagster_day", town.folder, day))
            contestant.run(town.folder / "result.json")
            rows.append(contestant.row())
            figures = {"datasets published": contestant.runs[0].facts["published"]}
        return {
            "name": "catalogue",
            "title": f"A catalogue of {sizes.contracts:,} contracts",
            "rows": rows,
            "figures": figures,
        }
    finally:
        towns.close(town.folder)


def release_case(folder: Path, sizes: Sizes) -> Case:
    """A release of a lake with many files."""
    town = towns.build(folder / "release", 0, sizes.files, stock=False)
    try:
        result = town.folder / "result.json"
        _operation("many_files", town).run(result)
        contestant = _operation("make_release", town)
        contestant.run(result)
        return {
            "name": "release",
            "title": f"Release of a lake with {contestant.runs[0].facts['files']:,} files",
            "rows": [contestant.row()],
            "figures": {},
        }
    finally:
        towns.close(town.folder)


def growth_case(folder: Path, sizes: Sizes) -> Case:
    """Days of different length into the same register and its golden records: what of the cost is the day's."""
    stock = 1_000_000
    town = towns.build(folder / "growth", stock, sizes.growth[0])
    try:
        result = town.folder / "result.json"
        Contestant("opening", module("pipeline", town.folder, OPENING)).run(result)
        _operation("golden", town).run(result)
        contestants, number = [], 0
        for rows in sizes.growth:
            contestant = Contestant(f"{rows:,} rows")
            for _ in range(sizes.rounds):
                number += 1
                day = towns.add_day(replace(town, rows=rows), number)
                contestant.command = module("pipeline", town.folder, day, after=["fuse"])
                contestant.run(result)
            contestants.append(contestant)
        found = _rows(contestants)
        title = f"Days of different length into {stock:,}: source → published, and fused"
        return {"name": "growth", "title": title, "rows": found, "figures": _slopes(found, sizes.growth)}
    finally:
        towns.close(town.folder)


def _slopes(rows: list[Case], sizes: Sequence[int]) -> Case:
    """Each step's CPU as what it takes anyway and what a row takes, from the shortest and the longest day."""
    figures: Case = {}
    for name in ("land", "standardize", "verify", "publish", "fuse"):
        short, long = (rows[n]["steps"][name]["cpu_seconds"] for n in (0, -1))
        each = (long - short) / (sizes[-1] - sizes[0])
        figures[f"{name} (CPU)"] = f"{1e3 * (short - each * sizes[0]):.0f} ms + {1e6 * each:.1f} µs a row"
    return figures


def large_case(folder: Path, sizes: Sizes) -> Case:
    """A day of very many rows, all steps, in one process: ten departments that each tell of everybody."""
    datasets, rows = sizes.large
    town = towns.build(folder / "large", rows, rows)
    try:
        towns.add_contracts(town, [f"register_{n:02d}" for n in range(1, datasets)], table="register")
        contestant = _operation("large_day", town)
        contestant.run(town.folder / "result.json")
        read = contestant.runs[0].facts["rows"]
        return {
            "name": "large",
            "title": f"A day of {read:,} rows, all steps: {datasets} datasets about the same {rows:,} persons",
            "rows": [contestant.row()],
            "figures": {"minutes, fusing and release included": round(contestant.runs[0].process_wall / 60, 1)},
        }
    finally:
        towns.close(town.folder)


def _operation(name: str, town: Town, *more: str) -> Contestant:
    return Contestant(name, module("operations", name, town.folder, after=more))


def _rows(contestants: list[Contestant]) -> list[Case]:
    return [contestant.row() for contestant in contestants]


def _ratio(one: Case, other: Case, what: str) -> float:
    return round(float(one[what]) / max(float(other[what]), 0.001), 2)


def _with_ratios(rows: list[Case]) -> list[Case]:
    """Each row's ratio to the first one's."""
    for row in rows:
        row["ratio"] = _ratio(row, rows[0], "seconds")
        row["cpu_ratio"] = _ratio(row, rows[0], "cpu_seconds")
    return rows
