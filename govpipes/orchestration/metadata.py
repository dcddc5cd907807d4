"""What people read in the Dagster UI about an asset: facts of its contract, and of each of its runs.

Here: turning contracts and results of steps into Dagster's metadata. Not here: deciding anything from them.
Personal values never appear, except masked by the pipeline's own preview.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from govpipes.catalogue.model import Contract, Department, Entity
from govpipes.pipeline.expectations import Outcome
from govpipes.pipeline.land import Landing
from govpipes.pipeline.maintain import Maintained
from govpipes.pipeline.publish import Publication
from govpipes.pipeline.standardize import Candidate
from govpipes.pipeline.verify import Verdict, describe
from govpipes.standards import ELEMENTS

Metadata = dict[str, Any]

_MARKS = {True: "通过 passed", False: "未通过 failed"}


# -- definitions --------------------------------------------------------------------------------------------------


def description(contract: Contract) -> str:
    """A dataset's title and abstract, as in the catalogue."""
    return f"**{contract.title.zh}** · {contract.title.en}\n\n{contract.abstract}"


def owners(contract: Contract) -> list[str]:
    """The department that answers for the dataset."""
    return [f"team:{contract.provider}"]


def tags(contract: Contract) -> dict[str, str]:
    """What datasets are searched by: registry, entity, department, cycle and kind of sharing."""
    return {
        "dataset": contract.dataset,
        "registry": contract.registry,
        "entity": contract.entity,
        "provider": contract.provider,
        "cycle": str(contract.update.cycle),
        "share": str(contract.share.type),
    }


def contract_facts(contract: Contract, department: Department | None) -> Metadata:
    """The contract's terms, on every asset of the dataset; `department` is its provider."""
    source = contract.source
    return {
        "title": contract.title.zh,
        "provider": f"{department.title.zh} ({contract.provider})" if department else contract.provider,
        "update_cycle": str(contract.update.cycle),
        "due": f"{contract.update.due} Asia/Shanghai",
        "share": f"{contract.share.type} {contract.share.condition or ''}".strip(),
        "source_system": source.system,
        "source": source.table or source.file or "",
        "source_mode": str(source.mode),
        "contract_sha256": contract.sha256,
    }


def item_columns(contract: Contract) -> dg.TableSchema:
    """The dataset's items as columns: type, Chinese and English title, data element and its sensitivity."""
    return dg.TableSchema(
        columns=[
            _column(item.name, item.element, item.title.zh, item.title.en, required=item.required)
            for item in contract.items
        ]
    )


def entity_columns(entity: Entity) -> dg.TableSchema:
    """The entity's items and derived items as columns."""
    items = [_column(i.name, i.element, i.title.zh, i.title.en, required=False) for i in entity.items]
    derived = [dg.TableColumn(d.name, d.type, description=f"{d.title.zh} {d.title.en}") for d in entity.derived]
    return dg.TableSchema(columns=items + derived)


def _column(name: str, element_name: str, zh: str, en: str, *, required: bool) -> dg.TableColumn:
    element = ELEMENTS[element_name]
    return dg.TableColumn(
        name,
        element.sql_type,
        description=f"{zh} {en}",
        constraints=dg.TableColumnConstraints(nullable=not required),
        tags={"element": element_name, "sensitivity": str(element.sensitivity)},
    )


def authorities(contracts: Sequence[Contract]) -> Metadata:
    """Which dataset's word counts for each item of an entity (一数一源), best first."""
    ranked: dict[str, list[tuple[int, str]]] = {}
    for contract in contracts:
        for item in contract.items:
            if item.authority is not None:
                ranked.setdefault(item.name, []).append((item.authority, contract.dataset))
    rows = [{"item": name, "authority": " > ".join(d for _, d in sorted(found))} for name, found in ranked.items()]
    return {"authority": table(rows)} if rows else {}


# -- runs ---------------------------------------------------------------------------------------------------------


def of_landing(landing: Landing) -> Metadata:
    """What was read."""
    facts: Metadata = {
        "dagster/row_count": landing.rows,
        "rows_read": landing.rows,
        "rows_new": landing.new_rows,
        "rows_skipped": len(landing.skipped),
        "seconds": landing.seconds,
        "landing_id": landing.landing_id,
        "path": dg.MetadataValue.path(landing.path),
        "unknown_columns": len(landing.unknown_columns),
    }
    if landing.unknown_columns:
        facts["unknown_column_names"] = ", ".join(landing.unknown_columns)
    if landing.missing_columns:
        facts["missing_column_names"] = ", ".join(landing.missing_columns)
    return facts


def of_candidate(candidate: Candidate, preview: str | None) -> Metadata:
    """What was accepted, what was quarantined and why, and a masked look at it."""
    read = candidate.rows_read
    facts: Metadata = {
        "dagster/row_count": candidate.accepted,
        "rows_read": read,
        "rows_accepted": candidate.accepted,
        "rows_quarantined": candidate.quarantined,
        "rows_flagged": candidate.flagged,
        "reject_rate": round(candidate.quarantined / read, 6) if read else 0.0,
        "seconds": candidate.seconds,
        "candidate_id": candidate.candidate_id,
        "candidate_sha256": candidate.sha256,
    }
    if candidate.reasons:
        facts["reasons"] = _histogram(candidate.reasons)
        facts["quarantine"] = dg.MetadataValue.path(candidate.quarantine_path)
    if candidate.flags:
        facts["flags"] = _histogram(candidate.flags)
    if candidate.datum:
        facts["datum"] = str(candidate.datum)
        facts["datum_points"] = candidate.datum.points
    if preview:
        facts["preview"] = dg.MetadataValue.md(preview)
    return facts


def of_publication(publication: Publication) -> Metadata:
    """What changed in the warehouse."""
    return {
        "dagster/row_count": publication.inserted + publication.updated + publication.unchanged,
        "rows_published": publication.inserted + publication.updated,
        "rows_inserted": publication.inserted,
        "rows_updated": publication.updated,
        "rows_unchanged": publication.unchanged,
        "rows_superseded": publication.superseded,
        "rows_withdrawn": publication.withdrawn,
        "rows_late": publication.late,
        "publication_id": publication.publication_id,
        "snapshot_id": publication.snapshot_id,
        "already_published": publication.already,
        "seconds": publication.seconds,
    }


def of_maintenance(done: Maintained) -> Metadata:
    """What a maintenance removed."""
    facts: Metadata = {
        "releases_removed": len(done.releases),
        "snapshots_forgotten": done.snapshots,
        "files_deleted": done.files + done.orphans + done.leftovers,
        "bytes_deleted": sum(done.bytes.values()),
        "events_removed": done.events,
    }
    if done.compacted:
        facts["compacted"] = table(
            [{"table": name, "files_before": old, "files_after": new} for name, (old, new) in done.compacted.items()]
        )
    return facts


def of_outcomes(verdict: Verdict, severity: str) -> Metadata:
    """A verdict's outcomes of one severity: a table to read, and a number per expectation to plot over the days."""
    outcomes = [o for o in verdict.outcomes if o.severity == severity]
    failed = sum(not o.passed for o in outcomes)
    facts: Metadata = {"expectations": len(outcomes), "expectations_failed": failed, "seconds": verdict.seconds}
    if outcomes:
        facts["outcomes"] = table([_outcome_row(o) for o in sorted(outcomes, key=lambda o: o.passed)])
    for outcome in outcomes:
        number = _number(outcome)
        if number is not None:
            facts.setdefault(f"{outcome.item}: {outcome.expectation}" if outcome.item else outcome.expectation, number)
    if verdict.error:
        facts["error"] = verdict.error
    return facts


def outcome_summary(verdict: Verdict, severity: str) -> str:
    """The failed outcomes of one severity in words, one a line."""
    if verdict.error and severity == "block":
        return f"the checks could not be run: {verdict.error}"
    failed = [describe(o) for o in verdict.outcomes if not o.passed and o.severity == severity]
    return "\n\n".join(failed) or "全部通过 all passed"


def table(rows: Sequence[Mapping[str, str | int | float | bool | None]]) -> dg.TableMetadataValue:
    """A table for the UI; every row has the first row's columns."""
    return dg.MetadataValue.table(records=[dg.TableRecord(dict(row)) for row in rows])


def _histogram(counts: Mapping[str, int]) -> dg.TableMetadataValue:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return table([{"item": code.rpartition(":")[0], "code": code.rpartition(":")[2], "rows": n} for code, n in ranked])


def _outcome_row(outcome: Outcome) -> dict[str, str | int | float | bool | None]:
    return {
        "result": "出错 error" if outcome.error else _MARKS[outcome.passed],
        "item": outcome.item or "",
        "expectation": outcome.expectation,
        "observed": "" if outcome.observed is None else str(outcome.observed),
        "allowed": outcome.allowed,
        "unexpected": "" if outcome.unexpected is None else str(outcome.unexpected),
        "share": "" if outcome.unexpected_share is None else f"{outcome.unexpected_share:.4%}",
        "error": outcome.error or "",
    }


def _number(outcome: Outcome) -> float | None:
    if isinstance(outcome.observed, int | float):
        return float(outcome.observed)
    return None if outcome.unexpected_share is None else float(outcome.unexpected_share)
