"""`govpipes up` and `govpipes down`: PostgreSQL, the Dagster webserver and daemon on this machine.

Here: starting, watching and ending the processes. What Dagster shows is in `orchestration`; how the embedded PostgreSQL
is run is in `govpipes.postgres`. Dagster has no sign-in, so everything listens on loopback only.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Annotated

import typer

from govpipes.cli import output
from govpipes.cli.environment import export
from govpipes.cli.options import open_catalogue
from govpipes.errors import SettingsError
from govpipes.settings import ROOT, Settings

LOOPBACK = "127.0.0.1"
USUAL_PORT = 3000
_START_SECONDS = 120.0
_STOP_SECONDS = 20.0
_LOG_LINES = 15


@dataclass(frozen=True, slots=True)
class Child:
    """A process started here, leader of its own group, and its log."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path


class Stopped(Exception):
    """Somebody asked for the end: Ctrl-C or SIGTERM."""


def up(
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Default: 3000, or a free one where it is taken.")
    ] = None,
) -> None:
    """Start PostgreSQL and the Dagster UI.

    Webserver and daemon listen on loopback only; Ctrl-C stops all of them.
    """
    settings = Settings.from_env()
    settings.ensure_home()
    open_catalogue(settings)  # Dagster would start without its assets; a broken contract is better told here
    chosen = choose_port(port)
    with _signals():
        children: list[Child] = []
        try:
            export(settings)
            children.append(_start(settings, "webserver", *_webserver(chosen)))
            children.append(_start(settings, "daemon", *_daemon()))
            _wait_until_up(children, chosen)
            output.say(f"govpipes is up: http://{LOOPBACK}:{chosen}")
            output.say(f"logs: {settings.home / 'logs'} · Ctrl-C stops everything")
            _watch(children)
        except Stopped:
            output.say("\nstopping …")
        finally:
            _stop(children)
            _stop_postgres(settings)
    output.say("stopped")


def down(
    delete_data: Annotated[bool, typer.Option("--delete-data", help="Also delete ALL data of this home.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
) -> None:
    """Stop the embedded PostgreSQL.

    Other commands leave it running so that they start quickly.
    """
    from govpipes import postgres

    settings = Settings.from_env()
    places = [settings.home]
    if delete_data:
        # As root the server's data may lie outside the home.
        place = postgres.status(settings).place
        places += [place] if place and not place.is_relative_to(settings.home) else []
        if not yes:
            typer.confirm(f"delete {' and '.join(map(str, places))} with everything in it?", abort=True)
    if settings.postgres_url is not None:
        output.say("GOVPIPES_POSTGRES_URL is set: that server is not ours to stop")
    elif postgres.stop(settings):
        output.say("PostgreSQL is stopped")
    else:
        output.say("PostgreSQL was not running")
    if delete_data:
        for place in filter(Path.exists, places):
            shutil.rmtree(place)
            output.say(f"deleted {place}")


def choose_port(wanted: int | None) -> int:
    """The port asked for, the usual one, or a free one.

    Raises SettingsError when the port asked for is taken.
    """
    if wanted is not None:
        if not _free(wanted):
            raise SettingsError(f"port {wanted} is taken", next_step="leave --port out, or choose one that is free")
        return wanted
    if _free(USUAL_PORT):
        return USUAL_PORT
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _webserver(port: int) -> list[str]:
    return ["dagster-webserver", "-h", LOOPBACK, "-p", str(port), "-w", str(ROOT / "workspace.yaml")]


def _daemon() -> list[str]:
    return ["dagster-daemon", "run", "-w", str(ROOT / "workspace.yaml")]


def _start(settings: Settings, name: str, program: str, *arguments: str) -> Child:
    log = settings.home / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True, mode=0o700)
    command = [str(Path(sys.executable).parent / program), *arguments]
    with log.open("wb") as stream:
        process = _popen(command, stream)
    return Child(name, process, log)


def _popen(command: list[str], stream: IO[bytes]) -> "subprocess.Popen[bytes]":
    # A session of its own: Ctrl-C in the terminal reaches us alone, and we end the children in order.
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
    )


def _wait_until_up(children: list[Child], port: int) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while not _answers(port):
        _check_alive(children)
        if time.monotonic() > give_up:
            raise SettingsError(
                f"the webserver did not answer within {_START_SECONDS:.0f} seconds",
                found=_tail(children[0].log),
                next_step=f"read {children[0].log}",
            )
        time.sleep(0.2)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/server_info", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _watch(children: list[Child]) -> None:
    while True:
        _check_alive(children)
        time.sleep(0.5)


def _check_alive(children: list[Child]) -> None:
    for child in children:
        code = child.process.poll()
        if code is not None:
            raise SettingsError(
                f"the Dagster {child.name} ended by itself with code {code}",
                found=_tail(child.log),
                next_step=f"read {child.log}; `govpipes catalogue validate` shows whether the catalogue is at fault",
            )


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n    ".join(["", *lines[-_LOG_LINES:]])


def _stop(children: list[Child]) -> None:
    """End the children: politely, all at once, then whatever is left of their groups by force."""
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    give_up = time.monotonic() + _STOP_SECONDS
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.1, give_up - time.monotonic()))
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()


def _stop_postgres(settings: Settings) -> None:
    from govpipes import postgres

    if settings.postgres_url is None:
        postgres.stop(settings)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Within: Ctrl-C and SIGTERM raise Stopped once; a second one is ignored while the children end."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_IGN)
        raise Stopped

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
