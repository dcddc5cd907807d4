"""What people glue today: dlt into DuckDB, SQL, Great Expectations, a merge; `usual` and `tuned`.

usual: dlt's default backend, the check characters by functions of python-stdnum, Great Expectations on pandas, as it
knows no DuckDB. tuned: dlt's pyarrow backend, the floor's own SQL, Great Expectations made to run on DuckDB.
It runs in an environment of its own (requirements-glue.lock), which has no govpipes: of this repository it loads only
files that need nothing but what it has. Run as `python -m benchmarks.glue usual|tuned TOWN DAY RESULT`.
"""

import csv
import importlib.util
import json
import os
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

# before the imports: neither library may send anything
os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "GX_ANALYTICS_ENABLED": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt
import duckdb
import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from dlt.sources.sql_database import sql_table
from stdnum.cn import ric, uscc

from benchmarks import floor_sql as sql
from benchmarks.clock import Clock
from benchmarks.contents import CONTENT, ROWS

_SOURCE = "(SELECT * REPLACE (CAST(gxsj AS TIMESTAMP) AS gxsj), rowid AS row_number FROM staging.register)"


def run(kind: str, folder: Path, day: date, clock: Clock) -> None:
    """Load the day with dlt, standardize, check and merge it into the contestant's own DuckDB file."""
    scratch, end = folder / kind, day + timedelta(days=1)
    database = scratch / "floor.duckdb"
    with clock.step("land"):
        _load(kind, folder, scratch, day, end)
    with clock.step("standardize"):
        con = duckdb.connect(str(database), config={"threads": 2, "memory_limit": "4GB"})
        con.execute(sql.MACROS)
        con.execute(sql.TABLE)
        con.execute(_standardize(kind, con, folder, end))
        con.execute(sql.REJECTED.format(source=_SOURCE, quarantine=scratch / f"{day}-rejected.parquet"))
    with clock.step("verify"):
        counts = con.execute(
            "SELECT count(*) FILTER (reasons = ''), count(*) FILTER (reasons <> '') FROM day"
        ).fetchall()
        clock.facts |= dict(zip(("accepted", "rejected"), counts[0], strict=True))
        con.execute("CREATE TEMP VIEW accepted AS SELECT * EXCLUDE (reasons, row_number) FROM day WHERE reasons = ''")
        for result in _on_pandas(con) if kind == "usual" else _on_duckdb(con):
            if not result.success:
                raise ValueError(f"the day does not pass: {result.expectation_config}")
    with clock.step("publish"):
        con.execute(sql.DEDUPE)
        con.execute(sql.MERGE)
    with clock.step("compare"):
        rows = ROWS.format(table="register", key="register_number", changed="changed")
        clock.facts |= {"content": con.execute(CONTENT.format(rows=rows)).fetchall()[0][0]}
    con.close()


def _load(kind: str, folder: Path, scratch: Path, day: date, end: date) -> None:
    address = json.loads((folder / "town.json").read_text(encoding="utf-8"))["source_url"]
    window = dlt.sources.incremental(
        "gxsj", initial_value=datetime.combine(day, time.min), end_value=datetime.combine(end, time.min)
    )
    options: dict[str, Any] = {"backend": "pyarrow", "chunk_size": 100_000} if kind == "tuned" else {}
    table = sql_table(credentials=address.replace("+psycopg", ""), table="register", incremental=window, **options)
    pipeline = dlt.pipeline(
        pipeline_name=f"register_{kind}",
        pipelines_dir=str(scratch / "dlt"),
        destination=dlt.destinations.duckdb(str(scratch / "floor.duckdb")),
        dataset_name="staging",
    )
    pipeline.run(table, write_disposition="replace").raise_on_failed_jobs()


def _standardize(kind: str, con: duckdb.DuckDBPyConnection, folder: Path, end: date) -> str:
    with (folder / "data" / "codes" / "region.csv").open(encoding="utf-8") as file:
        codes = sorted({row["code"] for row in csv.DictReader(file) if row["level"] == "3"})
    checks = {"id_valid": sql.ID_VALID, "unit_valid": sql.UNIT_VALID}
    if kind == "usual":
        con.create_function("id_digit", _id_valid, ["VARCHAR"], "BOOLEAN")
        con.create_function("unit_digit", uscc.is_valid, ["VARCHAR"], "BOOLEAN")
        checks = {"id_valid": "id_digit(citizen_id)", "unit_valid": "unit_digit(unit)"}
    regions = ", ".join(f"'{code}'" for code in codes)
    return sql.STANDARDIZE.format(source=_SOURCE, regions=regions, end=end, **checks)


def _id_valid(number: str) -> bool:
    # its `validate` also asks whether the county existed at birth, which is no part of the work here
    return len(number) == 18 and number[:17].isdigit() and ric.calc_check_digit(number) == number[17]


def _expected() -> list[Any]:
    present = [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in ("register_number", "changed", "citizen_id")]
    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        *present,
        gxe.ExpectColumnValuesToNotBeNull(column="name"),
        gxe.ExpectColumnValuesToNotBeNull(column="sex"),
        gxe.ExpectColumnValuesToMatchRegex(column="citizen_id", regex=r"[1-9]\d{16}[0-9X]"),
        gxe.ExpectColumnValuesToMatchRegex(column="hukou_region", regex=r"\d{6}"),
        gxe.ExpectColumnValuesToMatchRegex(
            column="employer_uscc", regex=r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="birth_date", min_value=date(1800, 1, 1), max_value=date(2200, 12, 31)
        ),
        gxe.ExpectColumnValuesToBeInSet(column="sex", value_set=["0", "1", "2", "9"]),
        gxe.ExpectColumnValuesToMatchRegex(column="phone", regex=r"\d{11}"),
        gxe.ExpectColumnValuesToMatchRegex(column="marital", regex=r"[1-9]\d"),
        gxe.ExpectColumnValuesToMatchRegex(column="register_number", regex=r".{1,200}"),
        gxe.ExpectColumnValuesToNotBeNull(column="birth_date", mostly=0.98),
        gxe.ExpectColumnValuesToNotBeNull(column="hukou_region", mostly=0.95),
        gxe.ExpectColumnValuesToNotBeNull(column="hukou_address", mostly=0.9),
    ]


def _on_pandas(con: duckdb.DuckDBPyConnection) -> list[Any]:
    rows = con.execute("SELECT * FROM accepted").df()
    rows["birth_date"] = pd.to_datetime(rows["birth_date"]).dt.date
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    suite = gx.ExpectationSuite(name="day", expectations=_expected())
    return list(batch.validate(suite, result_format="BOOLEAN_ONLY").results)


def _on_duckdb(con: duckdb.DuckDBPyConnection) -> list[Any]:
    datasource = _file_of_govpipes("pipeline/duckdb_datasource.py")
    with datasource.Validation().on(con) as validation:
        return list(validation.run("accepted", _expected()))


def _file_of_govpipes(name: str) -> ModuleType:
    """One file of govpipes, without the package around it."""
    file = Path(__file__).resolve().parent.parent / "govpipes" / name
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    taken = Clock()
    run(sys.argv[1], Path(sys.argv[2]), date.fromisoformat(sys.argv[3]), taken)
    taken.write(Path(sys.argv[4]))
