"""What every step works with: settings, catalogue, ledger, and one DuckDB connection with standards and lake.

Opening is done once per process and home; steps take a `Workspace` and never open anything themselves.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType

import duckdb
from sqlalchemy.exc import InterfaceError, OperationalError

from govpipes import postgres, standards
from govpipes.catalogue import Catalogue, load_catalogue
from govpipes.catalogue.model import Contract
from govpipes.days import period
from govpipes.duck import connect
from govpipes.errors import GateError, GovpipesError, SourceError, WarehouseError, disk_is_full
from govpipes.ledger import Ledger
from govpipes.ledger import tables as t
from govpipes.settings import Settings
from govpipes.warehouse import Lake

_WITHOUT_VALUES = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.ParserException,
    duckdb.TransactionException,
)
"""DuckDB's errors that speak of statements and files, never of a row's values."""


class Workspace:
    """One installation, opened: use it from one thread at a time per `lake` property.

    The DuckDB connection (and with it the attached lake) is made on first use in each thread.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue, postgres_url: str) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.postgres_url = postgres_url
        self.ledger = Ledger.open(postgres_url)
        self._local = threading.local()

    @classmethod
    def open(cls, settings: Settings, catalogue: Catalogue | None = None) -> "Workspace":
        """Open an installation, starting the embedded PostgreSQL where it is used.

        Raises CatalogueError, SettingsError or WarehouseError when a part of it cannot be used.
        """
        settings.ensure_home()
        return cls(settings, catalogue or load_catalogue(settings.data_dir), postgres.ensure(settings))

    @property
    def lake(self) -> Lake:
        """This thread's connection, with the lake attached and the standards installed."""
        lake: Lake | None = getattr(self._local, "lake", None)
        if lake is None:
            con = connect(self.settings, "ducklake", "postgres_scanner")
            standards.install(con, self.settings.codes_dir)
            lake = Lake.attach(con, self.settings, self.ledger.engine, self.postgres_url)
            self._local.lake = lake
        return lake

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """This thread's DuckDB connection."""
        return self.lake.con

    def close(self) -> None:
        """Close this thread's connection and the ledger's."""
        lake: Lake | None = getattr(self._local, "lake", None)
        if lake is not None:
            lake.con.close()
            self._local.lake = None
        self.ledger.close()

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def day_dir(self, base: Path, contract: Contract, day: date) -> Path:
        """The folder of a dataset-day under one of the settings' folders."""
        return base / contract.dataset / day.isoformat()


@dataclass(slots=True)
class Step:
    """A running step of a dataset-day; `facts` are the columns every ledger row of it shares.

    A step that ends well but finds that the day must wait sets `held_because`.
    """

    contract: Contract
    day: date
    name: str
    run_id: str
    held_because: str | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long the step has run."""
        return round(time.monotonic() - self.started, 3)

    @property
    def facts(self) -> dict[str, object]:
        """dataset, registry, day, run_id, seconds."""
        return {
            "dataset": self.contract.dataset,
            "registry": self.contract.registry,
            "day": self.day,
            "run_id": self.run_id,
            "seconds": self.seconds,
        }


_POSTGRES_IS_GONE = (
    "Unable to connect to Postgres",
    "server closed the connection",
    "terminating connection",
    "no connection to the server",
    "connection to server",
    "Connection refused",
    'Failed to execute query "ROLLBACK"',  # a rollback fails for no other reason, and has no words for it
)
"""What DuckDB says of a PostgreSQL that has ended under it."""


@contextmanager
def step(ws: Workspace, contract: Contract, day: date, name: str, run_id: str) -> Iterator[Step]:
    """Run a step of a dataset-day and write down how it ended: ok, held or failed.

    DuckDB's own errors that a person can mend (a full disk) become WarehouseError; GovpipesErrors get dataset and day.
    """
    running = Step(contract, day, name, run_id)
    first, _ = period(contract.update.cycle, day)
    if day != first or day < contract.first_day:
        raise SourceError(
            f"this is no period of a {contract.update.cycle} dataset",
            dataset=contract.dataset,
            day=day,
            allowed=f"the first day of a period, from {contract.first_day} on",
        )
    with explaining(contract.dataset, day):
        try:
            yield running
        except GovpipesError as error:
            error.located(contract.dataset, day)
            outcome = "held" if isinstance(error, GateError) else "failed"
            ws.ledger.record(t.steps, {**running.facts, "step": name, "outcome": outcome, "message": str(error)})
            raise
        except Exception as error:
            explained = explain(error) or explain_value(error)
            if explained is not None:
                explained.located(contract.dataset, day)
            message = str(explained or f"{type(error).__name__}: {error}")
            ws.ledger.record(t.steps, {**running.facts, "step": name, "outcome": "failed", "message": message})
            if explained is not None:
                raise explained from None
            raise
        outcome = "ok" if running.held_because is None else "held"
        ended = {"step": name, "outcome": outcome, "message": running.held_because}
        ws.ledger.record(t.steps, {**running.facts, **ended})


@contextmanager
def explaining(dataset: str | None = None, day: date | None = None) -> Iterator[None]:
    """Within: what has to be mended outside (a full disk, a PostgreSQL that is gone) becomes a WarehouseError."""
    try:
        yield
    except GovpipesError:
        raise
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        if dataset is not None and day is not None:
            explained.located(dataset, day)
        raise explained from error


def explain(error: Exception) -> GovpipesError | None:
    """A full disk or a lost PostgreSQL as an error to act on; None for any other error."""
    if disk_is_full(error):
        return WarehouseError(
            "the disk is full", next_step="free space under $GOVPIPES_HOME and run again; nothing is half done"
        )
    if isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, duckdb.Error) and any(sign in str(error) for sign in _POSTGRES_IS_GONE)
    ):
        return WarehouseError(
            "PostgreSQL, which has the ledger and the lake's catalogue, is not there",
            found=str(error).splitlines()[0],
            next_step="see that it runs (`govpipes up` starts the embedded one), then run again; nothing is half done",
        )
    return None


def explain_value(error: Exception) -> GovpipesError | None:
    """An SQL error about a value as an error that does not repeat the value: it may be personal."""
    if not isinstance(error, duckdb.Error) or isinstance(error, _WITHOUT_VALUES):
        return None
    return WarehouseError(
        f"a rule or a standardizing expression failed on a value ({type(error).__name__})",
        next_step="look at the contract's own rules: they must hold for every text a department may send",
    )
