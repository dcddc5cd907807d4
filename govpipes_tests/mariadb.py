"""CI's MariaDB, shared by test processes that run side by side: whoever uses it has it alone, and leaves it empty."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import pymysql
import pytest


@contextmanager
def one_mariadb() -> Iterator[str | None]:
    """An administrator's URL of CI's MariaDB, without a health department in it; None where there is none.

    CI (.ci/run) gives one and allows no skipping.
    """
    url = os.environ.get("GOVPIPES_MARIADB_URL")
    if url is None:
        if os.environ.get("GOVPIPES_REQUIRE_MARIADB"):
            pytest.fail("GOVPIPES_REQUIRE_MARIADB is set, but GOVPIPES_MARIADB_URL is not")
        yield None
        return
    parts = urlsplit(url)
    with (Path(tempfile.gettempdir()) / f"govpipes-tests-mariadb-{parts.port}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for finished in (False, True):
            with _connected(parts) as con, con.cursor() as cursor:
                cursor.execute("DROP DATABASE IF EXISTS dept_health")
            if not finished:
                yield url


def _connected(parts: SplitResult) -> "pymysql.Connection[Any]":
    return pymysql.connect(
        host=parts.hostname or "", port=parts.port or 3306, user=parts.username, password=parts.password or ""
    )
