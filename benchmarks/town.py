"""The installation that is measured: a folder with its own embedded PostgreSQL, register, catalogue and days.

The register is a table of changes with an index on its time of change; days are added one after another. Its address
and everything else a contestant needs is in the folder (`town.json`), as each contestant is a process of its own.
What is done with a town belongs to the contestants, what is compared to cases.py.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import psycopg
import yaml

from benchmarks import people
from govpipes import postgres, standards
from govpipes.duck import connect
from govpipes.settings import ROOT, Settings
from govpipes.sql import ident
from govpipes.warehouse.lake import create_postgres_secret

OPENING = date(2025, 1, 1)
"""The day whose window takes the whole stock; a year of days after it is in the past."""

_CATALOGUE = Path(__file__).resolve().parent / "catalogue"
_TYPES = dict.fromkeys(people.COLUMNS, "varchar(200)") | {"gxsj": "timestamp(6)"}


@dataclass(frozen=True, slots=True)
class Town:
    """folder: where everything is; source_url: the department's PostgreSQL database; persons: rows of the stock."""

    folder: Path
    source_url: str
    persons: int
    rows: int

    @property
    def settings(self) -> Settings:
        """The installation's settings: two threads, 4 GB, its own home."""
        return settings_in(self.folder, self.source_url)

    @classmethod
    def read(cls, folder: Path) -> "Town":
        """The town that was made in a folder."""
        facts = json.loads((folder / "town.json").read_text(encoding="utf-8"))
        return cls(**facts | {"folder": Path(facts["folder"])})


def settings_in(folder: Path, source_url: str | None = None) -> Settings:
    """The settings of the installation in a folder."""
    systems = {"town": source_url} if source_url else {}
    return Settings(home=folder / "home", data_dir=folder / "data", threads=2, memory_gb=4.0, systems=systems)


def build(folder: Path, persons: int, rows: int, *, stock: bool = True) -> Town:
    """Make a town: PostgreSQL, catalogue, and a register of `persons` (without `stock`: an empty one).

    rows: how many changes a day brings.
    """
    folder.mkdir(parents=True, mode=0o711)
    _write_catalogue(folder / "data")
    town = Town(folder, postgres.create_database(settings_in(folder), "department"), persons, rows)
    (folder / "town.json").write_text(json.dumps(asdict(town) | {"folder": str(folder)}), encoding="utf-8")
    add_tables(town, ["register"], [people.stock_sql(0, persons, OPENING)] if stock else [])
    return town


def add_tables(town: Town, tables: Sequence[str], queries: Sequence[str] = ()) -> None:
    """Make tables of the register's columns, each with the rows of these queries and an index on the time of change."""
    columns = ", ".join(f"{ident(name)} {kind}" for name, kind in _TYPES.items())
    _in_department(town, *(f"CREATE TABLE {ident(table)} ({columns})" for table in tables))
    load(town, tables, queries)
    for table in tables:
        _in_department(town, f"CREATE INDEX ON {ident(table)} (gxsj)", f"VACUUM ANALYZE {ident(table)}")


def add_day(town: Town, number: int) -> date:
    """Load the changes of the day with this number (from 1); the day."""
    day = OPENING + timedelta(days=number)
    load(town, ["register"], [people.day_sql(town.persons, town.rows, day, number)])
    _in_department(town, "VACUUM ANALYZE register")
    return day


def add_contracts(town: Town, names: Sequence[str], *, fused: bool = True, table: str | None = None) -> None:
    """More contracts like the register's, each over a table of its own name and with a rank of its own.

    fused: whether they take part in golden records. table: the one table they all read instead.
    """
    folder = town.folder / "data" / "catalogue" / "population"
    contract = yaml.safe_load((folder / "register.yaml").read_text(encoding="utf-8"))
    for rank, name in enumerate(names, 11):
        title = {"zh": f"{name}信息", "en": name}
        items = [{key: value for key, value in item.items() if key != "authority"} for item in contract["items"]]
        if fused:
            items = [item | ({"authority": rank} if "authority" in item else {}) for item in contract["items"]]
        made = contract | {"dataset": name, "title": title, "items": items}
        made["source"] = contract["source"] | {"table": table or name}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(made, allow_unicode=True, sort_keys=False))


def close(folder: Path) -> None:
    """Stop the town's PostgreSQL and remove its folder."""
    settings = settings_in(folder)
    place = postgres.status(settings).place
    postgres.stop(settings)
    if place:
        shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def load(town: Town, tables: Sequence[str], queries: Sequence[str]) -> None:
    """Insert what the generator's queries give into each of these tables of the department."""
    con = generator(town.settings)
    create_postgres_secret(con, "department", town.source_url)
    con.execute("ATTACH '' AS department (TYPE postgres, SECRET department)")
    for query in queries:
        con.execute(f"CREATE OR REPLACE TEMP TABLE made AS {query}")
        for table in tables:
            con.execute(f"INSERT INTO department.{ident(table)} FROM made")
    con.close()


def generator(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection on which the generator's queries run."""
    con = connect(settings, "postgres_scanner")
    standards.install(con, ROOT / "data" / "codes")
    con.execute(people.macros_sql())
    return con


def _in_department(town: Town, *statements: str) -> None:
    with psycopg.connect(town.source_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as con:
        for statement in statements:
            con.execute(statement.encode())


def _write_catalogue(data: Path) -> None:
    shutil.copytree(_CATALOGUE, data / "catalogue")
    shutil.copytree(ROOT / "data" / "codes", data / "codes")
    title = {"title": {"zh": "公安厅", "en": "Public security"}}
    (data / "departments.yaml").write_text(yaml.safe_dump({"public_security": title}, allow_unicode=True))
    (data / "systems.yaml").write_text(yaml.safe_dump({"systems": {}}))
