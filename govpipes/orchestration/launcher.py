"""Whether the process of a run still lives: what run monitoring asks, and Dagster's own launcher cannot answer.

Without an answer a run that was killed together with whatever watched it (`kill -9` on `govpipes sync`, a power
failure) would be under way for ever: its slot would stay taken, and what waits until no run is under way would wait.
Named in dagster.yaml. How runs are started is Dagster's own.
"""

import dagster as dg
import psutil  # type: ignore[import-untyped]
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

_CLOCK_SECONDS = 60.0
"""The clock may have been set since a run began by at most this much."""


class WatchedRunLauncher(dg.DefaultRunLauncher):
    """DefaultRunLauncher that knows when the process of a run is gone, whoever started it on this machine."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process that began the run lives; a run nobody is known to have begun is left alone."""
        begun = self._instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_START)
        event = begun[-1].dagster_event if begun else None
        if event is None or event.pid is None or _lives(event.pid, begun[-1].timestamp):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        message = f"its process ({event.pid}) is gone; nothing is half done, run it again"
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, message)


def _lives(pid: int, at: float) -> bool:
    """Whether the process that was `pid` at a time (seconds since 1970, UTC) still runs: numbers are used again."""
    try:
        process = psutil.Process(pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= at + _CLOCK_SECONDS)
    except psutil.NoSuchProcess:
        return False
