"""Running days from Python: what `govpipes sync`, `backfill` and `demo` do.

The jobs are those of the definitions, run in this process on the real Dagster instance, so that everything is visible
in the UI. Here: which jobs a day needs, and what became of them. Not here: talking to people (cli).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from time import monotonic
from typing import Any

import dagster as dg

from govpipes.catalogue import load_catalogue
from govpipes.catalogue.model import Contract
from govpipes.days import closes_on, first_day, today
from govpipes.errors import CatalogueError, GateError, SettingsError, SourceError
from govpipes.orchestration.build import definitions_of
from govpipes.orchestration.jobs import cycle_jobs, keys_of
from govpipes.orchestration.maintenance import maintain_all, plan_all
from govpipes.orchestration.names import CLAIMS, FUSE_JOB, GATE, RELEASE, stage_key
from govpipes.orchestration.opened import Opened
from govpipes.orchestration.requests import run_of
from govpipes.pipeline.backfill import Plan, plan
from govpipes.pipeline.maintain import Maintained
from govpipes.pipeline.reconcile import Reconciliation, reconcile
from govpipes.pipeline.work import Work
from govpipes.pipeline.workspace import Workspace
from govpipes.settings import Settings

Progress = Callable[[str], None]

# Events go to the instance as always; printed on a terminal they would bury the progress.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class DatasetDay:
    """What became of a dataset-day in a run.

    state: published, held (the gate said no) or failed (it could not be done).
    """

    dataset: str
    registry: str
    day: date
    state: str
    message: str | None
    run_id: str


@dataclass(slots=True)
class SyncResult:
    """What a sync or backfill did.

    fused: golden records and release were made; `release` is then its name, `fuse_message` otherwise why not.
    """

    dataset_days: list[DatasetDay] = field(default_factory=list)
    run_ids: list[str] = field(default_factory=list)
    fused: bool = False
    release: str | None = None
    fuse_message: str | None = None
    seconds: float = 0.0

    def having(self, state: str) -> list[DatasetDay]:
        """The dataset-days in a state."""
        return [found for found in self.dataset_days if found.state == state]


def run_sync(
    settings: Settings,
    day: date,
    datasets: Sequence[str] | None = None,
    progress: Progress | None = None,
    instance: dg.DagsterInstance | None = None,
) -> SyncResult:
    """Sync every dataset whose period closes on `day` (Asia/Shanghai), then fuse and release.

    datasets: only these. instance: default the one of $DAGSTER_HOME. A held or failed dataset-day is in the result, not
    raised. Raises SourceError when the day has not ended, CatalogueError and SettingsError when nothing can be run.
    """
    if day >= today():
        raise SourceError(f"{day} has not ended yet", allowed=f"days before {today()} (Asia/Shanghai)")
    chosen = _chosen(_session(settings), datasets)
    works = []
    for job in cycle_jobs(_session(settings).contracts):
        names = tuple(c.dataset for c in job.contracts if chosen is None or c.dataset in chosen)
        start = first_day(job.calendar.cycle, day)
        if names and job.calendar.has(start) and closes_on(job.calendar.cycle, day):
            works.append(Work(names, (start,)))
    return run_work(settings, works, progress, instance)


def run_work(
    settings: Settings,
    works: Iterable[Work],
    progress: Progress | None = None,
    instance: dg.DagsterInstance | None = None,
    done: Callable[[Work], None] | None = None,
) -> SyncResult:
    """Run each piece of work in this process, then fuse and release once; see run_sync.

    done: told of each piece of work when it has ended. What has ended is published, whatever becomes of the rest.
    """
    started = monotonic()
    session = _session(settings)
    result = SyncResult()
    session.opened.progress = progress
    try:
        running = instance or session.instance
        for work in works:
            session.run(work, running, result)
            if done is not None:
                done(work)
        session.fuse(running, result)
    finally:
        session.opened.progress = None
    result.seconds = round(monotonic() - started, 3)
    return result


def plan_backfill(
    settings: Settings, first: date, last: date, datasets: Sequence[str] | None = None, *, again: bool = False
) -> Plan:
    """What a backfill of these days would run; see govpipes.pipeline.backfill."""
    session = _session(settings)
    _chosen(session, datasets)
    return plan(session.opened.workspace, first, last, datasets, again=again)


def find_differences(
    settings: Settings, datasets: Sequence[str] | None = None, limit: int = 50, *, remember: bool = True
) -> Reconciliation:
    """What has to be run; see govpipes.pipeline.reconcile."""
    session = _session(settings)
    _chosen(session, datasets)
    return reconcile(session.opened.workspace, datasets, limit, remember=remember)


def run_maintenance(settings: Settings) -> Maintained:
    """Maintain warehouse and Dagster's log; see govpipes.pipeline.maintain."""
    session = _session(settings)
    return maintain_all(session.opened.workspace, session.instance, None)


def plan_maintenance(settings: Settings) -> Maintained:
    """What `run_maintenance` would do now."""
    session = _session(settings)
    return plan_all(session.opened.workspace, session.instance)


def workspace(settings: Settings) -> Workspace:
    """The installation that runs of this process work on; `close` closes it."""
    return _session(settings).opened.workspace


class _Session:
    """The definitions of one installation and its Dagster instance, kept as long as the catalogue does not change."""

    def __init__(self, settings: Settings, stamp: object) -> None:
        self.settings = settings
        self.stamp = stamp
        catalogue = load_catalogue(settings.data_dir)
        self.contracts: list[Contract] = list(catalogue.contracts.values())
        self.opened = Opened(settings, catalogue)
        self.definitions = definitions_of(self.opened)

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """The instance of $DAGSTER_HOME; raises SettingsError when it cannot be opened."""
        return _instance()

    def close(self) -> None:
        """Give back the connections."""
        self.opened.close()
        if "instance" in self.__dict__:
            self.instance.dispose()

    def run(self, work: Work, instance: dg.DagsterInstance, result: SyncResult) -> None:
        """Run the work; what became of its dataset-days goes into `result`."""
        run = run_of(self.contracts, work)
        whole = len(run.assets) == len(keys_of(run.job.contracts))
        done = self.definitions.resolve_job_def(run.job.name).execute_in_process(
            run_config=_QUIET,
            instance=instance,
            partition_key=run.partition_key,
            tags=run.tags,
            asset_selection=None if whole else run.assets,
            raise_on_error=False,
        )
        result.run_ids.append(done.run_id)
        for day in work.days:
            result.dataset_days += _dataset_days(done, run.contracts, day)

    def fuse(self, instance: dg.DagsterInstance, result: SyncResult) -> None:
        """Bring golden records and the release up to date with everything published."""
        done = self.definitions.resolve_job_def(FUSE_JOB).execute_in_process(
            run_config=_QUIET, instance=instance, raise_on_error=False
        )
        result.run_ids.append(done.run_id)
        result.fused = done.success
        result.fuse_message = "\n".join(_failures(done).values()) or None
        for made in done.asset_materializations_for_node(RELEASE) if done.success else ():
            result.release = str(made.metadata["release"].value)


_sessions: list[_Session] = []


def _session(settings: Settings) -> _Session:
    """The session of these settings; a new one when settings or catalogue have changed."""
    stamp = _stamp(settings)
    if not _sessions or _sessions[0].stamp != stamp:
        close()
        _sessions.append(_Session(settings, stamp))
    return _sessions[0]


def close() -> None:
    """Close what the last runs opened (connections); the next run opens it again."""
    while _sessions:
        _sessions.pop().close()


def _stamp(settings: Settings) -> object:
    files = sorted(path for path in settings.data_dir.rglob("*") if path.is_file())
    return settings, [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files]


def _instance() -> dg.DagsterInstance:
    try:
        return dg.DagsterInstance.get()
    except dg.DagsterError as error:
        raise SettingsError(
            "the Dagster instance cannot be opened",
            found=str(error).splitlines()[0],
            next_step='eval "$(govpipes env)" sets what Dagster needs',
        ) from error


def _chosen(session: _Session, datasets: Sequence[str] | None) -> set[str] | None:
    if not datasets:
        return None
    known = {contract.dataset for contract in session.contracts}
    unknown = sorted(set(datasets) - known)
    if unknown:
        problems = [f"no dataset {name}" for name in unknown]
        raise CatalogueError(problems, next_step="`govpipes catalogue list` shows what there is")
    return set(datasets)


def _dataset_days(done: dg.ExecuteInProcessResult, contracts: Sequence[Contract], day: date) -> list[DatasetDay]:
    key = day.isoformat()
    published = {e.asset_key for e in done.all_events if e.is_step_materialization and e.partition == key}
    judged = [e.asset_check_evaluation_data for e in done.all_events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    failing = [check for check in judged if check.check_name == GATE and not check.passed and check.partition == key]
    held = {check.asset_key.path[-1] for check in failing}
    messages, refused = _failures(done), _refused(done)
    found = []
    for contract in contracts:
        name = contract.dataset
        state = "held" if name in held | refused else "failed"
        if stage_key(CLAIMS, name) in published:
            state = "published"
        message = None if state == "published" else messages.get(name)
        found.append(DatasetDay(name, contract.registry, day, state, message, done.run_id))
    return found


def _failures(done: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Of each step that failed: the message for people, or the error's own text."""
    found = {}
    for event in _failed(done):
        data = event.step_failure_data
        told = data.user_failure_data
        text = told.description if told else None
        found[str(event.step_key)] = text or (data.error.message.strip() if data.error else "failed")
    return found


def _refused(done: dg.ExecuteInProcessResult) -> set[str]:
    """The steps in which publish refused: the gate in the data, not the check."""
    found = set()
    for event in _failed(done):
        told = event.step_failure_data.user_failure_data
        if told and "error" in told.metadata and told.metadata["error"].value == GateError.__name__:
            found.add(str(event.step_key))
    return found


def _failed(done: dg.ExecuteInProcessResult) -> list[Any]:
    return [event for event in done.all_events if event.is_step_failure]
