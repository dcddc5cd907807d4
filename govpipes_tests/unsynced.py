"""A PostgreSQL that does not wait for the disk: for servers that no test kills and no power failure matters to."""

import psycopg

from govpipes import postgres
from govpipes.settings import Settings


def ensure_unsynced(settings: Settings) -> None:
    """Start the embedded PostgreSQL of these settings, with fsync and autovacuum off from now on."""
    url = postgres.ensure(settings).replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("ALTER SYSTEM SET fsync = off")
        # it would go through the hundreds of databases that tests make, again and again
        con.execute("ALTER SYSTEM SET autovacuum = off")
        con.execute("SELECT pg_reload_conf()")
