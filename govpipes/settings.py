"""All settings, typed, in one object; the only module that reads the environment.

A setting belongs here when two installations of the same code may differ in it. What departments deliver
and what is allowed in their data belongs in the catalogue.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from govpipes.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent

_PRIVATE = ("landing", "candidate", "quarantine", "lake", "releases", "logs", "tmp")


@dataclass(frozen=True, slots=True)
class Kept:
    """What maintenance keeps: so many releases, snapshots and Dagster's events for so long.

    grace: files younger than this may belong to a writer that has not committed yet.
    """

    releases: int = 30
    snapshots: timedelta = timedelta(days=30)
    events: timedelta = timedelta(days=90)
    grace: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and how much of the machine may be used.

    home: runtime state (landing, candidates, quarantine, lake, releases, embedded PostgreSQL); never in git.
    data_dir: the catalogue, the code lists and the reference files.
    postgres_url: a PostgreSQL to use instead of the embedded one.
    mariadb_url: an administrator's URL of a MariaDB for the simulator's health department.
    threads: of every DuckDB connection.
    memory_gb: what a process that works on one connection may use (10^9 bytes); DuckDB itself is given four fifths of
    it, the rest is for Python and for what DuckDB does not count.
    kept: what maintenance keeps.
    systems: addresses of source systems from `GOVPIPES_SYSTEM_<NAME>`, by lower-case name.
    """

    home: Path
    data_dir: Path = ROOT / "data"
    postgres_url: str | None = field(default=None, repr=False)
    mariadb_url: str | None = field(default=None, repr=False)
    threads: int = 2
    memory_gb: float = 4.0
    kept: Kept = Kept()
    systems: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """The settings of this process: `GOVPIPES_*` variables over the defaults.

        Raises SettingsError when a value cannot be used.
        """
        env = os.environ if environ is None else environ
        prefix = "GOVPIPES_SYSTEM_"
        return cls(
            home=Path(env.get("GOVPIPES_HOME") or ROOT / ".govpipes").expanduser().absolute(),
            data_dir=Path(env.get("GOVPIPES_DATA") or ROOT / "data").expanduser().absolute(),
            postgres_url=env.get("GOVPIPES_POSTGRES_URL") or None,
            mariadb_url=env.get("GOVPIPES_MARIADB_URL") or None,
            threads=_number(env, "GOVPIPES_THREADS", min(os.cpu_count() or 1, 4)),
            memory_gb=_gigabytes(env, "GOVPIPES_MEMORY", 4.0),
            kept=Kept(
                releases=_number(env, "GOVPIPES_KEEP_RELEASES", 30),
                snapshots=timedelta(days=_number(env, "GOVPIPES_KEEP_SNAPSHOT_DAYS", 30)),
                events=timedelta(days=_number(env, "GOVPIPES_KEEP_EVENT_DAYS", 90)),
            ),
            systems={name[len(prefix) :].lower(): url for name, url in env.items() if name.startswith(prefix)},
        )

    @property
    def landing_dir(self) -> Path:
        """Immutable landed days: `<dataset>/<day>/<landing>/`."""
        return self.home / "landing"

    @property
    def candidate_dir(self) -> Path:
        """Standardized days waiting for, or holding, a verdict."""
        return self.home / "candidate"

    @property
    def quarantine_dir(self) -> Path:
        """Rejected rows with all their reasons."""
        return self.home / "quarantine"

    @property
    def lake_dir(self) -> Path:
        """The DuckLake's Parquet files."""
        return self.home / "lake"

    @property
    def releases_dir(self) -> Path:
        """Frozen versions of the warehouse and the pointer to the current one."""
        return self.home / "releases"

    @property
    def systems_file(self) -> Path:
        """Addresses and passwords of the source systems (mode 0600)."""
        return self.home / "systems.yaml"

    @property
    def temp_dir(self) -> Path:
        """Where DuckDB spills, and where files are made before they are moved into place."""
        return self.home / "tmp"

    @property
    def catalogue_dir(self) -> Path:
        """The contracts."""
        return self.data_dir / "catalogue"

    @property
    def codes_dir(self) -> Path:
        """The code lists."""
        return self.data_dir / "codes"

    def ensure_home(self) -> None:
        """Make the runtime folder; what is in it can be read by its owner alone (it holds personal data).

        The folder itself can be passed through, so that PostgreSQL's own account reaches its data in it.
        Raises SettingsError when it cannot be made.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o711)
            for private in _PRIVATE:
                (self.home / private).mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise SettingsError(
                f"the runtime folder {self.home} cannot be made: {error.strerror}",
                next_step="set GOVPIPES_HOME to a folder this user may write",
            ) from error


def _gigabytes(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    found = re.fullmatch(r"(\d+(?:\.\d+)?) *([GM])B", text.strip(), re.IGNORECASE)
    size = float(found[1]) / (1 if found[2] in "Gg" else 1000) if found else 0.0
    if size < 0.5:
        raise SettingsError(f"{name} cannot be used", found=text, allowed="a size from 500MB, as 4GB or 2500MB")
    return size


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdigit() or int(text) < 1:
        raise SettingsError(f"{name} cannot be used", found=text, allowed="a whole number from 1")
    return int(text)
