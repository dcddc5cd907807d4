"""What starts by itself when something has happened: golden records and a release after publications.

Here: deciding whether it is time. What runs then is an ordinary job.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from sqlalchemy import func, select

from govpipes.ledger import tables as t
from govpipes.orchestration.names import FUSE_JOB, KIND_TAG, PRIORITY_RECONCILE
from govpipes.orchestration.opened import Opened
from govpipes.orchestration.requests import request
from govpipes.pipeline.reconcile import reconcile

_RECONCILE = "reconcile"
_AT_ONCE = 40
"""At most so many dataset-days are asked for at once."""

_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def fuse_sensor(opened: Opened) -> dg.SensorDefinition:
    """Asks for `fuse_and_release` when runs have ended, well or not, and their publications wait to be fused."""

    @dg.sensor(
        name=f"{FUSE_JOB}_sensor",
        job_name=FUSE_JOB,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="同步结束后融合并发布版本。Fuses and releases once no run is under way and publications wait.",
    )
    def publications_wait(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        newest, at = newest_publication(opened)
        if newest is None or at is None:
            return dg.SkipReason("nothing has been published yet")
        if context.instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY), limit=1):
            return dg.SkipReason("runs are under way")
        fused = last_fused(context.instance)
        if fused is not None and at <= fused:
            return dg.SkipReason(f"everything published until {at:%Y-%m-%d %H:%M:%S} is fused")
        # The key makes it one request per newest publication: a fusion that failed is not asked for over and over.
        return dg.RunRequest(run_key=f"publication-{newest}")

    return publications_wait


def reconciler(opened: Opened, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Asks for what should be there and is not. Off until somebody turns it on, as it asks departments' systems."""
    contracts = list(opened.catalogue.contracts.values())

    @dg.sensor(
        name="reconciler",
        jobs=jobs,
        minimum_interval_seconds=600,
        description="核对：补跑缺失、失败、迟到、已更正的数据。Runs what is missing, broken off, late or corrected.",
    )
    def differences(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        own = dg.RunsFilter(statuses=_UNDER_WAY, tags={KIND_TAG: _RECONCILE})
        if context.instance.get_runs(own, limit=1):
            yield dg.SkipReason("what was asked for the last time is under way")
            return
        busy = context.instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY), limit=200)
        taken = {run.tags.get("dagster/partition") for run in busy}
        found = reconcile(opened.workspace, limit=_AT_ONCE)
        steps = {(d.dataset, d.day): d.steps for d in found.differences}
        asked = [work for work in found.works if work.days[0].isoformat() not in taken]
        if not asked:
            yield dg.SkipReason("everything that should be there is there, or under way")
        for work in asked:
            key = ",".join(f"{name}:{steps[name, work.days[0]]}" for name in work.datasets)
            yield request(
                contracts, work, run_key=f"{work.days[0]}:{key}", priority=PRIORITY_RECONCILE, kind=_RECONCILE
            )

    return differences


def newest_publication(opened: Opened) -> tuple[int | None, datetime | None]:
    """The number and time of the newest publication in the ledger; (None, None) when there is none."""
    p = t.publications.c
    with opened.workspace.ledger.engine.connect() as con:
        row = con.execute(select(func.max(p.publication_id), func.max(p.at))).one()
    return row[0], row[1]


def last_fused(instance: dg.DagsterInstance) -> datetime | None:
    """When the newest successful `fuse_and_release` began: what was published before is in it."""
    runs = instance.get_run_records(dg.RunsFilter(job_name=FUSE_JOB, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1)
    started = runs[0].start_time if runs else None
    return None if started is None else datetime.fromtimestamp(started, UTC)
