"""Maintenance as Dagster runs it, and Dagster's own event log, which Dagster never shortens (dagster#33785).

What is done to the warehouse is pipeline/maintain.py's. Of the log, what asset pages, partitions and check histories
are made of is kept; the rest of what old runs said goes.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg
from sqlalchemy import text

from govpipes.orchestration import metadata
from govpipes.orchestration.calendar import ZONE
from govpipes.orchestration.failures import explained
from govpipes.orchestration.opened import Opened
from govpipes.pipeline.maintain import Maintained, maintain, plan
from govpipes.pipeline.workspace import Workspace

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
_OLD_EVENTS = (
    "FROM event_logs e JOIN runs r USING (run_id) "
    "WHERE r.status IN ('SUCCESS', 'FAILURE', 'CANCELED') AND r.end_time < :before "
    f"AND coalesce(e.dagster_event_type, '') NOT IN ({', '.join(map(repr, _KEPT))})"
)


def maintenance_job(opened: Opened) -> tuple[dg.JobDefinition, dg.ScheduleDefinition]:
    """The job `maintain`, and its schedule: Sundays at three, off until somebody turns it on."""

    @dg.op(description="维护：合并小文件，清理过期版本、快照和日志。Compacts, and removes what is old.")
    def keep_small(context: dg.OpExecutionContext) -> None:
        with explained():
            done = maintain_all(opened.workspace, context.instance, context.run.run_id)
        context.add_output_metadata(metadata.of_maintenance(done))

    @dg.job(
        name="maintain",
        executor_def=dg.in_process_executor,
        description="维护：清理过期版本、快照、文件和日志，合并小文件；保留多久见设置 GOVPIPES_KEEP_*。"
        "Removes what is old, compacts what is scattered; what was done is in the step's metadata and in the ledger.",
    )
    def job() -> None:
        keep_small()

    return job, dg.ScheduleDefinition(
        name="maintain_weekly", job=job, cron_schedule="0 3 * * 0", execution_timezone=ZONE
    )


def maintain_all(ws: Workspace, instance: dg.DagsterInstance, run_id: str | None) -> Maintained:
    """Maintain warehouse and Dagster's log; see govpipes.pipeline.maintain."""
    kept = ws.settings.kept
    return maintain(ws, kept, run_id, lambda: remove_events(instance, kept.events))


def plan_all(ws: Workspace, instance: dg.DagsterInstance) -> Maintained:
    """What `maintain_all` would do now."""
    kept = ws.settings.kept
    return plan(ws, kept, lambda: count_events(instance, kept.events))


def count_events(instance: dg.DagsterInstance, older_than: timedelta) -> int:
    """How many events `remove_events` would delete."""
    with instance.event_log_storage.index_connection() as con:  # type: ignore[attr-defined]
        return int(con.execute(text(f"SELECT count(*) {_OLD_EVENTS}"), {"before": _before(older_than)}).scalar_one())


def remove_events(instance: dg.DagsterInstance, older_than: timedelta) -> int:
    """Delete events of runs that ended before; how many. Runs, materializations and checks stay."""
    query = text(f"DELETE FROM event_logs WHERE id IN (SELECT e.id {_OLD_EVENTS} LIMIT {_BATCH})")
    before = _before(older_than)
    removed, more = 0, True
    while more:
        with instance.event_log_storage.index_connection() as con:  # type: ignore[attr-defined]
            found = int(con.execute(query, {"before": before}).rowcount)
        removed, more = removed + found, found == _BATCH
    return removed


def _before(older_than: timedelta) -> float:
    return (datetime.now(UTC) - older_than).timestamp()
