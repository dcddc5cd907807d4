"""Jobs and schedules: which datasets run together, and when.

Datasets of one cycle (and one first day) run in one job; those due at one time are asked for by one schedule.
What runs after them is in sensors.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import dagster as dg

from govpipes.catalogue.model import Contract
from govpipes.orchestration.calendar import ZONE, Calendar, by_calendar, cron, ended_period, suffix
from govpipes.orchestration.names import PRIORITY_DAILY, PRIORITY_TAG, STAGES, stage_key, sync_job


@dataclass(frozen=True, slots=True)
class SyncJob:
    """A job that syncs datasets of one calendar; `registry` when it is one registry's part."""

    name: str
    calendar: Calendar
    contracts: tuple[Contract, ...]
    registry: str | None = None

    @property
    def assets(self) -> dg.AssetSelection:
        """Every stage of its datasets."""
        return dg.AssetSelection.assets(*keys_of(self.contracts))

    def partition(self, day: date) -> str | None:
        """The key of the period that starts on `day`; None when it is before the first."""
        return day.isoformat() if self.calendar.has(day) else None


def sync_jobs(contracts: Sequence[Contract]) -> list[SyncJob]:
    """The job of each cycle, and of each registry within it."""
    return [*_jobs(contracts, None), *_registry_jobs(contracts)]


def cycle_jobs(contracts: Sequence[Contract]) -> list[SyncJob]:
    """The jobs that have each dataset exactly once."""
    return _jobs(contracts, None)


def define(job: SyncJob) -> Any:
    """The job as Dagster knows it (a type that Dagster does not export)."""
    what = f" of {job.registry}" if job.registry else ""
    return dg.define_asset_job(
        job.name,
        selection=job.assets,
        description=f"Sync the {job.calendar.cycle} datasets{what}: land, standardize, verify, publish.",
        tags={"cycle": str(job.calendar.cycle), **({"registry": job.registry} if job.registry else {})},
    )


def keys_of(contracts: Sequence[Contract]) -> list[dg.AssetKey]:
    """The assets of these datasets, all stages."""
    return [stage_key(stage, contract.dataset) for contract in contracts for stage in STAGES]


def schedules(contracts: Sequence[Contract]) -> list[dg.ScheduleDefinition]:
    """One schedule per calendar and due time; off until somebody turns it on (`dagster schedule start`, or the UI)."""
    made = []
    for job in cycle_jobs(contracts):
        due: dict[time, list[Contract]] = {}
        for contract in job.contracts:
            due.setdefault(contract.update.due_time, []).append(contract)
        made += [_schedule(job, at, due[at]) for at in sorted(due)]
    return made


def _jobs(contracts: Sequence[Contract], registry: str | None) -> list[SyncJob]:
    groups = by_calendar(contracts)
    return [
        SyncJob(sync_job(str(calendar.cycle), registry) + suffix(calendar, groups), calendar, tuple(found), registry)
        for calendar, found in groups.items()
    ]


def _registry_jobs(contracts: Sequence[Contract]) -> Iterator[SyncJob]:
    for registry in sorted({contract.registry for contract in contracts}):
        yield from _jobs([c for c in contracts if c.registry == registry], registry)


def _schedule(job: SyncJob, at: time, contracts: list[Contract]) -> dg.ScheduleDefinition:
    name = job.name.replace("_sync", f"_{at:%H%M}", 1)
    selection = keys_of(contracts) if len(contracts) < len(job.contracts) else None
    titles = "、".join(contract.title.zh for contract in contracts[:20])

    @dg.schedule(
        name=name,
        job_name=job.name,
        cron_schedule=cron(job.calendar.cycle, at),
        execution_timezone=ZONE,
        description=f"{at:%H:%M} {ZONE}: {titles}{' …' if len(contracts) > 20 else ''}",
    )
    def due(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        day = ended_period(job.calendar.cycle, context.scheduled_execution_time)
        key = job.partition(day)
        if key is None:
            return dg.SkipReason(f"{day} is before the first period, {job.calendar.start}")
        tags = {PRIORITY_TAG: str(PRIORITY_DAILY)}
        return dg.RunRequest(run_key=key, partition_key=key, asset_selection=selection, tags=tags)

    return due
