"""Starting and ending processes: ports, logs, and nothing left behind."""

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from govpipes.cli import serve
from govpipes.errors import SettingsError


def start(tmp_path: Path, code: str) -> serve.Child:
    log = tmp_path / "child.log"
    with log.open("wb") as stream:
        return serve.Child("daemon", serve._popen([sys.executable, "-c", code], stream), log)


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind((serve.LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} is taken"):
            serve.choose_port(port)
    assert serve.choose_port(port) == port
    assert serve.choose_port(None) > 0


def test_stopping_ends_children_and_theirs(tmp_path: Path) -> None:
    pid_file = tmp_path / "grandchild"
    code = (
        "import pathlib, signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        "sleeper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(sleeper.pid))\n"
        "signal.pause()\n"
    )
    child = start(tmp_path, code)
    give_up = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text()):
        assert time.monotonic() < give_up
    grandchild = int(pid_file.read_text())
    serve._stop([child])
    assert child.process.returncode == 0
    while running(grandchild):
        assert time.monotonic() < give_up


def test_a_child_that_ends_by_itself_is_told_with_its_log(tmp_path: Path) -> None:
    child = start(tmp_path, "import sys; sys.exit('the catalogue has 1 problem')")
    child.process.wait(30)
    with pytest.raises(SettingsError, match="the catalogue has 1 problem") as told:
        serve._check_alive([child])
    assert "ended by itself with code 1" in str(told.value)


def running(pid: int) -> bool:
    """Whether a process is there and not just waiting to be reaped."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
