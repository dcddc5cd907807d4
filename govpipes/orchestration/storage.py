"""Dagster's PostgreSQL storage, with its connections kept open.

dagster-postgres opens a new connection for every statement, about fifty per step. With scram passwords these were
three quarters of a day's orchestration: 18 datasets took 13 s, and take 3 s over a pool. Nothing else is changed.
Named in dagster.yaml.
"""

from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine
from sqlalchemy import Engine

_KEPT = 4
_MORE = 30  # the webserver and the daemon work in many threads
_RECYCLE_SECONDS = 300


class PooledPostgresStorage(DagsterPostgresStorage):
    """DagsterPostgresStorage whose three parts share one pool of connections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        engine = pool(self.postgres_url)
        parts: list[Any] = [self.event_log_storage, self.run_storage, self.schedule_storage]
        for part in parts:
            # Their own way to a pool, `optimize_for_webserver`, keeps a single connection, and they nest.
            part._engine = engine

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "PooledPostgresStorage":
        """The storage a `custom` block of dagster.yaml describes; its config is that of `storage: postgres`."""
        plain = DagsterPostgresStorage.from_config_value(inst_data, config_value)
        return cls(plain.postgres_url, plain.should_autocreate_tables, inst_data)


def pool(postgres_url: str) -> Engine:
    """An engine as dagster-postgres makes them, with a pool; a connection the server has closed is replaced."""
    return create_pg_engine(
        postgres_url,
        isolation_level="AUTOCOMMIT",
        pool_size=_KEPT,
        max_overflow=_MORE,
        pool_recycle=_RECYCLE_SECONDS,
        pool_pre_ping=True,
        # Dagster's columns have no zone, and it reads what the server puts into them as UTC
        connect_args={"options": "-c TimeZone=UTC"},
    )
