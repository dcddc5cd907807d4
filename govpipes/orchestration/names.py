"""The one naming rule: which asset key belongs to what, and nothing else.

A dataset has three assets: `landing/<dataset>`, `candidate/<dataset>`, `claims/<dataset>`. An entity has one:
`<registry>/<table>`, as its golden table is called in the warehouse. The release is `release`.
"""

import dagster as dg

LANDING = "landing"
CANDIDATE = "candidate"
CLAIMS = "claims"
RELEASE = "release"
STAGES = (LANDING, CANDIDATE, CLAIMS)

GATE = "gate"
WARNINGS = "warnings"
CONFLICTS = "conflicts"
ORPHANS = "orphans"
RULES = "rules"

FUSE_JOB = "fuse_and_release"

PRIORITY_DAILY, PRIORITY_RECONCILE, PRIORITY_BACKFILL = 10, 0, -10
"""Dagster starts the highest first; a backfill launched in the UI has 0."""

PRIORITY_TAG, KIND_TAG = "dagster/priority", "govpipes/kind"
"""dagster.yaml limits how many runs of one kind (reconcile, backfill) are under way at once."""


def stage_key(stage: str, dataset: str) -> dg.AssetKey:
    """The asset of a dataset at a stage (landing, candidate or claims)."""
    return dg.AssetKey([stage, dataset])


def entity_key(registry: str, table: str) -> dg.AssetKey:
    """The asset of an entity's golden records."""
    return dg.AssetKey([registry, table])


def release_key() -> dg.AssetKey:
    """The asset of the warehouse's frozen versions."""
    return dg.AssetKey(RELEASE)


def sync_job(cycle: str, registry: str | None = None) -> str:
    """The job that brings all datasets of a cycle, or one registry's, up to date: `daily_sync`, `credit_daily_sync`."""
    return f"{registry}_{cycle}_sync" if registry else f"{cycle}_sync"
