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
from govpipes.errors import GovpipesError
from govpipes.orchestration import metadata
from govpipes.orchestration.calendar import Calendar, freshness
from govpipes.orchestration.failures import explained
from govpipes.orchestration.names import CANDIDATE, CLAIMS, GATE, LANDING, WARNINGS, stage_key
from govpipes.orchestration.opened import Opened
from govpipes.pipeline.land import Reader
from govpipes.pipeline.verify import Verdict

DayEvent = dg.MaterializeResult[None] | dg.AssetCheckResult
DatasetEvents = Iterator[DayEvent | dg.AssetMaterialization | dg.AssetCheckEvaluation]

MAX_PERIODS = 62
"""At most so many periods in one run: what a kill can cost, and what one reading of the source covers."""

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
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=MAX_PERIODS),
        description=metadata.description(contract),
    )
    def dataset_days(context: dg.AssetExecutionContext) -> DatasetEvents:
        days = [date.fromisoformat(key) for key in context.partition_keys]
        with explained(), pipeline.read_together(opened.workspace, contract, _to_land(context, days)) as read:
            if len(days) == 1:
                yield from _run(context, opened, contract, days[0], read)
            else:
                yield from _run_all(context, opened, contract, days, read)

    return dataset_days


def _to_land(context: dg.AssetExecutionContext, days: list[date]) -> list[date]:
    return days if any(key.path[0] == LANDING for key in context.selected_asset_keys) else []


def _run_all(
    context: dg.AssetExecutionContext, opened: Opened, contract: Contract, days: list[date], read: Reader | None
) -> DatasetEvents:
    """Every day by itself: one that is held or fails stops no other. Dagster has one result per step, so the step
    fails in the end when a day did, and what became of each day is in events of its partition.
    """
    stopped: dict[date, str] = {}
    for day in days:
        try:
            for event in _run(context, opened, contract, day, read):
                yield _of_partition(event, day, contract)
        except (GovpipesError, dg.Failure) as error:
            stopped[day] = str(error.description if isinstance(error, dg.Failure) else error)
    if stopped:
        told = "\n\n".join(stopped.values())
        raise dg.Failure(
            f"{contract.dataset}: {len(stopped)} of {len(days)} days held or failed, the others went on\n\n{told}",
            metadata={"days": ", ".join(map(str, stopped))},
            allow_retries=False,
        )


def _of_partition(event: DayEvent, day: date, contract: Contract) -> dg.AssetMaterialization | dg.AssetCheckEvaluation:
    """A result of the step as an event of one partition: in a run of many, a result would count for all of them."""
    assert event.asset_key is not None
    key = event.asset_key if isinstance(event.asset_key, dg.AssetKey) else dg.AssetKey(event.asset_key)
    if isinstance(event, dg.AssetCheckResult):
        assert event.check_name is not None
        return dg.AssetCheckEvaluation(
            asset_key=key,
            check_name=event.check_name,
            passed=event.passed,
            severity=event.severity,
            description=event.description,
            metadata=event.metadata,
            blocking=event.check_name == GATE,
            partition=day.isoformat(),
        )
    tags = {} if key.path[0] == LANDING else {"dagster/code_version": contract.sha256[:16]}
    if event.data_version is not None:
        tags["dagster/data_version"] = event.data_version.value
    return dg.AssetMaterialization(key, metadata=event.metadata, partition=day.isoformat(), tags=tags)


def _run(
    context: dg.AssetExecutionContext, opened: Opened, contract: Contract, day: date, read: Reader | None
) -> Iterator[DayEvent]:
    """The selected stages of one dataset-day, in order; whether claims alone may be published, publish decides."""
    run_id = context.run.run_id
    stages = {key.path[0] for key in context.selected_asset_keys}
    ws = opened.workspace
    where = f"{contract.dataset} {day}"
    if LANDING in stages:
        opened.report(f"{where}: land")
        landing = pipeline.land(ws, contract, day, run_id, read)
        if contract.source.sweep is not None:
            pipeline.sweep(ws, contract, day, run_id)
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


def _judged(opened: Opened, contract: Contract, day: date, run_id: str) -> Iterator[DayEvent]:
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
