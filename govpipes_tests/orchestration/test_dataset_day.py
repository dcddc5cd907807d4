"""A dataset-day in Dagster: what is materialized, what fails, what people can see of it."""

from datetime import date

import dagster as dg
import pytest

from govpipes.catalogue import Catalogue
from govpipes.orchestration.build import definitions_of
from govpipes.orchestration.names import CANDIDATE, CLAIMS, LANDING, stage_key
from govpipes.orchestration.opened import Opened
from govpipes.settings import Settings
from govpipes_tests.orchestration.conftest import Steps

DAY = "2025-12-26"


@pytest.fixture
def definitions(settings: Settings, catalogue: Catalogue) -> dg.Definitions:
    return definitions_of(Opened(settings, catalogue))


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, *assets: dg.AssetKey, job: str = "daily_sync"
) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def(job).execute_in_process(
        instance=instance, partition_key=DAY, asset_selection=list(assets) or None, raise_on_error=False
    )


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    events = (event for event in result.all_events if event.is_step_materialization)
    return {event.asset_key.to_user_string() for event in events if event.asset_key}


def check_of(instance: dg.DagsterInstance, dataset: str, name: str, day: str) -> object:
    key = dg.AssetCheckKey(stage_key(CANDIDATE, dataset), name)
    partitions = instance.event_log_storage.get_asset_check_partition_info([key])
    return {info.partition_key: str(info.latest_execution_status.value) for info in partitions}.get(day)


def test_a_good_day_is_published_in_one_step(
    definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps
) -> None:
    result = run(definitions, instance)
    assert result.success
    assert steps.asked[:4] == [(step, "births", DAY) for step in ("land", "standardize", "verify", "publish")]
    assert len(materialized(result)) == 9
    assert {event.step_key for event in result.all_events if event.is_step_success} == {
        "births",
        "household_register",
        "enterprise_register",
    }
    assert check_of(instance, "births", "gate", DAY) == "SUCCEEDED"


def test_numbers_reach_the_claims(definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps) -> None:
    run(definitions, instance)
    event = instance.get_latest_materialization_event(stage_key(CLAIMS, "births"))
    assert event is not None
    assert event.asset_materialization is not None
    facts = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert (facts["rows_inserted"], facts["rows_published"], facts["rows_late"]) == (5, 6, 0)
    assert event.asset_materialization.partition == DAY


def test_a_held_day_shows_candidate_and_verdict_but_no_claims(
    definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps
) -> None:
    steps.held = {"births"}
    result = run(definitions, instance)
    assert not result.success
    assert {"landing/births", "candidate/births"} <= materialized(result)
    assert "claims/births" not in materialized(result)
    assert {"claims/household_register", "claims/enterprise_register"} <= materialized(result)
    assert check_of(instance, "births", "gate", DAY) == "FAILED"
    assert check_of(instance, "births", "gate", "2025-12-27") is None
    assert ("publish", "births", DAY) not in steps.asked
    failure = result.failure_data_for_node("births")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.description == (
        "births 2025-12-26: held, not published\n\nreject_rate found 20.00%, allowed at most 0.02"
    )


def test_the_gate_shows_every_expectation_with_its_number(
    definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps
) -> None:
    steps.held, steps.warned = {"births"}, {"births"}
    result = run(definitions, instance)
    found = {
        (e.check_name, e.passed): e
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
        and (e := event.asset_check_evaluation_data).asset_key == stage_key(CANDIDATE, "births")
    }
    gate, warned = found["gate", False], found["warnings", False]
    assert gate.metadata["reject_rate"].value == 0.2
    outcomes = gate.metadata["outcomes"]
    assert isinstance(outcomes, dg.TableMetadataValue)
    assert outcomes.records[0].data["allowed"] == "at most 0.02"
    assert gate.severity is dg.AssetCheckSeverity.ERROR
    assert warned.metadata["name: fill_rate"].value == 0.5
    assert warned.severity is dg.AssetCheckSeverity.WARN


def test_a_warning_holds_nothing(definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps) -> None:
    steps.warned = {"births"}
    result = run(definitions, instance)
    assert result.success
    assert check_of(instance, "births", "warnings", DAY) == "FAILED"


def test_a_check_that_cannot_run_is_an_error_not_bad_data(
    definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps
) -> None:
    steps.broken_check = {"births"}
    result = run(definitions, instance)
    failure = result.failure_data_for_node("births")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "the checks could not be run: OperationalError: gone" in (failure.user_failure_data.description or "")
    assert "claims/births" not in materialized(result)


def test_an_unreachable_department_fails_with_words_and_alone(
    definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps
) -> None:
    steps.unreachable = {"births"}
    result = run(definitions, instance)
    failure = result.failure_data_for_node("births")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.description == "births 2025-12-26: the host does not answer\n  next: ask them"
    assert failure.error is not None
    assert "Traceback" not in failure.error.message
    assert len(materialized(result)) == 6


def test_claims_alone_are_refused_by_the_data_not_the_graph(
    definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps
) -> None:
    result = run(definitions, instance, stage_key(CLAIMS, "births"))
    assert not result.success
    assert steps.asked == [("publish", "births", DAY)]
    assert materialized(result) == set()
    steps.passed.add(("births", date.fromisoformat(DAY)))
    assert run(definitions, instance, stage_key(CLAIMS, "births")).success


@pytest.mark.parametrize(
    ("stage", "asked"), [(LANDING, ["land"]), (CANDIDATE, ["standardize", "verify"]), (CLAIMS, ["publish"])]
)
def test_each_stage_can_run_alone(
    stage: str, asked: list[str], definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps
) -> None:
    run(definitions, instance, stage_key(stage, "births"))
    assert [step for step, _, _ in steps.asked] == asked


def test_golden_records_and_release_run_without_the_datasets(
    definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps
) -> None:
    result = definitions.resolve_job_def("fuse_and_release").execute_in_process(instance=instance)
    assert [step for step, _, _ in steps.asked] == ["fuse", "fuse", "release"]
    assert materialized(result) == {"legal_entity/organization", "population/person", "release"}


def test_departments_that_disagree_are_a_warning_that_names_the_loser(
    definitions: dg.Definitions, instance: dg.DagsterInstance, steps: Steps
) -> None:
    lost: dict[str, str | int | None] = {"losing_department": "health", "item": "name", "records": 3}
    steps.conflicts = [lost]
    result = definitions.resolve_job_def("fuse_and_release").execute_in_process(instance=instance)
    assert result.success, "it keeps nothing from being released"
    checks = [
        e.asset_check_evaluation_data for e in result.all_events if e.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    found = next(c for c in checks if c.check_name == "conflicts" and c.asset_key.path[-1] == "person")
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["records"].value == 3
    assert "health" in str(found.metadata["by_department"].value)
