"""Fuse an entity, then do what follows: links that are matched, views of links and findings, what is special to it.

`AFTER` is the whole list of special cases: entity -> what runs after its fusion.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import monotonic

from govpipes.catalogue.model import Entity
from govpipes.pipeline.fuse import Fusion, conflicts, fuse_entity
from govpipes.pipeline.workspace import Workspace, explaining
from govpipes.registries.addresses import put_parser
from govpipes.registries.credit import ensure_profiles
from govpipes.registries.links import ensure_links, waiting
from govpipes.registries.rules import broken, ensure_findings
from govpipes.registries.subjects import link_subjects

Key = tuple[str, str]
"""(registry, entity)."""

AFTER: Mapping[Key, Callable[[Workspace], None]] = {
    ("credit", "record"): ensure_profiles,
    ("geospatial", "address"): put_parser,
}


@explaining()
def fuse(ws: Workspace, registry: str, entity: str, run_id: str) -> Fusion:
    """Bring an entity's golden table, and what is special to it, up to date.

    Raises WarehouseError when the lake cannot be written.
    """
    started = monotonic()
    fusion = fuse_entity(ws, registry, entity, run_id)
    known = ws.catalogue.entity(registry, entity)
    linked = sum(link_subjects(ws, known, link, run_id) for link in known.links)
    if (registry, entity) in AFTER:
        AFTER[registry, entity](ws)
    ensure_links(ws)
    ensure_findings(ws, f"{registry}.{entity}")
    return replace(fusion, updated=fusion.updated + linked, seconds=round(monotonic() - started, 3))


@dataclass(frozen=True, slots=True)
class Findings:
    """What a department should look at: values that lost against another's, links that wait, rules that are broken."""

    conflicts: list[dict[str, str | int | None]]
    waiting: list[dict[str, str | int | None]]
    broken: list[dict[str, str | int | None]]


def findings(ws: Workspace, registry: str, entity_name: str) -> Findings:
    """What is to be looked at in an entity's golden records as they are now; see pipeline.fuse, links and rules."""
    entity = ws.catalogue.entity(registry, entity_name)
    return Findings(conflicts(ws, entity), waiting(ws, entity), broken(ws, entity))


def reads(entity: Entity) -> tuple[Key, ...]:
    """The entities that have to be fused before this one: those among which its links are matched."""
    targets = [target.split(".") for link in entity.links if link.matching for target in link.to]
    return tuple((registry, name) for registry, name in targets)
