"""The health department's births on a MariaDB or MySQL, when `GOVPIPES_MARIADB_URL` names an administrator's address.

Only the database, its table and its reader are made here; rows are written by `delivery.py`.
"""

import secrets
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

import pymysql

from govpipes.errors import SettingsError
from govpipes.simulator.datasets import System, datasets_of

_TYPES = {"timestamp": "datetime", "integer": "int"}


def ensure(
    url: str, system: System, layouts: Mapping[str, list[str]], province: str, known: str | None
) -> tuple[str, str]:
    """Makes the database, its tables and a reader; returns the administrator's and the reader's URL.

    Raises SettingsError when the server cannot be reached or refuses, or when the database is another province's.
    """
    parts = urlsplit(url)
    password = (urlsplit(known).password if known and known.startswith("mysql:") else None) or secrets.token_hex(20)
    role = f"reader_{system.department}"
    host, port = parts.hostname or "127.0.0.1", parts.port or 3306
    try:
        con = pymysql.connect(
            host=host,
            port=port,
            user=unquote(parts.username or "root"),
            password=unquote(parts.password or ""),
            charset="utf8mb4",
            autocommit=True,
        )
        with con, con.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{system.database}` CHARACTER SET utf8mb4")
            _claim(cursor, system.database, province)
            for dataset in datasets_of(system):
                lines = ", ".join(
                    f"`{name}` {_TYPES.get(dataset.types.get(name, ''), 'varchar(255)')}"
                    for name in layouts[dataset.name]
                )
                key = ", ".join(f"`{name}`" for name in dataset.key)
                cursor.execute(
                    f"CREATE TABLE IF NOT EXISTS `{system.database}`.`{dataset.target}` "
                    f"({lines}, PRIMARY KEY ({key}), INDEX (gxsj))"
                )
                cursor.execute(
                    f"CREATE TABLE IF NOT EXISTS `{system.database}`.`intake_{dataset.target}` "
                    f"LIKE `{system.database}`.`{dataset.target}`"
                )
            cursor.execute(f"CREATE USER IF NOT EXISTS `{role}`@`%%` IDENTIFIED BY %s", (password,))
            cursor.execute(f"ALTER USER `{role}`@`%%` IDENTIFIED BY %s", (password,))
            cursor.execute(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM `{role}`@`%`")  # they outlive databases
            for dataset in datasets_of(system):
                cursor.execute(f"GRANT SELECT ON `{system.database}`.`{dataset.target}` TO `{role}`@`%`")
    except pymysql.Error as error:
        raise SettingsError(
            "the MariaDB for the health department cannot be used",
            found=str(error.args[-1]) if error.args else type(error).__name__,
            next_step="check GOVPIPES_MARIADB_URL, or unset it to use SQLite",
        ) from error
    return (
        f"mysql://{parts.netloc}/{system.database}",
        f"mysql://{role}:{quote(password)}@{host}:{port}/{system.database}",
    )


def _claim(cursor: "pymysql.cursors.Cursor", database: str, province: str) -> None:
    """Marks the database as this province's own; one with other tables or another mark is left alone."""
    cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,))
    tables = {str(name) for (name,) in cursor.fetchall()}
    if not tables:
        cursor.execute(f"CREATE TABLE `{database}`.simulator_province (name varchar(255))")
        cursor.execute(f"INSERT INTO `{database}`.simulator_province VALUES (%s)", (province,))
        return
    there = "tables of somebody else"
    if "simulator_province" in tables:
        cursor.execute(f"SELECT name FROM `{database}`.simulator_province")
        row = cursor.fetchone()
        there = str(row[0]) if row else "nothing"
    if there != province:
        raise SettingsError(
            f"the MariaDB database {database} belongs to something else",
            found=there,
            allowed=province,
            next_step=f"drop {database}, or give GOVPIPES_MARIADB_URL another server",
        )
