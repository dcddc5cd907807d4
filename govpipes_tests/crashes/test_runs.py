"""A Dagster run whose process is killed: what it had taken of Dagster is free again."""

import logging
import os
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from govpipes.orchestration import runs
from govpipes.orchestration.launcher import WatchedRunLauncher
from govpipes_tests.tiny import DAY, GOOD, Tiny

SYNC = """
import sys
from datetime import date
from govpipes import pipeline
from govpipes.orchestration import runs
from govpipes.settings import Settings

def publish(*_):
    print("there", flush=True)
    sys.stdin.read()

pipeline.publish = publish
runs.run_sync(Settings.from_env(), date.fromisoformat(sys.argv[1]))
"""
"""A sync that says when it has come to publish, and stays there."""


def stopped_in_publish() -> "subprocess.Popen[bytes]":
    """A sync of the day that has come to publish."""
    command = [sys.executable, "-c", SYNC, str(DAY)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"there\n"
    return process


def monitor(instance: dg.DagsterInstance) -> None:
    """What the daemon does every minute."""
    context: Any = SimpleNamespace(instance=instance, create_request_context=lambda: None)
    assert [error for error in execute_run_monitoring_iteration(context, logging.getLogger("test")) if error] == []


def under_way(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """The runs that take a slot."""
    return list(instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS_RUN_STATUSES)))


def test_a_killed_run_gives_its_slot_back(tiny: Tiny, exported: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVPIPES_POSTGRES_URL", tiny.postgres_url)
    tiny.add("people")
    tiny.put("people", [("1", GOOD[0], "王芳", "", "0", f"{DAY} 09:00:00")])
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.run_launcher, WatchedRunLauncher)
        process = stopped_in_publish()
        (run,) = under_way(instance)
        monitor(instance)
        assert under_way(instance) == [run], "a run whose process lives is left alone"

        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        monitor(instance)
        assert under_way(instance) == [], "its slot is free, though nobody has asked how the process ended"
        (failed,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        assert f"its process ({process.pid}) is gone" in (failed.get_dagster_event().message or "")
        process.communicate()
        assert process.returncode == -signal.SIGKILL

        result = runs.run_sync(tiny.settings, DAY, instance=instance)
        assert [found.state for found in result.dataset_days] == ["published"]
        assert result.release
