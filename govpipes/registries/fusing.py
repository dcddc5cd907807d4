"""Fuse an entity, then do what is special to it.

`AFTER` is the whole list of special cases: entity -> what runs after its fusion, and which other entities that reads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import monotonic

from govpipes.pipeline.fuse import Fusion, conflicts, fuse_entity
from govpipes.pipeline.workspace import Workspace, explaining
from govpipes.registries.credit import link_subjects
from govpipes.registries.links import ensure_links, waiting
from govpipes.registries.rules import broken, ensure_findings

Key = tuple[str, str]
"""(registry, entity)."""


@dataclass(frozen=True, slots=True)
class After:
    """run: makes the special tables, returns how many of their rows changed; reads: the entities it needs first."""

    run: Callable[[Workspace, str], int]
    reads: tuple[Key, ...]


AFTER: Mapping[Key, After] = {
    ("credit", "record"): After(link_subjects, (("population", "person"), ("legal_entity", "organization"))),
}


@explaining()
def fuse(ws: Workspace, registry: str, entity: str, run_id: str) -> Fusion:
    """Bring an entity's golden table, and what is special to it, up to date.

    Raises WarehouseError when the lake cannot be written.
    """
    started = monotonic()
    fusion = fuse_entity(ws, registry, entity, run_id)
    after = AFTER.get((registry, entity))
    linked = after.run(ws, run_id) if after else 0
    ensure_links(ws)
    ensure_findings(ws)
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


def reads(registry: str, entity: str) -> tuple[Key, ...]:
    """The entities that have to be fused before this one."""
    after = AFTER.get((registry, entity))
    return after.reads if after else ()
