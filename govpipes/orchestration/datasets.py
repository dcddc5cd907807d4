"""The assets of a dataset: landing, candidate and claims, with the checks between them, in one op.

One op per dataset-day, because a table's day belongs in one process and a step costs more than a small day. What the
steps do is in govpipes.pipeline; here is their order, and what becomes visible of it.
"""

import warnings
from collections.abc import Iterator
from datetime import date

import dagster as dg

from govpipes import pipeline
from govpipes.catalogue.model import Contract, Department
from govpipes.orchestration import metadata
from govpipes.orchestration.calendar import Calendar, freshness
from govpipes.orchestration.failures import explained
from govpipes.orchestration.names import CANDIDATE, CLAIMS, GATE, LANDING, WARNINGS, stage_key
from govpipes.orchestration.opened import Opened
from govpipes.pipeline.verify import Verdict

DatasetEvents = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]

_PURPOSE = {
    LANDING: "落地：当日原始数据，只读，附清单。Rows as the department gave them, immutable.",
    CANDIDATE: "待检：按国家标准处理后的数据，等待裁决。Standardized rows that wait for their verdict.",
    CLAIMS: "发布：通过检验后写入数据湖。Rows published to the warehouse, with their history.",
}


def dataset_assets(contract: Contract, opened: Opened, source_kind: str) -> dg.AssetsDefinition:
    """The three assets and two checks of a dataset.

    source_kind: what its source is, as a Dagster kind (postgres, mysql, csv, excel …).
    """

    @dg.multi_asset(
        name=contract.dataset,
        specs=_specs(contract, opened.catalogue.departments.get(contract.provider), source_kind),
        check_specs=_checks(contract),
        can_subset=True,
        partitions_def=Calendar.of(contract).partitions,
        # A run of many days would give one check result for all of them, and fail them all for a bad one.
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        description=metadata.description(contract),
    )
    def dataset_day(context: dg.AssetExecutionContext) -> DatasetEvents:
        with explained():
            yield from _run(context, opened, contract)

    return dataset_day


def _run(context: dg.AssetExecutionContext, opened: Opened, contract: Contract) -> DatasetEvents:
    """The selected stages of one dataset-day, in order; whether claims alone may be published, publish decides."""
    day, run_id = date.fromisoformat(context.partition_key), context.run.run_id
    stages = {key.path[0] for key in context.selected_asset_keys}
    ws = opened.workspace
    where = f"{contract.dataset} {day}"
    if LANDING in stages:
        opened.report(f"{where}: land")
        landing = pipeline.land(ws, contract, day, run_id)
        yield dg.MaterializeResult(
            asset_key=stage_key(LANDING, contract.dataset), metadata=metadata.of_landing(landing)
        )
    if CANDIDATE in stages:
        yield from _judged(opened, contract, day, run_id)
    if CLAIMS in stages:
        opened.report(f"{where}: publish")
        publication = pipeline.publish(ws, contract, day, run_id)
        yield dg.MaterializeResult(
            asset_key=stage_key(CLAIMS, contract.dataset), metadata=metadata.of_publication(publication)
        )


def _judged(opened: Opened, contract: Contract, day: date, run_id: str) -> DatasetEvents:
    """Standardize and verify; a failing verdict shows in the checks, then holds the day."""
    ws, key = opened.workspace, stage_key(CANDIDATE, contract.dataset)
    opened.report(f"{contract.dataset} {day}: standardize")
    candidate = pipeline.standardize(ws, contract, day, run_id)
    yield dg.MaterializeResult(
        asset_key=key,
        metadata=metadata.of_candidate(candidate, pipeline.preview(ws, contract, candidate.path)),
        data_version=dg.DataVersion(candidate.sha256),
    )
    opened.report(f"{contract.dataset} {day}: verify")
    verdict = pipeline.verify(ws, contract, day, run_id)
    yield _check(key, verdict, GATE, "block")
    yield _check(key, verdict, WARNINGS, "warn")
    if not verdict.passed:
        why = metadata.outcome_summary(verdict, "block")
        raise dg.Failure(f"{contract.dataset} {day}: held, not published\n\n{why}", allow_retries=False)


def _check(key: dg.AssetKey, verdict: Verdict, name: str, severity: str) -> dg.AssetCheckResult:
    gate = name == GATE
    failed = any(not o.passed for o in verdict.outcomes if o.severity == severity)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=verdict.passed if gate else not failed,
        severity=dg.AssetCheckSeverity.ERROR if gate else dg.AssetCheckSeverity.WARN,
        description=metadata.outcome_summary(verdict, severity),
        metadata=metadata.of_outcomes(verdict, severity),
    )


def _specs(contract: Contract, department: Department | None, source_kind: str) -> list[dg.AssetSpec]:
    columns = {"dagster/column_schema": metadata.item_columns(contract)}
    table = {"dagster/table_name": f"claims.{contract.dataset}"}
    extra: dict[str, metadata.Metadata] = {LANDING: {}, CANDIDATE: columns, CLAIMS: columns | table}
    kinds = {LANDING: {source_kind, "parquet"}, CANDIDATE: {"duckdb", "parquet"}, CLAIMS: {"duckdb", "ducklake"}}
    facts, before = metadata.contract_facts(contract, department), {CANDIDATE: LANDING, CLAIMS: CANDIDATE}
    return [
        dg.AssetSpec(
            key=stage_key(stage, contract.dataset),
            deps=[stage_key(before[stage], contract.dataset)] if stage in before else [],
            group_name=contract.registry,
            description=f"{metadata.description(contract)}\n\n{purpose}",
            owners=metadata.owners(contract),
            tags=metadata.tags(contract),
            kinds=kinds[stage],
            # a changed contract makes standardized and published days stale, not what was landed
            code_version=None if stage == LANDING else contract.sha256[:16],
            metadata=facts | extra[stage],
            freshness_policy=freshness(contract) if stage == CLAIMS else None,
        )
        for stage, purpose in _PURPOSE.items()
    ]


def _checks(contract: Contract) -> list[dg.AssetCheckSpec]:
    key, partitions = stage_key(CANDIDATE, contract.dataset), Calendar.of(contract).partitions
    with warnings.catch_warnings():
        # partitioned checks are a preview in Dagster 1.13; without them a day's result would stand for all days
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                GATE,
                asset=key,
                blocking=True,
                partitions_def=partitions,
                description="裁决：不通过则当日暂停发布。The verdict: a day that fails is held, not published.",
            ),
            dg.AssetCheckSpec(
                WARNINGS,
                asset=key,
                partitions_def=partitions,
                description="提醒：不阻止发布。What to look at; it does not hold the day.",
            ),
        ]
