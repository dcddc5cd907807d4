"""The operating-system account the embedded server runs under, and running its programs as that account.

PostgreSQL refuses to run as root. As root the server's programs therefore run as an unprivileged account,
which must be able to enter the server's folder and execute its programs. `cluster` decides where things lie.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from govpipes.errors import SettingsError

# In this order; an account that owns little is better than one that owns much.
_ACCOUNTS = ("nobody", "postgres", "daemon", "bin")


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server: numeric user and group, or None to run as this process does."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def run(self, command: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end, without this process's environment, folder or extra groups.

        Raises OSError when the account may not execute it.
        """
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            umask=0o077,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )

    def own(self, path: Path) -> None:
        """Give `path` to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_use(self, folder: Path) -> bool:
        """Whether the account can reach `folder` and make files in it."""
        script = 'cd -P -- "$1" && : > .probe && rm .probe'
        try:
            return self.run(["/bin/sh", "-c", script, "sh", folder]).returncode == 0
        except OSError:
            return False

    def can_execute(self, program: Path) -> bool:
        """Whether the account can reach and start `program`."""
        try:
            return self.run([program, "--version"]).returncode == 0
        except OSError:
            return False


def server_account(data: Path) -> Account:
    """The account to run a server with the data folder `data`, which need not be there yet.

    As an ordinary user that is the user. As root it is the owner of the folder, or else an unprivileged
    account. Raises SettingsError when there is none.
    """
    if os.geteuid() != 0:
        return Account(name=str(os.geteuid()))
    if data.exists() and data.stat().st_uid != 0:
        return _account(pwd.getpwuid(data.stat().st_uid))
    for name in _ACCOUNTS:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    others = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if others:
        return _account(others[-1])
    raise SettingsError(
        "the embedded PostgreSQL cannot run as root and there is no other account",
        allowed=f"one of the accounts {', '.join(_ACCOUNTS)}",
        next_step="add the account `nobody`, run as an ordinary user, or set GOVPIPES_POSTGRES_URL",
    )


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
