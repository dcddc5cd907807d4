"""Days from Python, as the command line runs them."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pytest

from govpipes import days
from govpipes.catalogue import Catalogue
from govpipes.errors import CatalogueError, SettingsError, SourceError
from govpipes.orchestration import runs
from govpipes.pipeline.work import Work
from govpipes.settings import Settings
from govpipes_tests.orchestration.conftest import Steps

DAYS = (date(2025, 12, 26), date(2025, 12, 27), date(2025, 12, 28))


@pytest.fixture(autouse=True)
def only_this_catalogue(monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue) -> Iterator[None]:
    monkeypatch.setattr(runs, "load_catalogue", lambda _: catalogue)
    runs.close()
    yield
    runs.close()


def test_a_day_syncs_what_closes_on_it_then_fuses(
    settings: Settings, instance: dg.DagsterInstance, steps: Steps
) -> None:
    result = runs.run_sync(settings, date(2025, 12, 26), instance=instance)
    assert {(found.dataset, str(found.day)) for found in result.dataset_days} == {
        (name, "2025-12-26") for name in ("births", "household_register", "enterprise_register")
    }
    assert [step for step, _, _ in steps.asked][-3:] == ["fuse", "fuse", "release"]
    assert (result.fused, result.release, len(result.run_ids)) == (True, "2026-01-03.1", 2)


def test_a_sunday_and_a_month_end_close_their_periods(
    settings: Settings, instance: dg.DagsterInstance, steps: Steps
) -> None:
    week = runs.run_sync(settings, date(2025, 12, 28), ["defaulters"], instance=instance)
    assert [(found.dataset, str(found.day)) for found in week.dataset_days] == [("defaulters", "2025-12-22")]
    month = runs.run_sync(settings, date(2025, 12, 31), ["societies"], instance=instance)
    assert [(found.dataset, str(found.day)) for found in month.dataset_days] == [("societies", "2025-12-01")]


def test_held_and_failed_days_are_told_not_raised(
    settings: Settings, instance: dg.DagsterInstance, steps: Steps
) -> None:
    steps.held, steps.unreachable = {"births"}, {"enterprise_register"}
    result = runs.run_sync(settings, date(2025, 12, 26), instance=instance)
    assert {found.dataset: found.state for found in result.dataset_days} == {
        "births": "held",
        "enterprise_register": "failed",
        "household_register": "published",
    }
    message = result.having("failed")[0].message
    assert message == "enterprise_register 2025-12-26: the host does not answer\n  next: ask them"
    assert result.fused


def test_a_failed_fusion_is_told(settings: Settings, instance: dg.DagsterInstance, steps: Steps) -> None:
    def broken(*_: object) -> None:
        raise SourceError("the lake is gone")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("govpipes.registries.fuse", broken)
        result = runs.run_sync(settings, date(2025, 12, 26), instance=instance)
    assert not result.fused
    assert result.release is None
    assert "the lake is gone" in (result.fuse_message or "")


def test_work_goes_in_order_and_is_fused_once(settings: Settings, instance: dg.DagsterInstance, steps: Steps) -> None:
    works = [Work(("births",), DAYS), Work(("defaulters",), (date(2025, 12, 22),))]
    told: list[Work] = []
    result = runs.run_work(settings, works, instance=instance, done=told.append)
    assert [(found.dataset, str(found.day)) for found in result.dataset_days] == [
        ("births", "2025-12-26"),
        ("births", "2025-12-27"),
        ("births", "2025-12-28"),
        ("defaulters", "2025-12-22"),
    ]
    assert [step for step, _, _ in steps.asked].count("release") == 1
    assert told == works


def test_a_bad_day_of_a_range_fails_alone(settings: Settings, instance: dg.DagsterInstance, steps: Steps) -> None:
    steps.held_days, steps.failed_days = {DAYS[0]}, {DAYS[1]}
    result = runs.run_work(settings, [Work(("births",), DAYS)], instance=instance)
    assert [found.state for found in result.dataset_days] == ["held", "failed", "published"]
    claims, candidate = dg.AssetKey(["claims", "births"]), dg.AssetKey(["candidate", "births"])
    assert instance.get_materialized_partitions(claims) == {"2025-12-28"}
    assert instance.get_materialized_partitions(candidate) == {"2025-12-26", "2025-12-28"}
    run = instance.get_run_record_by_id(result.run_ids[0])
    assert run is not None and run.dagster_run.status == dg.DagsterRunStatus.FAILURE
    events = instance.all_logs(result.run_ids[0], of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    judged = [event.get_dagster_event().asset_check_evaluation_data for event in events]
    assert {(found.partition, found.passed) for found in judged if found.check_name == "gate"} == {
        ("2025-12-26", False),
        ("2025-12-28", True),
    }


def test_work_from_the_landing_does_not_read_the_source(
    settings: Settings, instance: dg.DagsterInstance, steps: Steps
) -> None:
    runs.run_work(settings, [Work(("births",), DAYS[:1], from_landing=True)], instance=instance)
    assert [step for step, _, _ in steps.asked][:3] == ["standardize", "verify", "publish"]


def test_days_before_the_start_ask_for_nothing(settings: Settings, instance: dg.DagsterInstance, steps: Steps) -> None:
    assert runs.run_sync(settings, date(2025, 12, 1), instance=instance).dataset_days == []


def test_progress_is_told_step_by_step(settings: Settings, instance: dg.DagsterInstance, steps: Steps) -> None:
    told: list[str] = []
    runs.run_sync(settings, date(2025, 12, 26), ["births"], told.append, instance)
    assert told[:4] == [f"births 2025-12-26: {step}" for step in ("land", "standardize", "verify", "publish")]
    assert told[-1] == "release"


def test_a_day_that_has_not_ended_is_refused(settings: Settings) -> None:
    with pytest.raises(SourceError, match="has not ended yet"):
        runs.run_sync(settings, days.today())
    with pytest.raises(SourceError, match="has not ended yet"):
        runs.run_sync(settings, days.today() + timedelta(days=1))


def test_an_unknown_dataset_is_refused(settings: Settings, instance: dg.DagsterInstance) -> None:
    with pytest.raises(CatalogueError, match="no dataset brths"):
        runs.run_sync(settings, date(2025, 12, 26), ["brths"], instance=instance)


def test_without_a_dagster_home_it_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="govpipes env"):
        runs.run_sync(settings, date(2025, 12, 26))
