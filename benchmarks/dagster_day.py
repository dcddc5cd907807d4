"""The contestant govpipes with Dagster around it: a day through `run_work`, as `govpipes sync` does it.

Run as `python -m benchmarks.dagster_day TOWN DAY RESULT`; all datasets of the town's catalogue are run.
"""

import sys
from datetime import date
from pathlib import Path

from sqlalchemy import func, select

import govpipes.pipeline.duckdb_datasource  # noqa: F401  (Great Expectations takes seconds to import)
from benchmarks.clock import Clock
from benchmarks.town import Town
from govpipes.cli.environment import export
from govpipes.ledger import tables as t
from govpipes.orchestration import runs
from govpipes.pipeline.work import Work


def run(town: Town, day: date, clock: Clock) -> None:
    """Run the day of every dataset, fuse and release."""
    with clock.step("start"):
        export(town.settings)
        datasets = tuple(runs.workspace(town.settings).catalogue.contracts)
    with clock.step("run"):
        done = runs.run_work(town.settings, [Work(datasets, (day,))])
    clock.facts |= {"published": len(done.having("published")), "fused": done.fused}
    clock.facts["step_seconds"] = _steps(town, day)
    runs.close()


def _steps(town: Town, day: date) -> float:
    """Seconds of the pipeline's own steps of that day, by the ledger."""
    ledger = runs.workspace(town.settings).ledger
    with ledger.engine.connect() as con:
        return float(con.execute(select(func.sum(t.steps.c.seconds)).where(t.steps.c.day == day)).scalar() or 0.0)


if __name__ == "__main__":
    taken = Clock()
    run(Town.read(Path(sys.argv[1])), date.fromisoformat(sys.argv[2]), taken)
    taken.write(Path(sys.argv[3]))
