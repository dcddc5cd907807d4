"""Brings a day's sheets into the departments' tables: rows by their key, one transaction a table.

Writing a day again gives the same tables. Files are in `files.py`.
"""

from urllib.parse import unquote, urlsplit

import duckdb

from govpipes import duck
from govpipes.errors import SettingsError
from govpipes.simulator.datasets import SYSTEMS, Dataset
from govpipes.simulator.sheets import columns
from govpipes.simulator.world import World
from govpipes.sql import column_list, ident, literal


def write_tables(world: World, datasets: list[Dataset], admin: dict[str, str]) -> None:
    """Writes the sheets of these datasets. admin: the administrator's URL of each system.

    Raises SettingsError when a department's database cannot be written.
    """
    for system in dict.fromkeys(dataset.system for dataset in datasets):
        mine = [dataset for dataset in datasets if dataset.system == system]
        scheme = urlsplit(admin[system]).scheme
        try:
            _attach(world, admin[system], scheme)
            try:
                for dataset in mine:
                    _write(world, dataset, scheme)
            finally:
                world.con.execute("DETACH dept")
        except duckdb.Error as error:
            raise SettingsError(
                f"the system {system} cannot be written",
                found=_without_password(str(error).splitlines()[0], admin[system]),
                next_step="look whether its database runs and has room, then run the same command again",
            ) from error


def _attach(world: World, url: str, scheme: str) -> None:
    parts = urlsplit(url)
    if scheme == "sqlite":
        world.con.execute(f"ATTACH {literal(url.removeprefix('sqlite:///'))} AS dept (TYPE sqlite)")
    elif scheme == "mysql":
        world.con.execute(f"LOAD {literal(duck.extension_file('mysql_scanner'))}")
        world.con.execute(
            f"CREATE OR REPLACE SECRET dept_login (TYPE mysql, HOST {literal(parts.hostname)}, "
            f"PORT {parts.port or 3306}, "
            f"DATABASE {literal(parts.path.lstrip('/'))}, USER {literal(unquote(parts.username or ''))}, "
            f"PASSWORD {literal(unquote(parts.password or ''))})"
        )
        world.con.execute("ATTACH '' AS dept (TYPE mysql, SECRET dept_login)")
    else:
        world.con.execute(f"ATTACH {literal(url)} AS dept (TYPE postgres)")


def _write(world: World, dataset: Dataset, scheme: str) -> None:
    world.con.execute("BEGIN")
    try:
        {"mysql": _replace_mysql, "sqlite": _replace_sqlite}.get(scheme, _upsert_postgres)(world, dataset)
        world.con.execute("COMMIT")
    except duckdb.Error:
        world.con.execute("ROLLBACK")
        raise


def _upsert_postgres(world: World, dataset: Dataset) -> None:
    """Through an arrival table, so that PostgreSQL does the merging and its indexes the finding."""
    names = columns(world, dataset)
    table, listed = ident(dataset.target), column_list(names)
    old = f" OR {ident(dataset.key[0])} IN (SELECT old_key FROM intake.{table})" if len(dataset.key) == 1 else ""
    key = column_list(dataset.key)
    sets = ", ".join(f"{ident(name)} = excluded.{ident(name)}" for name in names if name not in dataset.key)
    _remote(world, f"DELETE FROM intake.{table}")
    world.con.execute(
        f"INSERT INTO dept.intake.{table} SELECT {listed}, old_key FROM province.out_{dataset.name} ORDER BY entity"
    )
    if old:
        _remote(world, f"DELETE FROM public.{table} WHERE {old.removeprefix(' OR ')}")
    _remote(
        world,
        f"INSERT INTO public.{table} ({listed}) SELECT {listed} FROM intake.{table} "
        f"ON CONFLICT ({key}) DO UPDATE SET {sets}",
    )
    _remote(world, f"DELETE FROM intake.{table}")


def _replace_sqlite(world: World, dataset: Dataset) -> None:
    names, table = columns(world, dataset), f"dept.{ident(dataset.target)}"
    key = column_list(dataset.key)
    world.con.execute(f"DELETE FROM {table} WHERE ({key}) IN (SELECT ({key}) FROM province.out_{dataset.name})")
    world.con.execute(
        f"INSERT INTO {table} ({column_list(names)}) "
        f"SELECT {column_list(names)} FROM province.out_{dataset.name} ORDER BY entity"
    )


def _replace_mysql(world: World, dataset: Dataset) -> None:
    """Through an arrival table as with PostgreSQL; the connector itself knows only simple deletes."""
    names, table = columns(world, dataset), dataset.target
    listed = ", ".join(f"`{name}`" for name in names)
    world.con.execute(f"CALL mysql_execute('dept', {literal(f'DELETE FROM `intake_{table}`')})")
    world.con.execute(
        f"INSERT INTO dept.{ident(f'intake_{table}')} ({column_list(names)}) "
        f"SELECT {column_list(names)} FROM province.out_{dataset.name} ORDER BY entity"
    )
    merge = f"REPLACE INTO `{table}` ({listed}) SELECT {listed} FROM `intake_{table}`"
    world.con.execute(f"CALL mysql_execute('dept', {literal(merge)})")
    world.con.execute(f"CALL mysql_execute('dept', {literal(f'DELETE FROM `intake_{table}`')})")


def _remote(world: World, statement: str) -> None:
    world.con.execute(f"CALL postgres_execute('dept', {literal(statement)})")


def _without_password(text: str, url: str) -> str:
    password = urlsplit(url).password
    return text.replace(password, "***") if password else text


def kind_of(dataset: Dataset) -> str:
    """postgres, health or files."""
    return SYSTEMS[dataset.system].kind
