"""What a dataset's claims are in the warehouse: their columns, and which version of a record is current.

A claim is a version of a record as its source said it: (source_key, cursor, row_hash). Writing claims is publish's.
"""

from datetime import date

from govpipes.catalogue.model import CANDIDATE_COLUMNS, Contract
from govpipes.pipeline.valid_time import HOLDS, KNOWN, MOMENT, versions_sql
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import column_list, ident, literal
from govpipes.standards import ELEMENTS
from govpipes.warehouse import LAKE, Column

HISTORY = {
    "source_day": ("DATE", "the dataset-day (first day of its period) that says this"),
    "publication_id": ("BIGINT", "the publication that brought it"),
    "recorded_from": ("TIMESTAMP WITH TIME ZONE", "when we learned it"),
    "recorded_to": ("TIMESTAMP WITH TIME ZONE", "when its day stopped saying it; NULL = still says it"),
    "withdrawn_by": ("BIGINT", "the publication that withdrew it"),
}
"""The columns a claim has beside its candidate's: the bitemporal tail."""

_MADE_AT_ONCE = 200
"""How many datasets' tables are made in one transaction: a commit takes time by the square of what it makes."""

RECENCY = "CAST(epoch_us(cursor) AS HUGEINT) * 9223372036854775808 + row_hash"
"""Which of two versions of a record wins, as one number: the newer cursor, ties by content (DESIGN.md D6)."""


def claims_table(contract: Contract) -> str:
    """The quoted name of a dataset's claims in the attached lake."""
    return ident(LAKE, "claims", contract.dataset)


def claim_columns(contract: Contract) -> list[Column]:
    """The columns of a dataset's claims: its items, the candidate's technical ones, the bitemporal tail."""
    items = [Column(item.name, ELEMENTS[item.element].sql_type, item.title.zh) for item in contract.items]
    technical = [Column(name, kind) for name, kind in CANDIDATE_COLUMNS.items()]
    return items + technical + [Column(name, kind, comment) for name, (kind, comment) in HISTORY.items()]


def current_rows_sql(
    contract: Contract, table: str, as_of: date | None = None, books: str = f"{LAKE}.pipeline.publications"
) -> str:
    """SQL for the newest version of each record (deleted ones included) that `table` holds.

    A full dump speaks for everything, so its newest period is current; else a record's version wins by cursor, ties by
    content. as_of: only what days up to this one say. books: where the publications are listed.
    """
    known = f"recorded_to IS NULL AND source_day <= {literal(as_of)}" if as_of else "recorded_to IS NULL"
    if contract.source.mode == "snapshot":
        # asked of the books: a dump in which nobody is left has no claims
        until = f" AND day <= {literal(as_of)}" if as_of else ""
        known += f" AND source_day = (SELECT max(day) FROM {books} WHERE dataset = {literal(contract.dataset)}{until})"
    # a window over whole rows would take twice the time, and memory for all of them
    version = ("source_key", "cursor", "row_hash", "source_day")
    newer = " > ".join(f"({column_list(version[1:], of)})" for of in ("newer", "c"))
    return (
        f"SELECT * FROM (SELECT * FROM {table} WHERE {known}) c "
        f"ANTI JOIN (SELECT {column_list(version)} FROM {table} WHERE {known}) newer "
        f"ON newer.source_key = c.source_key AND {newer}"
    )


def make_claims(ws: Workspace) -> None:
    """Make the tables of all datasets that have none yet; to be called when one of them is about to be published.

    Every change of the schema costs a process time and memory for the whole of it: 1,300 datasets that each make their
    table on their first day take both by the square (decision 19).
    """

    def some() -> int:
        there = ws.lake.tables("claims")
        missing = [c for c in ws.catalogue.contracts.values() if c.dataset not in there][:_MADE_AT_ONCE]
        for contract in missing:
            ensure_claims(ws, contract)
        return len(missing)

    while ws.lake.write("claims", "make the tables of datasets", some) == _MADE_AT_ONCE:
        pass


def ensure_claims(ws: Workspace, contract: Contract) -> None:
    """Make the dataset's table, or add the columns it lacks, and what is read of it. Call it inside a lake write.

    The view `current.<dataset>` has the newest version of each record that is not deleted, the table macro
    `current.<dataset>_as_of(valid_day, known_day)` the versions that held on a day as they were known on another;
    both travel with releases.
    """
    ws.lake.ensure_table(
        "claims", contract.dataset, claim_columns(contract), comment=contract.title.zh, partition_by="source_day"
    )
    table, books = ident("claims", contract.dataset), "pipeline.publications"
    query = f"SELECT * FROM ({current_rows_sql(contract, table, books=books)}) WHERE NOT is_deleted"
    known_books = f"(SELECT * FROM {books} WHERE published_at <= {MOMENT})"
    as_of = f"SELECT * FROM ({versions_sql(contract, table, KNOWN, known_books)}) WHERE {HOLDS}"
    macros = {f"{ident(contract.dataset + '_as_of')}(valid_day, known_day)": as_of}
    ws.lake.ensure_view("current", contract.dataset, query, claim_columns(contract), contract.title.zh, macros)
