"""The departments' databases and folders, and the read-only addresses of them in `systems.yaml`.

Makes databases, tables, roles and folders once; what is written into them each day is in `delivery.py`, `files.py`.
"""

import os
import secrets
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import yaml
from psycopg import sql

from govpipes import postgres
from govpipes.errors import SettingsError
from govpipes.settings import Settings
from govpipes.simulator import mariadb
from govpipes.simulator.datasets import SYSTEMS, Dataset, System, datasets_of

_SQLITE_TYPES = {"timestamp": "TIMESTAMP", "integer": "INTEGER"}


def folder(settings: Settings, system: System) -> Path:
    """Where a department puts its files."""
    return settings.home / "simulator" / "departments" / system.name


def sqlite_file(settings: Settings) -> Path:
    """The health department's database when there is no MariaDB."""
    return settings.home / "simulator" / "departments" / "dept_health.sqlite"


def ensure(settings: Settings, layouts: Mapping[str, list[str]], province: str) -> dict[str, str]:
    """Makes whatever system is not there yet and writes `systems.yaml`; returns the administrator's URLs by system.

    layouts: the columns of each dataset. province: names the province, so that two never share a database.
    Raises SettingsError when a database belongs to something else or cannot be made.
    """
    admin: dict[str, str] = {}
    readers = _read_file(settings)
    (settings.home / "simulator" / "departments").mkdir(parents=True, exist_ok=True, mode=0o700)
    for system in SYSTEMS.values():
        known = readers.get(system.name)
        if system.kind == "files":
            folder(settings, system).mkdir(parents=True, exist_ok=True, mode=0o700)
            readers[system.name] = f"file:{folder(settings, system)}"
        elif system.kind == "postgres":
            admin[system.name], readers[system.name] = _postgres(settings, system, layouts, province, known)
        elif settings.mariadb_url:
            admin[system.name], readers[system.name] = mariadb.ensure(
                settings.mariadb_url, system, layouts, province, known
            )
        else:
            admin[system.name] = readers[system.name] = _sqlite(settings, system, layouts)
    _write_file(settings, readers)
    return admin


def _postgres(
    settings: Settings, system: System, layouts: Mapping[str, list[str]], province: str, known: str | None
) -> tuple[str, str]:
    url = postgres.create_database(settings, system.database)
    role = f"reader_{system.department}"
    password = _password_of(known) or secrets.token_urlsafe(24)
    try:
        with psycopg.connect(url) as con:
            _claim(con, system.database, province)
            con.execute("CREATE SCHEMA IF NOT EXISTS intake")
            for dataset in datasets_of(system):
                _table(con, dataset, layouts[dataset.name])
            _reader(con, system.database, role, password)
    except psycopg.Error as error:
        raise SettingsError(
            f"the department database {system.database} cannot be prepared",
            found=str(error).strip(),
            next_step="give the PostgreSQL role the rights CREATEDB and CREATEROLE",
        ) from error
    return url, _with_login(url, role, password)


def _claim(con: "psycopg.Connection[tuple[object, ...]]", database: str, province: str) -> None:
    """Marks the database as this province's own; another province's is left alone."""
    mark = f"govpipes simulator {province}"
    row = con.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [database]
    ).fetchone()
    there = row[0] if row else None
    if there is not None and there != mark:
        raise SettingsError(
            f"the database {database} belongs to something else",
            found=str(there),
            allowed=mark,
            next_step=f"drop {database}, or give this home a PostgreSQL of its own",
        )
    if there is None:
        con.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), sql.Literal(mark)))


def _table(con: "psycopg.Connection[tuple[object, ...]]", dataset: Dataset, columns: list[str]) -> None:
    """The department's table, keyed and indexed on its time of change, and where a day's rows arrive before it."""
    table = sql.Identifier(dataset.target)
    lines = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(dataset.types.get(name, "varchar"))) for name in columns
    ]
    key = sql.SQL(", ").join(sql.Identifier(name) for name in dataset.key)
    con.execute(
        sql.SQL("CREATE TABLE IF NOT EXISTS public.{} ({}, PRIMARY KEY ({}))").format(
            table, sql.SQL(", ").join(lines), key
        )
    )
    con.execute(
        sql.SQL("CREATE INDEX IF NOT EXISTS {} ON public.{} (gxsj)").format(
            sql.Identifier(f"{dataset.target}_gxsj"), table
        )
    )
    con.execute(
        sql.SQL("CREATE UNLOGGED TABLE IF NOT EXISTS intake.{} ({}, old_key varchar)").format(
            table, sql.SQL(", ").join(lines)
        )
    )


def _reader(con: "psycopg.Connection[tuple[object, ...]]", database: str, role: str, password: str) -> None:
    """A role that may read the department's tables and nothing else."""
    name = sql.Identifier(role)
    there = con.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("ALTER ROLE" if there else "CREATE ROLE")
    con.execute(sql.SQL("{} {} LOGIN PASSWORD {}").format(verb, name, sql.Literal(password)))
    con.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), name))
    con.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    con.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name))
    con.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(name))


def _sqlite(settings: Settings, system: System, layouts: Mapping[str, list[str]]) -> str:
    file = sqlite_file(settings)
    con = sqlite3.connect(file)
    try:
        for dataset in datasets_of(system):
            lines = ", ".join(
                f'"{name}" {_SQLITE_TYPES.get(dataset.types.get(name, ""), "VARCHAR")}'
                for name in layouts[dataset.name]
            )
            key = ", ".join(f'"{name}"' for name in dataset.key)
            con.execute(f'CREATE TABLE IF NOT EXISTS "{dataset.target}" ({lines}, PRIMARY KEY ({key}))')
            con.execute(f'CREATE INDEX IF NOT EXISTS "{dataset.target}_gxsj" ON "{dataset.target}" (gxsj)')
        con.commit()
    finally:
        con.close()
    file.chmod(0o600)
    return f"sqlite:///{file}"


def _with_login(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def _password_of(url: str | None) -> str | None:
    return urlsplit(url).password if url else None


def _read_file(settings: Settings) -> dict[str, str]:
    if not settings.systems_file.exists():
        return {}
    try:
        content = yaml.safe_load(settings.systems_file.read_text("utf-8")) or {}
        return {name: str(entry["url"]) for name, entry in (content.get("systems") or {}).items()}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{settings.systems_file} cannot be read",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            allowed="systems: {name: {url: ...}}",
            next_step="correct or remove the file",
        ) from error


def _write_file(settings: Settings, readers: Mapping[str, str]) -> None:
    """Replaces the file in one step; only its owner may read it, for it holds passwords."""
    text = yaml.safe_dump(
        {"systems": {name: {"url": url} for name, url in sorted(readers.items())}}, allow_unicode=True
    )
    if settings.systems_file.exists() and settings.systems_file.read_text("utf-8") == text:
        return
    fresh = settings.systems_file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(settings.systems_file)
