"""One function from settings and catalogue to everything Dagster shows; production and tests use the same.

Loading opens nothing: no database, no source, no DuckDB. A broken catalogue stops the load and says where.
"""

from functools import cache, partial

import dagster as dg

from govpipes.catalogue import Catalogue
from govpipes.errors import SourceError
from govpipes.orchestration.datasets import dataset_assets
from govpipes.orchestration.entities import entity_asset, release_asset
from govpipes.orchestration.jobs import cycle_jobs, define, schedules, sync_jobs
from govpipes.orchestration.maintenance import maintenance_job
from govpipes.orchestration.names import FUSE_JOB, entity_key, release_key
from govpipes.orchestration.opened import Opened
from govpipes.orchestration.sensors import fuse_sensor, reconciler
from govpipes.settings import Settings
from govpipes.sources import resolve


def build_definitions(settings: Settings, catalogue: Catalogue) -> dg.Definitions:
    """Assets, checks, jobs, schedules and the sensor of a catalogue, working on one installation."""
    return definitions_of(Opened(settings, catalogue))


def definitions_of(opened: Opened) -> dg.Definitions:
    """The same, over an installation the caller keeps in hand."""
    catalogue = opened.catalogue
    contracts = list(catalogue.contracts.values())
    kind = cache(partial(_source_kind, opened))
    datasets = [
        dataset_assets(contract, opened, kind(contract.source.system, contract.source.format)) for contract in contracts
    ]
    entities = [
        entity_asset(entity, catalogue, opened)
        for registry in catalogue.registries.values()
        for entity in registry.entities
    ]
    entity_keys = [entity_key(e.registry, e.table) for r in catalogue.registries.values() for e in r.entities]
    fuse_job = dg.define_asset_job(
        FUSE_JOB,
        selection=dg.AssetSelection.assets(*entity_keys, release_key()),
        description="Golden records of every entity from what is published, then a release for readers.",
    )
    maintenance, weekly = maintenance_job(opened)
    cycles = {job.name for job in cycle_jobs(contracts)}
    jobs = {job.name: define(job) for job in sync_jobs(contracts)}
    return dg.Definitions(
        assets=[*datasets, *entities, release_asset(entity_keys, opened)],
        jobs=[*jobs.values(), fuse_job, maintenance],
        schedules=[*schedules(contracts), weekly],
        sensors=[fuse_sensor(opened), reconciler(opened, [jobs[name] for name in sorted(cycles)])],
        # One process per run: steps are small, and DuckDB uses the cores within each of them.
        executor=dg.in_process_executor,
    )


def _source_kind(opened: Opened, system: str, file_format: str | None) -> str:
    """What a source is, as a Dagster kind; a system whose address is not set up yet is just a database."""
    if file_format:
        return file_format
    try:
        scheme = resolve(opened.settings, opened.catalogue.data_dir, system).url.split(":", 1)[0]
    except SourceError:
        return "database"
    return {"postgresql": "postgres", "mariadb": "mysql"}.get(scheme.split("+")[0], scheme.split("+")[0])
