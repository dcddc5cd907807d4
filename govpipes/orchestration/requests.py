"""Work as Dagster runs: which job, which partitions, which assets, and who goes first.

One place for both ways to run: a request to the daemon, and a run in this process (runs.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from govpipes.catalogue.model import Contract
from govpipes.orchestration.jobs import SyncJob, cycle_jobs
from govpipes.orchestration.names import CANDIDATE, CLAIMS, KIND_TAG, PRIORITY_TAG, STAGES, stage_key
from govpipes.pipeline.work import Work

_RANGE_START, _RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass(frozen=True, slots=True)
class Run:
    """What Dagster is asked for: one partition, or a range of them in `tags`."""

    job: SyncJob
    contracts: tuple[Contract, ...]
    assets: list[dg.AssetKey]
    partition_key: str | None
    tags: dict[str, str]


def run_of(contracts: Sequence[Contract], work: Work) -> Run:
    """The run that does the work; all its datasets have one calendar."""
    job = next(job for job in cycle_jobs(contracts) if work.datasets[0] in {c.dataset for c in job.contracts})
    chosen = tuple(contract for contract in job.contracts if contract.dataset in work.datasets)
    stages = (CANDIDATE, CLAIMS) if work.from_landing else STAGES
    assets = [stage_key(stage, contract.dataset) for contract in chosen for stage in stages]
    first, last = work.days[0].isoformat(), work.days[-1].isoformat()
    if first == last:
        return Run(job, chosen, assets, first, {})
    return Run(job, chosen, assets, None, {_RANGE_START: first, _RANGE_END: last})


def request(contracts: Sequence[Contract], work: Work, *, run_key: str, priority: int, kind: str) -> dg.RunRequest:
    """The same as a request to the daemon."""
    run = run_of(contracts, work)
    return dg.RunRequest(
        run_key=run_key,
        job_name=run.job.name,
        partition_key=run.partition_key,
        asset_selection=run.assets,
        tags={**run.tags, PRIORITY_TAG: str(priority), KIND_TAG: kind},
    )
