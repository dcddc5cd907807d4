"""The address of PostgreSQL for everybody else: `ensure` is cheap to call and starts what does not run.

One process at a time makes or starts the embedded server of a home (file lock); the server outlives the
process that started it, so that the next command is fast, and ends with `stop`.
"""

import fcntl
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from govpipes.errors import SettingsError
from govpipes.postgres import cluster as clusters
from govpipes.postgres.cluster import DATABASE, HOST, Cluster, Status
from govpipes.settings import Settings

_LOG = logging.getLogger(__name__)


def ensure(settings: Settings) -> str:
    """The administrator's address of the database `govpipes`; makes and starts the embedded server if needed.

    With `GOVPIPES_POSTGRES_URL` set: that address, after a check that it answers.
    Raises SettingsError (never showing a password) when PostgreSQL cannot be had.
    """
    if settings.postgres_url is not None:
        _check_external(settings.postgres_url)
        return settings.postgres_url
    try:
        cluster = _running(settings) or _start(settings)
    except OSError as error:
        raise SettingsError(
            f"the embedded PostgreSQL cannot be made or started: {error.strerror}",
            found=str(error.filename or _folder(settings)),
            next_step="free disk space, set GOVPIPES_HOME to a folder of this user, or set GOVPIPES_POSTGRES_URL",
        ) from error
    return cluster.url()


def url(settings: Settings, database: str | None = None) -> str:
    """The administrator's address of `database` (default: the main database), after `ensure`."""
    base = ensure(settings)
    return base if database is None else _with_database(base, database)


def create_database(settings: Settings, name: str) -> str:
    """Make the database `name` unless it is there (UTF-8); returns its administrator's address.

    Raises SettingsError when the role may not make databases.
    """
    base = ensure(settings)
    try:
        with psycopg.connect(_libpq(base), autocommit=True) as con:
            _create(con, name)
    except psycopg.Error as error:
        raise SettingsError(
            f"the database {name} cannot be made",
            found=str(error).strip(),
            next_step="give the role of GOVPIPES_POSTGRES_URL the right CREATEDB, or make the database",
        ) from error
    return _with_database(base, name)


def stop(settings: Settings) -> bool:
    """Stop the embedded server; whether one was running. Does nothing to an external PostgreSQL.

    Raises SettingsError when it does not end.
    """
    folder = _folder(settings)
    if settings.postgres_url is not None or not folder.exists():
        return False
    with _locked(folder):
        cluster = clusters.find(folder)
        if cluster is None or cluster.pid() is None:
            return False
        cluster.stop()
        return True


def status(settings: Settings) -> Status:
    """What is there and whether it answers; starts nothing and raises only when state cannot be read."""
    if settings.postgres_url is not None:
        parts = urlsplit(settings.postgres_url)
        version, problem = _version(settings.postgres_url)
        address = f"{parts.hostname}:{parts.port or 5432}"
        return Status("external", version is not None, address, version=version, found=problem)
    cluster = clusters.find(_folder(settings)) if _folder(settings).exists() else None
    if cluster is None:
        return Status("embedded", running=False, found="not made yet")
    pid = cluster.pid()
    version, problem = _version(cluster.url()) if pid is not None else (None, None)
    return Status(
        "embedded",
        running=version is not None,
        address=f"{HOST}:{cluster.port}",
        place=cluster.place,
        account=_owner(cluster.data),
        pid=pid,
        version=version,
        found=problem,
    )


def _folder(settings: Settings) -> Path:
    return settings.home / "postgres"


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return str(path.stat().st_uid)


def _running(settings: Settings) -> Cluster | None:
    # Without the lock: the way almost every call takes.
    cluster = clusters.find(_folder(settings))
    if cluster is None or cluster.pid() is None:
        return None
    try:
        with psycopg.connect(cluster.url(), connect_timeout=5):
            return cluster
    except psycopg.Error:
        return None  # it is starting or stopping: wait for the lock


def _start(settings: Settings) -> Cluster:
    settings.ensure_home()
    folder = _folder(settings)
    folder.mkdir(mode=0o711, exist_ok=True)
    with _locked(folder):
        cluster = clusters.find(folder)
        if cluster is None:
            _retire_orphans(folder)
            cluster = clusters.make(folder)
            if cluster.place.parent != folder:
                _LOG.warning(
                    "the account %s cannot enter %s: the embedded PostgreSQL keeps its data in %s",
                    cluster.account.name,
                    folder,
                    cluster.place,
                )
        before = cluster.port
        if cluster.pid() is None:
            cluster = cluster.start()
        if cluster.port != before:
            _LOG.warning("port %d is taken: the embedded PostgreSQL is now on port %d", before, cluster.port)
            _follow_port(settings, before, cluster.port)
        _create_main_database(cluster)
        return cluster


def _retire_orphans(folder: Path) -> None:
    # Somebody removed the home to begin again. The data outside it is theirs to remove; its server must end.
    for orphan in clusters.orphans(folder):
        if orphan.pid() is not None:
            orphan.stop()
        _LOG.warning("%s holds the PostgreSQL of an earlier %s: remove it", orphan.place, folder.parent)


def _create_main_database(cluster: Cluster) -> None:
    try:
        with psycopg.connect(cluster.url("postgres"), autocommit=True, connect_timeout=30) as con:
            _create(con, DATABASE)
    except psycopg.Error as error:
        raise SettingsError(
            "the embedded PostgreSQL does not answer",
            found=str(error).strip(),
            next_step=f"read the logs in {cluster.data / 'log'}",
        ) from error


def _create(con: psycopg.Connection, name: str) -> None:
    there = con.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
    if there is not None:
        return
    try:
        # template0: a copy of template1 fails while anybody is connected to it.
        con.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return  # another process was faster


def _follow_port(settings: Settings, old: int, new: int) -> None:
    """Let the addresses of source systems that live in the embedded server follow it to its new port."""
    file = settings.systems_file
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return
    moved = re.sub(rf"@({re.escape(HOST)}|localhost):{old}/", rf"@\g<1>:{new}/", text)
    if moved != text:
        clusters.write_private(file, moved)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _check_external(address: str) -> None:
    version, problem = _version(address)
    if version is None:
        parts = urlsplit(address)
        raise SettingsError(
            f"the PostgreSQL of GOVPIPES_POSTGRES_URL ({parts.hostname}:{parts.port or 5432}) cannot be used",
            found=problem,
            allowed="postgresql://user:password@host:port/database, with the right to make schemas",
            next_step="correct GOVPIPES_POSTGRES_URL, or unset it to use the embedded PostgreSQL",
        )


def _version(address: str) -> tuple[str | None, str | None]:
    """The server's version, or what was found instead."""
    try:
        with psycopg.connect(_libpq(address), connect_timeout=10) as con:
            row = con.execute("SHOW server_version").fetchone()
            return (str(row[0]) if row else None), None
    except (psycopg.Error, UnicodeError) as error:
        password = urlsplit(address).password or ""
        text = str(error).strip()
        return None, text.replace(password, "***") if password else text


def _libpq(address: str) -> str:
    """The address as libpq reads it: without SQLAlchemy's driver name."""
    return re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", address)


def _with_database(address: str, database: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{database}"))
