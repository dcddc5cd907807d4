"""The floor: what a good engineer would write by hand for exactly this register: one DuckDB script, no framework.

It does the work of govpipes' steps on the same rows: extract a day to Parquet, standardize, reject with all reasons and
keep the raw rows, 18 checks in one scan, deduplicate, merge into the table. It keeps no history, no ledger and no
flags, and asks nobody whether the day may be published. Run as `python -m benchmarks.floor TOWN DAY RESULT`.
"""

import csv
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb

from benchmarks import floor_sql as sql
from benchmarks.clock import Clock
from benchmarks.contents import CONTENT, ROWS
from benchmarks.town import OPENING, Town
from govpipes.duck import extension_file
from govpipes.warehouse.lake import create_postgres_secret


def run(town: Town, day: date, clock: Clock) -> None:
    """Extract, standardize, check and merge the day into `floor.duckdb` of the town."""
    scratch = town.folder / "floor"
    scratch.mkdir(exist_ok=True)
    landing, end = scratch / f"{day}.parquet", day + timedelta(days=1)
    with clock.step("start"):
        con = duckdb.connect(str(scratch / "floor.duckdb"))
        con.execute(f"SET threads = {town.settings.threads}; SET memory_limit = '4GB'")
        con.execute(f"LOAD '{extension_file('postgres_scanner')}'")
        create_postgres_secret(con, "department", town.source_url)
        con.execute("ATTACH '' AS department (TYPE postgres, READ_ONLY, SECRET department)")
        con.execute(sql.MACROS)
        con.execute(sql.TABLE)
    with clock.step("land"):
        con.execute(f"COPY ({_extract(day, end)}) TO '{landing}' (FORMAT parquet, COMPRESSION zstd)")
    source = f"(SELECT *, file_row_number AS row_number FROM read_parquet('{landing}', file_row_number = true))"
    with clock.step("standardize"):
        con.execute(
            sql.STANDARDIZE.format(
                source=source, regions=regions(town.folder), end=end, id_valid=sql.ID_VALID, unit_valid=sql.UNIT_VALID
            )
        )
        con.execute(sql.REJECTED.format(source=source, quarantine=scratch / f"{day}-rejected.parquet"))
    with clock.step("verify"):
        clock.facts |= sql.judged(con.execute(sql.CHECKS).fetchall()[0])
    with clock.step("publish"):
        con.execute(sql.DEDUPE)
        con.execute(sql.MERGE)
    with clock.step("compare"):
        rows = ROWS.format(table="register", key="register_number", changed="changed")
        clock.facts |= {"content": con.execute(CONTENT.format(rows=rows)).fetchall()[0][0]}
    con.close()


def regions(folder: Path) -> str:
    """The codes of counties, current and past, as a list of SQL texts."""
    with (folder / "data" / "codes" / "region.csv").open(encoding="utf-8") as file:
        codes = sorted({row["code"] for row in csv.DictReader(file) if row["level"] == "3"})
    return ", ".join(f"'{code}'" for code in codes)


def _extract(day: date, end: date) -> str:
    """A whole table by parallel ctid ranges; a day by the index on its time of change, as one query."""
    if day == OPENING:
        return f"SELECT * FROM department.register WHERE gxsj < TIMESTAMP '{end}'"
    query = f"SELECT * FROM register WHERE gxsj >= ''{day}'' AND gxsj < ''{end}''"
    return f"SELECT * FROM postgres_query('department', '{query}')"


if __name__ == "__main__":
    taken = Clock()
    run(Town.read(Path(sys.argv[1])), date.fromisoformat(sys.argv[2]), taken)
    taken.write(Path(sys.argv[3]))
