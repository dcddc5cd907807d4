"""The reconciler in Dagster: what an outage left undone is asked for once, behind the daily run."""

from datetime import datetime, timedelta

import dagster as dg
import pytest

from govpipes.days import SHANGHAI
from govpipes.orchestration.build import definitions_of
from govpipes.orchestration.names import PRIORITY_DAILY, PRIORITY_RECONCILE, PRIORITY_TAG
from govpipes.orchestration.opened import Opened
from govpipes_tests.tiny import DAY, GOOD, Tiny

DAYS = [DAY + timedelta(days=n) for n in range(4)]


def test_days_missed_while_the_daemon_was_down_are_run_once(
    tiny: Tiny, exported: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schedule asks for the newest of three missed ticks, the sensor for the others."""
    tiny.add("people")
    tiny.put("people", [(str(n), GOOD[n], "王芳", "", "0", f"{DAYS[n]} 09:00:00") for n in range(4)])
    opened = Opened(tiny.settings, tiny.catalogue())
    definitions = definitions_of(opened)
    repository = definitions.get_repository_def()
    instance = dg.DagsterInstance.get()

    def schedule(day: datetime) -> list[dg.RunRequest]:
        tick = dg.build_schedule_context(instance, scheduled_execution_time=day, repository_def=repository)
        return list(definitions.resolve_schedule_def("daily_0600").evaluate_tick(tick).run_requests or [])

    def sensor() -> list[dg.RunRequest]:
        context = dg.build_sensor_context(instance, definitions=definitions)
        return list(definitions.resolve_sensor_def("reconciler").evaluate_tick(context).run_requests or [])

    def execute(requests: list[dg.RunRequest]) -> None:
        for asked in requests:
            job = definitions.resolve_job_def(asked.job_name or "daily_sync")
            selection = list(asked.asset_selection) if asked.asset_selection else None
            job.execute_in_process(
                instance=instance, partition_key=asked.partition_key, tags=asked.tags, asset_selection=selection
            )

    def it_is(day: datetime) -> None:
        monkeypatch.setattr("govpipes.days.now", lambda: day)

    first = datetime(2026, 1, 6, 6, tzinfo=SHANGHAI)
    it_is(first)
    execute(schedule(first))
    # no tick on the 7th and 8th; on the 9th the daemon is there again, and only the newest tick is made up for
    it_is(first + timedelta(days=3, hours=7))
    newest = schedule(first + timedelta(days=3))
    assert [asked.partition_key for asked in newest] == [str(DAYS[3])]
    execute(newest)
    requests = sensor()
    assert [asked.partition_key for asked in requests] == [str(DAYS[2]), str(DAYS[1])]
    assert {asked.tags[PRIORITY_TAG] for asked in requests} == {str(PRIORITY_RECONCILE)}
    assert {asked.tags[PRIORITY_TAG] for asked in newest} == {str(PRIORITY_DAILY)}
    assert [asked.run_key for asked in sensor()] == [asked.run_key for asked in requests], "Dagster drops known keys"
    execute(requests)
    assert sensor() == []
    ws = opened.workspace
    assert [(row["day"], row["state"]) for row in ws.ledger.dataset_days()] == [(d, "published") for d in DAYS]
    assert ws.ledger.counts(["publications", "landings"]) == {"publications": 4, "landings": 4}
    opened.close()
    instance.dispose()
