"""The assets after publication: an entity's golden records, and the release of the whole warehouse.

They have no partitions: fusing works off whatever was published since it last ran. They run apart from the datasets,
so that a held or failed dataset-day keeps nobody from the others' news (DESIGN.md D2).
"""

from collections.abc import Iterator

import dagster as dg

from govpipes import pipeline, registries
from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Contract, Entity
from govpipes.orchestration import metadata
from govpipes.orchestration.failures import explained
from govpipes.orchestration.names import CLAIMS, CONFLICTS, ORPHANS, RULES, entity_key, release_key, stage_key
from govpipes.orchestration.opened import Opened


def entity_asset(entity: Entity, catalogue: Catalogue, opened: Opened) -> dg.AssetsDefinition:
    """The golden records of an entity, made from the claims of the datasets that speak of it."""
    contracts = list(catalogue.contracts_of(entity))
    first = [catalogue.entity(*other) for other in registries.reads(entity)]

    @dg.asset(
        key=entity_key(entity.registry, entity.table),
        check_specs=_checks(entity),
        deps=[
            *(stage_key(CLAIMS, contract.dataset) for contract in contracts),
            *(entity_key(other.registry, other.table) for other in first),
        ],
        group_name=entity.registry,
        description=_description(entity, contracts),
        owners=sorted({owner for contract in contracts for owner in metadata.owners(contract)}),
        tags={"registry": entity.registry, "entity": entity.entity},
        kinds={"duckdb", "ducklake"},
        metadata={
            "dagster/column_schema": metadata.entity_columns(entity),
            "dagster/table_name": f"{entity.registry}.{entity.table}",
            "title": entity.title.zh,
            "key": entity.key,
            **metadata.authorities(contracts),
        },
    )
    def golden_records(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        opened.report(f"{entity.registry}.{entity.table}: fuse")
        with explained():
            fusion = registries.fuse(opened.workspace, entity.registry, entity.entity, context.run.run_id)
            found = registries.findings(opened.workspace, entity.registry, entity.entity)
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": fusion.entities,
                "entities": fusion.entities,
                "versions_added": fusion.versions,
                "rows_inserted": fusion.inserted,
                "rows_updated": fusion.updated,
                "rows_unchanged": fusion.unchanged,
                "rows_removed": fusion.removed,
                "seconds": fusion.seconds,
            },
        )
        yield from _results(entity, found)

    return golden_records


def _checks(entity: Entity) -> list[dg.AssetCheckSpec]:
    key = entity_key(entity.registry, entity.table)
    told = "部门间不一致：黄金记录未采用的值。Values that another department's outranks, or that cannot be true."
    specs = [dg.AssetCheckSpec(CONFLICTS, asset=key, description=told)]
    if entity.links:
        told = "关联待解：对方记录尚未到达。Records that wait for the other side of a link."
        specs.append(dg.AssetCheckSpec(ORPHANS, asset=key, description=told))
    if entity.rules:
        told = "规则核查：" + "、".join(rule.title.zh for rule in entity.rules)
        specs.append(dg.AssetCheckSpec(RULES, asset=key, description=told))
    return specs


def _results(entity: Entity, found: registries.Findings) -> list[dg.AssetCheckResult]:
    """Warnings for the departments: neither keeps anything from being released."""
    listed = {CONFLICTS: (found.conflicts, "records", "by_department")}
    if entity.links:
        listed[ORPHANS] = (found.waiting, "orphans", "by_department")
    if entity.rules:
        listed[RULES] = (found.broken, "records", "by_rule")
    results = []
    for name, (rows, counted, by) in listed.items():
        number = sum(int(str(row[counted])) for row in rows)
        results.append(
            dg.AssetCheckResult(
                check_name=name,
                passed=number == 0,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={counted: number, **({by: metadata.table(rows)} if rows else {})},
            )
        )
    return results


def release_asset(entities: list[dg.AssetKey], opened: Opened) -> dg.AssetsDefinition:
    """The frozen, named version of the whole warehouse that readers open."""

    @dg.asset(
        key=release_key(),
        deps=entities,
        group_name="release",
        description="发布版本：全库某一时刻的只读版本，读者不等待，也看不到半天的数据。\n\n"
        "A frozen version of the whole warehouse: readers never wait and never see half a day.",
        kinds={"ducklake"},
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        opened.report("release")
        with explained():
            made = pipeline.release(opened.workspace, context.run.run_id)
        held = [{"dataset": str(h["dataset"]), "day": str(h["day"])} for h in made.held]
        return dg.MaterializeResult(
            metadata={
                "release": made.name,
                "unchanged": made.unchanged,
                "dagster/row_count": made.rows,
                "tables": made.tables,
                "dataset_days_held": len(held),
                "path": dg.MetadataValue.path(made.path),
                "seconds": made.seconds,
                **({"held": metadata.table(held)} if held else {}),
            }
        )

    return release


def _description(entity: Entity, contracts: list[Contract]) -> str:
    sources = "、".join(contract.title.zh for contract in contracts)
    return f"**{entity.title.zh}** · {entity.title.en}\n\n由以下数据按权威顺序逐项融合：{sources or '（暂无数据）'}"
