"""The contestant govpipes: a dataset-day, or many, through the pipeline functions.

Run as `python -m benchmarks.pipeline TOWN DAY RESULT [compare] [fuse]`.
"""

import sys
from datetime import date
from pathlib import Path

import govpipes.pipeline.duckdb_datasource  # noqa: F401  (Great Expectations takes seconds to import)
from benchmarks.clock import Clock
from benchmarks.contents import CONTENT, ROWS
from benchmarks.town import Town
from govpipes.pipeline import Workspace, land, publish, standardize, verify
from govpipes.registries import fuse


def run(town: Town, day: date, clock: Clock, also: list[str]) -> None:
    """Land, standardize, verify and publish the day; `also`: fuse, and compare the current table with others'."""
    with clock.step("start"):
        ws = Workspace.open(town.settings)
        contract = ws.catalogue.contracts["register"]
        ws.lake.snapshot_id()
    with ws:
        with clock.step("land"):
            land(ws, contract, day, "bench")
        with clock.step("standardize"):
            candidate = standardize(ws, contract, day, "bench")
        with clock.step("verify"):
            verify(ws, contract, day, "bench")
        with clock.step("publish"):
            publish(ws, contract, day, "bench")
        if "fuse" in also:
            with clock.step("fuse"):
                fuse(ws, "population", "person", "bench")
        clock.facts |= {"accepted": candidate.accepted, "rejected": candidate.quarantined}
        if "compare" in also:
            with clock.step("compare"):
                ws.con.execute("USE lake")
                rows = ROWS.format(table="current.register", key="register_number", changed="cursor")
                clock.facts["content"] = ws.lake.one(CONTENT.format(rows=rows))
                ws.con.execute("USE memory")


if __name__ == "__main__":
    taken = Clock()
    run(Town.read(Path(sys.argv[1])), date.fromisoformat(sys.argv[2]), taken, sys.argv[4:])
    taken.write(Path(sys.argv[3]))
