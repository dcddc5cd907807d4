"""The PostgreSQL that is always there: the embedded server, or the one `GOVPIPES_POSTGRES_URL` names.

Here: making, starting, finding and stopping the embedded cluster, and giving out administrator addresses.
Not here: tables, schemas or roles; they belong to the ledger, the warehouse and the simulator.
"""

from govpipes.postgres.cluster import Status
from govpipes.postgres.service import create_database, ensure, status, stop, url

__all__ = ["Status", "create_database", "ensure", "status", "stop", "url"]
