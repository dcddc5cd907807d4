"""Dagster's own records in PostgreSQL: the real dagster.yaml, with connections that stay open."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest
import yaml
from sqlalchemy import event

from govpipes import postgres
from govpipes.catalogue import Catalogue
from govpipes.orchestration import runs
from govpipes.orchestration.names import CLAIMS, stage_key
from govpipes.orchestration.storage import PooledPostgresStorage
from govpipes.settings import ROOT, Settings
from govpipes_tests.orchestration.conftest import Steps


@pytest.fixture
def real_instance(postgres_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance that `govpipes env` leads to: this repository's dagster.yaml on an embedded PostgreSQL."""
    monkeypatch.setenv("GOVPIPES_DAGSTER_URL", postgres.create_database(postgres_settings, "dagster_storage_test"))
    monkeypatch.setenv("GOVPIPES_HOME", str(postgres_settings.home))
    monkeypatch.setenv("DAGSTER_HOME", str(ROOT))
    before = set(os.listdir(ROOT))
    with dg.DagsterInstance.get() as instance:
        yield instance
    assert set(os.listdir(ROOT)) - before <= {".pytest_cache"}, "Dagster must not write beside the code"


def test_a_day_runs_on_postgres_over_few_connections(
    real_instance: dg.DagsterInstance,
    settings: Settings,
    catalogue: Catalogue,
    steps: Steps,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "load_catalogue", lambda _: catalogue)
    runs.close()
    connected: list[object] = []
    storage: Any = real_instance.event_log_storage
    event.listen(storage._engine, "connect", lambda connection, _: connected.append(connection))
    result = runs.run_sync(settings, date(2025, 12, 26), instance=real_instance)
    runs.close()
    assert len(result.having("published")) == 3
    assert len(connected) <= 4
    assert real_instance.get_materialized_partitions(stage_key(CLAIMS, "births")) == {"2025-12-26"}
    run = real_instance.get_run_by_id(result.run_ids[0])
    assert run is not None
    assert run.status is dg.DagsterRunStatus.SUCCESS
    (record,) = real_instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))
    assert abs((datetime.now(UTC) - record.create_timestamp).total_seconds()) < 3600, "whatever the server's time zone"


def test_it_is_what_dagster_yaml_names(real_instance: dg.DagsterInstance) -> None:
    config = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    custom = config["storage"]["custom"]
    assert f"{custom['module']}.{custom['class']}" == f"{PooledPostgresStorage.__module__}.PooledPostgresStorage"
    assert custom["config"]["postgres_url"] == {"env": "GOVPIPES_DAGSTER_URL"}
    opened = real_instance.get_ref().storage
    assert isinstance(opened, PooledPostgresStorage)
    assert config["telemetry"] == {"enabled": False}
