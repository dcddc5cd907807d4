"""Single operations on a town, each in a process of its own: what the cases beside the day measure.

Run as `python -m benchmarks.operations NAME TOWN RESULT [more]`; NAME is a function of this module.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb

import govpipes.pipeline.duckdb_datasource  # noqa: F401  (Great Expectations takes seconds to import)
from benchmarks import floor_sql
from benchmarks.clock import Clock
from benchmarks.people import stock_sql
from benchmarks.town import OPENING, Town, generator
from govpipes.catalogue import load_catalogue
from govpipes.duck import PARQUET
from govpipes.pipeline import Workspace, land, publish, read_together, release, standardize, verify
from govpipes.pipeline.backfill import plan
from govpipes.pipeline.claims import claims_table, ensure_claims
from govpipes.pipeline.expectations import Facts, judge
from govpipes.pipeline.standardize import candidate_of
from govpipes.registries import fuse
from govpipes.sql import literal
from govpipes.warehouse import Column
from govpipes.warehouse.readers import connect_release

_BATCH = 5_000_000

_CLAIMS = """
SELECT rybh, gmsfhm, xm, xb, mz, CAST(try_strptime(csrq, '%Y%m%d') AS DATE), ssxq, hkdz, jzdz, lxdh, dwdm, hyzk,
    gmsfhm, rybh, gxsj, FALSE, CAST(hash(r) >> 1 AS BIGINT), []::VARCHAR[], {day}, 0, now(), NULL, NULL
FROM ({rows}) r
"""


@contextmanager
def _opened(town: Town, clock: Clock) -> Iterator[Workspace]:
    """A workspace with its connections: what is done once per process."""
    with clock.step("start"):
        ws = Workspace.open(town.settings)
        ws.lake.snapshot_id()
    with ws:
        yield ws


def opening(town: Town, clock: Clock) -> None:
    """Give the warehouse a history of the town's persons directly: what publishing them would have left."""
    with _opened(town, clock) as ws:
        contract = ws.catalogue.contracts["register"]
        ws.lake.write("claims.register", "opening", lambda: ensure_claims(ws, contract))
        con = generator(town.settings)
        file = town.folder / "opening.parquet"
        for first in range(0, town.persons, _BATCH):
            rows = stock_sql(first, min(first + _BATCH, town.persons), OPENING)
            query = _CLAIMS.format(day=literal(OPENING), rows=rows)
            with clock.step("generate"):
                con.execute(f"COPY ({query}) TO {literal(file)} (FORMAT parquet)")
            insert = f"INSERT INTO {claims_table(contract)} SELECT * FROM read_parquet({literal(file)})"
            with clock.step("insert"):
                ws.lake.write("claims.register", "opening", partial(ws.con.execute, insert))
        file.unlink()
        con.close()


def backfill(town: Town, clock: Clock, last: str) -> None:
    """Load the days after the opening up to `last`, in the chunks the planner makes."""
    with _opened(town, clock) as ws:
        contract = ws.catalogue.contracts["register"]
        chunks = plan(ws, OPENING + timedelta(days=1), date.fromisoformat(last)).chunks
        with clock.step("run"):
            for chunk in chunks:
                with read_together(ws, contract, chunk.work.days) as read:
                    for day in chunk.work.days:
                        land(ws, contract, day, "bench", read)
                        standardize(ws, contract, day, "bench")
                        verify(ws, contract, day, "bench")
                        publish(ws, contract, day, "bench")
        clock.facts["days"] = sum(len(chunk.work.days) for chunk in chunks)


def large_day(town: Town, clock: Clock) -> None:
    """The opening's day of every dataset, then golden records of all and a release; progress on standard output."""
    with _opened(town, clock) as ws:
        rows = 0
        for contract in ws.catalogue.contracts.values():
            for step in (land, standardize, verify, publish):
                with clock.step(step.__name__):
                    step(ws, contract, OPENING, "bench")
            rows += candidate_of(ws, contract, OPENING).rows_read
            sys.stdout.write(f"{contract.dataset}: {rows:,} rows; {clock.steps}\n")
            sys.stdout.flush()
        clock.facts["rows"] = rows
    golden(town, clock)


def make_release(town: Town, clock: Clock) -> None:
    """Release the lake as it is."""
    with _opened(town, clock) as ws:
        with clock.step("release"):
            release(ws, "bench")
        clock.facts["files"] = ws.lake.one(
            "SELECT count(*) FROM ducklake_list_files('lake', 'many', schema => 'claims')"
        )


def many_files(town: Town, clock: Clock) -> None:
    """Give the lake a table with a file for each of `town.rows` days."""
    with _opened(town, clock) as ws:
        columns = [Column("source_day", "DATE"), Column("rows", "BIGINT")]

        def write() -> None:
            ws.lake.ensure_table("claims", "many", columns, partition_by="source_day")
            query = f"SELECT {literal(OPENING)} + CAST(i AS INTEGER), i FROM range({town.rows}) r(i)"
            ws.con.execute(f"INSERT INTO lake.claims.many {query}")

        ws.con.execute("SET partitioned_write_max_open_files = 1000")
        with clock.step("insert"):
            ws.lake.write("claims.many", "many files", write)


def golden(town: Town, clock: Clock) -> None:
    """Fuse all golden records and make a release."""
    with _opened(town, clock) as ws:
        with clock.step("fuse"):
            fuse(ws, "population", "person", "bench")
        with clock.step("release"):
            release(ws, "bench")


def definitions(town: Town, clock: Clock) -> None:
    """Read the catalogue, and make Dagster's definitions of it, as a code location is loaded."""
    with clock.step("start"):
        from govpipes.orchestration.build import build_definitions
    with clock.step("validate"):
        catalogue = load_catalogue(town.settings.data_dir)
    with clock.step("definitions"):
        build_definitions(town.settings, catalogue).get_repository_def().load_all_definitions()
    clock.facts["contracts"] = len(catalogue.contracts)


def judge_opening(town: Town, clock: Clock) -> None:
    """Judge the opening's candidate again: by Great Expectations, and by one hand-written query on the same file."""
    with _opened(town, clock) as ws:
        contract = ws.catalogue.contracts["register"]
        candidate = candidate_of(ws, contract, OPENING)
        facts = Facts(candidate.rows_read, candidate.accepted, candidate.quarantined, None)
        with clock.step("great expectations"):
            outcomes = judge(ws.con, candidate.path, contract, facts)
        clock.facts |= {"outcomes": len(outcomes), "errors": sum(o.error is not None for o in outcomes)}
        rows = f"SELECT *, cursor AS changed, '' AS reasons FROM read_parquet({literal(candidate.path)})"
        with clock.step("one query"):
            ws.con.execute(floor_sql.CHECKS.replace("FROM day", f"FROM ({rows})")).fetchall()


QUERIES = {
    "count by county": "SELECT hukou_region, sex, count(*) FROM {table} GROUP BY ALL ORDER BY ALL",
    "one person": "SELECT name, phone, hukou_address FROM {table} WHERE register_number = 'R00000004711'",
    "born in a year": "SELECT count(*), min(name) FROM {table} WHERE birth_date BETWEEN '1980-01-01' AND '1980-12-31'",
    "addresses": "SELECT count(*) FROM {table} WHERE hukou_address LIKE '%太湖大道%' AND marital = '20'",
}


def query_release(town: Town, clock: Clock) -> None:
    """The same queries on the current release, on a plain DuckDB file of the same rows, and on a Parquet file of them.

    The last is what reading Parquet costs, whoever reads it.
    """
    with clock.step("start"):
        con = connect_release(town.settings)
        file = town.folder / "plain.duckdb"
        if not file.exists():
            con.execute(f"ATTACH {literal(file)} AS made")
            con.execute("CREATE TABLE made.main.person AS SELECT * FROM population.person")
            con.execute("CREATE TABLE made.main.register AS SELECT * FROM current.register")
            for name in ("person", "register"):
                con.execute(f"COPY (FROM made.main.{name}) TO {literal(_parquet(town, name))} ({PARQUET})")
            con.execute("DETACH made")
        plain = duckdb.connect(str(file), read_only=True, config={"threads": 2})
        files = duckdb.connect(config={"threads": 2})
        for name in ("person", "register"):
            files.execute(f"CREATE VIEW {name} AS FROM read_parquet({literal(_parquet(town, name))})")
    for name, sql in QUERIES.items():
        table = "current.register" if "register_number" in sql else "population.person"
        alone = sql.format(table=table.split(".")[1])
        asked = {"release": (con, sql.format(table=table)), "plain file": (plain, alone), "Parquet": (files, alone)}
        answers = [sorted(map(str, opened.execute(query).fetchall())) for opened, query in asked.values()]
        for who, (opened, query) in asked.items():
            opened.execute(query).fetchall()  # nobody pays for the first look at the files
            with clock.step(f"{who}: {name}"):
                opened.execute(query).fetchall()
        clock.facts[name] = all(answer == answers[0] for answer in answers)


def _parquet(town: Town, name: str) -> Path:
    return town.folder / f"plain_{name}.parquet"


_ALL = (opening, backfill, large_day, make_release, many_files, golden, definitions, judge_opening, query_release)
OPERATIONS: dict[str, Callable[..., None]] = {operation.__name__: operation for operation in _ALL}


if __name__ == "__main__":
    taken = Clock()
    OPERATIONS[sys.argv[1]](Town.read(Path(sys.argv[2])), taken, *sys.argv[4:])
    taken.write(Path(sys.argv[3]))
