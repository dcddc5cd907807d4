"""What is asked for, when, and that a failed day keeps nobody from fusing the rest."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from govpipes.catalogue import Catalogue
from govpipes.days import SHANGHAI
from govpipes.orchestration import sensors
from govpipes.orchestration.build import definitions_of
from govpipes.orchestration.opened import Opened
from govpipes.settings import Settings
from govpipes_tests.orchestration.conftest import Steps, catalogue_of, contract

MONDAY = datetime(2026, 1, 5, tzinfo=SHANGHAI)


@pytest.fixture
def definitions(settings: Settings, catalogue: Catalogue) -> dg.Definitions:
    return definitions_of(Opened(settings, catalogue))


def tick(definitions: dg.Definitions, name: str, at: datetime) -> dg.RunRequest | dg.SkipReason:
    schedule = definitions.get_repository_def().get_schedule_def(name)
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=definitions.get_repository_def())
    data = schedule.evaluate_tick(context)
    if not data.run_requests:
        return dg.SkipReason(data.skip_message)
    return data.run_requests[0]


def test_one_schedule_per_cycle_and_due_time(definitions: dg.Definitions) -> None:
    found = {s.name: (s.cron_schedule, s.job_name) for s in definitions.get_repository_def().schedule_defs}
    assert found == {
        "daily_0600": ("0 6 * * *", "daily_sync"),
        "daily_0630": ("30 6 * * *", "daily_sync"),
        "weekly_0800": ("0 8 * * 1", "weekly_sync"),
        "monthly_0900": ("0 9 1 * *", "monthly_sync"),
        "maintain_weekly": ("0 3 * * 0", "maintain"),
    }
    assert {s.execution_timezone for s in definitions.get_repository_def().schedule_defs} == {"Asia/Shanghai"}


def test_a_schedule_asks_for_what_is_due_then(definitions: dg.Definitions) -> None:
    request = tick(definitions, "daily_0630", MONDAY.replace(hour=6, minute=30))
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2026-01-04"
    assert {key.to_user_string() for key in request.asset_selection or []} == {
        "landing/births",
        "candidate/births",
        "claims/births",
    }
    weekly = tick(definitions, "weekly_0800", MONDAY.replace(hour=8))
    assert isinstance(weekly, dg.RunRequest)
    assert (weekly.partition_key, weekly.asset_selection) == ("2025-12-29", None)


def test_nothing_is_asked_for_before_the_first_period(definitions: dg.Definitions) -> None:
    assert isinstance(tick(definitions, "daily_0600", MONDAY.replace(month=1, year=2025)), dg.SkipReason)


def test_jobs_by_cycle_by_registry_and_to_fuse(definitions: dg.Definitions) -> None:
    names = {job.name for job in definitions.get_repository_def().get_all_jobs()}
    assert {
        "daily_sync",
        "weekly_sync",
        "monthly_sync",
        "population_daily_sync",
        "legal_entity_daily_sync",
        "legal_entity_weekly_sync",
        "legal_entity_monthly_sync",
        "fuse_and_release",
    } <= names


def test_a_dataset_that_starts_later_has_its_own_job(settings: Settings, tmp_path: Path) -> None:
    contracts = [
        contract("births", "population", "person"),
        contract("deaths", "population", "person", start=date(2026, 3, 1), authority=20),
    ]
    definitions = definitions_of(Opened(settings, catalogue_of(contracts, tmp_path)))
    schedules = definitions.get_repository_def().schedule_defs
    names = {s.name: s.job_name for s in schedules if s.job_name != "maintain"}
    assert names == {"daily_0600": "daily_sync", "daily_0600_from_20260301": "daily_sync_from_20260301"}


def ask(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    newest: tuple[int | None, datetime | None],
) -> dg.RunRequest | dg.SkipReason:
    monkeypatch.setattr(sensors, "newest_publication", lambda _: newest)
    sensor = definitions.get_repository_def().get_sensor_def("fuse_and_release_sensor")
    context = dg.build_sensor_context(instance=instance, repository_def=definitions.get_repository_def())
    data = sensor.evaluate_tick(context)
    return data.run_requests[0] if data.run_requests else dg.SkipReason(data.skip_message)


def test_publications_are_fused_once_runs_have_ended(
    definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    assert isinstance(ask(definitions, instance, monkeypatch, (None, None)), dg.SkipReason)
    steps.held = {"births"}
    sync = definitions.resolve_job_def("daily_sync")
    sync.execute_in_process(instance=instance, partition_key="2025-12-26", raise_on_error=False)
    asked = ask(definitions, instance, monkeypatch, (7, now))
    assert isinstance(asked, dg.RunRequest)
    assert asked.run_key == "publication-7"
    definitions.resolve_job_def("fuse_and_release").execute_in_process(instance=instance)
    assert isinstance(ask(definitions, instance, monkeypatch, (7, now)), dg.SkipReason)
    later = ask(definitions, instance, monkeypatch, (8, datetime.now(UTC) + timedelta(seconds=1)))
    assert isinstance(later, dg.RunRequest)


def test_it_waits_for_runs_under_way(
    definitions: dg.Definitions, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = definitions.resolve_job_def("daily_sync")
    instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    reason = ask(definitions, instance, monkeypatch, (7, datetime.now(UTC)))
    assert isinstance(reason, dg.SkipReason)
    assert reason.skip_message == "runs are under way"
