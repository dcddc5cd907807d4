"""Maintenance as Dagster runs it, and Dagster's own event log, which Dagster never shortens (dagster#33785).

What is done to the warehouse is pipeline/maintain.py's. Of the log, what asset pages, partitions and check histories
are made of is kept; the rest of what old runs said goes.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg
from sqlalchemy import text

from govpipes.orchestration.calendar import ZONE
from govpipes.orchestration.failures import explained
from govpipes.orchestration.opened import Opened
from govpipes.pipeline.maintain import maintain

_KEPT = (
    "ASSET_MATERIALIZATION",
    "ASSET_MATERIALIZATION_PLANNED",
    "ASSET_FAILED_TO_MATERIALIZE",
    "ASSET_OBSERVATION",
    "ASSET_CHECK_EVALUATION",
    "ASSET_CHECK_EVALUATION_PLANNED",
    "FRESHNESS_STATE_EVALUATION",
    "FRESHNESS_STATE_CHANGE",
)
_BATCH = 10_000
EVENTS = timedelta(days=90)
"""How long the events of a run are kept after it has ended."""


def maintenance_job(opened: Opened) -> tuple[dg.JobDefinition, dg.ScheduleDefinition]:
    """The job `maintain`, and its schedule: Sundays at three, off until somebody turns it on."""

    @dg.op(description="维护：合并小文件，清理过期版本、快照和日志。Compacts, and removes what is old.")
    def keep_small(context: dg.OpExecutionContext) -> None:
        with explained():
            done = maintain(opened.workspace)
        removed = remove_events(context.instance, EVENTS)
        context.log.info(f"{done}; {removed} events of Dagster removed")

    @dg.job(name="maintain", executor_def=dg.in_process_executor)
    def job() -> None:
        keep_small()

    return job, dg.ScheduleDefinition(
        name="maintain_weekly", job=job, cron_schedule="0 3 * * 0", execution_timezone=ZONE
    )


def remove_events(instance: dg.DagsterInstance, older_than: timedelta) -> int:
    """Delete events of runs that ended before; how many. Runs, materializations and checks stay."""
    before = (datetime.now(UTC) - older_than).timestamp()
    kept = ", ".join(f"'{name}'" for name in _KEPT)
    query = text(
        "DELETE FROM event_logs WHERE id IN (SELECT e.id FROM event_logs e JOIN runs r USING (run_id) "
        "WHERE r.status IN ('SUCCESS', 'FAILURE', 'CANCELED') AND r.end_time < :before "
        f"AND coalesce(e.dagster_event_type, '') NOT IN ({kept}) LIMIT {_BATCH})"
    )
    removed, more = 0, True
    while more:
        with instance.event_log_storage.index_connection() as con:  # type: ignore[attr-defined]
            found = int(con.execute(query, {"before": before}).rowcount)
        removed, more = removed + found, found == _BATCH
    return removed
