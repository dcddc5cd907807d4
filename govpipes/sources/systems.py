"""Source systems and their addresses: environment, then `$GOVPIPES_HOME/systems.yaml`, then `data/systems.yaml`.

Addresses hold passwords; only `System.shown` may appear in messages, logs and manifests.
"""

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from govpipes.errors import SourceError
from govpipes.settings import Settings


@dataclass(frozen=True, slots=True)
class System:
    """A department's system: its name in the contracts and its address (see `resolve` for the forms)."""

    name: str
    url: str = field(repr=False)

    @property
    def scheme(self) -> str:
        """What kind of address it is, without SQLAlchemy's driver: `file`, `postgresql`, `mysql`, `sqlite`, …"""
        scheme = self.url.partition(":")[0].partition("+")[0].lower()
        return {"postgres": "postgresql"}.get(scheme, scheme)

    @property
    def folder(self) -> Path:
        """The folder of a `file:` system."""
        return Path(self.url.partition(":")[2].replace("//", "/"))

    @property
    def parts(self) -> URL:
        """The address taken apart. Raises SourceError (not showing it) when it cannot be."""
        try:
            return make_url(self.url)
        except (ArgumentError, ValueError):
            raise SourceError(
                f"the address of the source system {self.name} cannot be understood",
                found="(not shown: it may hold a password)",
                allowed=_FORMS,
            ) from None

    @property
    def password(self) -> str | None:
        """The secret part of the address, to keep it out of messages."""
        return None if self.scheme == "file" else self.parts.password

    @property
    def shown(self) -> str:
        """The address without its password."""
        return self.url if self.scheme == "file" else self.parts.render_as_string(hide_password=True)


_FORMS = (
    "postgresql://user:password@host:port/database · mysql://… (also MariaDB) · sqlite:////folder/file.db · "
    "file:/folder · any other SQLAlchemy URL"
)


def resolve(settings: Settings, data_dir: Path, system: str) -> System:
    """The address of a source system.

    Looked up in `GOVPIPES_SYSTEM_<NAME>`, `$GOVPIPES_HOME/systems.yaml`, `<data_dir>/systems.yaml`, in this order.
    A relative `file:` folder lies beside the YAML file that names it (for the environment: below data_dir).
    Raises SourceError when it is nowhere, naming the nearest known systems, or when a file cannot be read.
    """
    from_env = settings.systems.get(system.lower())
    if from_env:
        return System(system, _absolute(from_env, data_dir))
    known: set[str] = set(settings.systems)
    for file in (settings.systems_file, data_dir / "systems.yaml"):
        addresses = _read(file)
        if system in addresses:
            return System(system, _absolute(addresses[system], file.parent))
        known |= set(addresses)
    close = difflib.get_close_matches(system, sorted(known), n=3)
    raise SourceError(
        f"the source system {system} has no address",
        found=f"known systems: {', '.join(sorted(known)) or 'none'}" + (f" (nearest: {close[0]})" if close else ""),
        allowed=_FORMS,
        next_step=f"set GOVPIPES_SYSTEM_{system.upper()} or add {system} to {settings.systems_file}",
    )


def _absolute(url: str, base: Path) -> str:
    scheme, _, rest = url.partition(":")
    if scheme != "file":
        return url
    path = rest[2:] if rest.startswith("//") else rest
    return f"file:{(base / path).resolve()}"


def _read(file: Path) -> dict[str, str]:
    try:
        raw: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        # The parser's own message quotes the line, which may hold a password.
        raise SourceError(f"{file}{line} is not valid YAML") from None
    systems = (raw or {}).get("systems") if isinstance(raw or {}, dict) else None
    if raw and not isinstance(systems, dict):
        raise SourceError(f"{file} has no mapping `systems`", allowed="systems: {name: {url: …}}")
    return {str(name): _url(file, str(name), entry) for name, entry in (systems or {}).items()}


def _url(file: Path, name: str, entry: object) -> str:
    if isinstance(entry, dict) and isinstance(entry.get("url"), str):
        return str(entry["url"])
    raise SourceError(f"{file}: the system {name} has no url", allowed="systems: {name: {url: …}}")
