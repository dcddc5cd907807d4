"""What reading may cost a department's system (the contract's budget): how many readings of it run at once.

How long a question may take is the readers' (govpipes.sources).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from govpipes.catalogue.model import Contract
from govpipes.errors import SourceError
from govpipes.pipeline.workspace import Workspace

_TRY = text("SELECT pg_try_advisory_lock(hashtext('govpipes.source'), hashtext(:slot))")
_LEAVE = text("SELECT pg_advisory_unlock(hashtext('govpipes.source'), hashtext(:slot))")
_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 1800


@contextmanager
def slot(ws: Workspace, contract: Contract) -> Iterator[None]:
    """One of the readings that may run against the contract's system at once, over all processes.

    A slot is an advisory lock in PostgreSQL, so that it ends with the process. Raises SourceError after half an hour.
    """
    system, allowed = contract.source.system, contract.source.budget.connections
    names = [f"{system}:{number}" for number in range(allowed)]
    began = time.monotonic()
    with ws.ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as con:
        while (taken := next((n for n in names if con.execute(_TRY, {"slot": n}).scalar_one()), None)) is None:
            if time.monotonic() - began > _LONGEST_WAIT_SECONDS:
                raise SourceError(
                    f"{system} is read {allowed} times at once already, for half an hour",
                    allowed=f"budget.connections: {allowed}",
                    next_step="look for the run that does not end, or raise the budget with the department's consent",
                )
            time.sleep(_WAIT_SECONDS)
        try:
            yield
        finally:
            con.execute(_LEAVE, {"slot": taken})
