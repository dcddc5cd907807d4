"""The ledger: what happened to every row, in PostgreSQL (schema `ledger`).

Here: the tables, writing what a step did, and the questions people and steps ask of it.
Not here: doing the steps (pipeline), the data itself (warehouse), Dagster's own records.
"""

from govpipes.ledger.ledger import Ledger

__all__ = ["Ledger"]
