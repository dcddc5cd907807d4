"""The health department's births on a MariaDB or MySQL, when `GOVPIPES_MARIADB_URL` names an administrator's address.

Only the database, its table and its reader are made here; rows are written by `delivery.py`.
"""

import secrets
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

import pymysql

from govpipes.errors import SettingsError
from govpipes.simulator.datasets import System

_TYPES = {"timestamp": "datetime", "integer": "int"}


def ensure(url: str, system: System, layouts: Mapping[str, list[str]], known: str | None) -> tuple[str, str]:
    """Makes the database, its tables and a reader; returns the administrator's and the reader's URL.

    Raises SettingsError when the server cannot be reached or refuses.
    """
    from govpipes.simulator.systems import datasets_of

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
            cursor.execute(f"CREATE USER IF NOT EXISTS `{role}`@`%%` IDENTIFIED BY %s", (password,))
            cursor.execute(f"ALTER USER `{role}`@`%%` IDENTIFIED BY %s", (password,))
            cursor.execute(f"GRANT SELECT ON `{system.database}`.* TO `{role}`@`%`")
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
