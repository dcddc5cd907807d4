"""The ledger's tables. Rows are only ever added; the state of a dataset-day is read from the newest of them.

Times are `timestamptz`. `day` is the first day of the dataset's period (govpipes.days). Hashes are hex SHA-256.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    MetaData,
    Sequence,
    String,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="ledger")

# Made before it is first used: a sequence made and used in one transaction of a server with wal_level minimal would
# give its first numbers again after a crash.
publication_id = Sequence("publication_id", metadata=metadata)


def _table(name: str, *columns: Column[Any] | Index) -> Table:
    """A table of facts, in the order and with the time they were written down."""
    return Table(
        name,
        metadata,
        Column("sequence", BigInteger, Identity(always=True), primary_key=True),
        *columns,
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    )


def _recorded(*columns: Column[Any], name: str) -> Table:
    """A table of facts about a dataset-day: who and how long beside the fact itself."""
    return _table(
        name,
        Column("dataset", String(100), nullable=False),
        Column("registry", String(40), nullable=False),
        Column("day", Date, nullable=False),
        *columns,
        Column("run_id", String(64), nullable=False),
        Column("seconds", Double, nullable=False),
        Index(f"{name}_of_day", "dataset", "day", "sequence"),
    )


def _count(name: str) -> "Column[Any]":
    return Column(name, BigInteger, nullable=False)


readings = _recorded(
    Column("landing_id", String(64), nullable=False),
    _count("rows"),
    _count("new_rows"),
    name="readings",
)
"""Every reading of a source: how many rows it gave, how many were not landed before, the landing they are in."""

landings = _recorded(
    Column("landing_id", String(64), nullable=False, unique=True),
    _count("rows"),
    Column("sha256", String(64), nullable=False),
    Column("content", String(64), nullable=False),
    Column("path", Text, nullable=False),
    Column("window_start", DateTime(timezone=False)),
    Column("window_end", DateTime(timezone=False)),
    Column("detail", JSONB, nullable=False),
    name="landings",
)
"""Immutable landed Parquet: `content` is a hash of its rows in any order; `detail` has columns, files, statement, and
how it differs from what was read before (pipeline/drift.py)."""

sweeps = _recorded(
    Column("landing_id", String(64), nullable=False, unique=True),
    Column("swept_at", DateTime(timezone=False), nullable=False),
    _count("known"),
    _count("gone"),
    _count("revived"),
    Column("sha256", String(64), nullable=False),
    Column("path", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    name="sweeps",
)
"""Comparisons of a source's keys with what is known (`known` records then): of a day's sweeps the newest counts."""

looks = _recorded(
    Column("fingerprint", String(200)),
    _count("rows"),
    _count("missing"),
    name="looks",
)
"""What the reconciler saw in the source for a day: the state's fingerprint (NULL: nothing is delivered), its rows, and
how many of them were not landed then."""

candidates = _recorded(
    Column("candidate_id", String(64), nullable=False, unique=True),
    Column("contract_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("landing_ids", JSONB, nullable=False),
    _count("rows_read"),
    _count("rows_accepted"),
    _count("rows_quarantined"),
    _count("rows_flagged"),
    Column("reasons", JSONB, nullable=False),
    Column("flags", JSONB, nullable=False),
    Column("path", Text, nullable=False),
    Column("quarantine_path", Text, nullable=False),
    name="candidates",
)
"""Standardized days: what was accepted, what was rejected and why (`reasons`: {"item:CODE": rows})."""

datums = _recorded(
    Column("candidate_id", String(64), nullable=False),
    Column("datum", String(20), nullable=False),
    Column("told", Boolean, nullable=False),
    Column("referenced", Boolean, nullable=False),
    _count("points"),
    Column("metres", JSONB, nullable=False),
    name="datums",
)
"""Under which datum a candidate's points were read, where its contract lists several, and the evidence
(pipeline/datum.py); of a candidate the newest counts: what was not told at first may have been told since."""

verdicts = _recorded(
    Column("candidate_sha256", String(64), nullable=False),
    Column("contract_sha256", String(64), nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("error", Text),
    Column("outcomes", JSONB, nullable=False),
    name="verdicts",
)
"""What Great Expectations said of exactly these bytes under exactly this contract."""

publications = _recorded(
    Column("publication_id", BigInteger, nullable=False, unique=True),
    Column("candidate_sha256", String(64), nullable=False),
    Column("contract_sha256", String(64), nullable=False),
    _count("rows_inserted"),
    _count("rows_updated"),
    _count("rows_unchanged"),
    _count("rows_superseded"),
    _count("rows_withdrawn"),
    _count("rows_late"),
    name="publications",
)
"""What a publication did; the same row stands in the lake, written in the transaction of the data."""

steps = _recorded(
    Column("step", String(20), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("message", Text),
    name="steps",
)
"""Every step that ran for a dataset-day: outcome ok, held (the gate said no) or failed (it could not be done)."""

releases = _table(
    "releases",
    Column("release", String(100), nullable=False, unique=True),
    Column("snapshot_id", BigInteger, nullable=False),
    Column("path", Text, nullable=False),
    Column("tables", JSONB, nullable=False),
    Column("held", JSONB, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("seconds", Double, nullable=False),
)
"""Frozen versions of the warehouse: `tables` {name: rows}, `held` the dataset-days that were held then."""

disclosures = _table(
    "disclosures",
    Column("account", String(200), nullable=False),
    Column("command", String(40), nullable=False),
    Column("key_sha256", String(64), nullable=False),
    Column("reason", Text, nullable=False),
)
"""Who asked to see one person's or organization's values in full, and why; the key is there as its SHA-256."""

link_decisions = _table(
    "link_decisions",
    Column("link", String(200), nullable=False),
    Column("pair", String(64), nullable=False),
    Column("decision", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("account", String(200), nullable=False),
)
"""What people decided about pairs that a matching found (`link` registry.entity.link, `pair` a SHA-256): accept, reject
or undo; of each pair the newest counts."""

maintenance = _table(
    "maintenance",
    Column("releases", JSONB, nullable=False),
    Column("compacted", JSONB, nullable=False),
    _count("snapshots"),
    _count("files"),
    _count("orphans"),
    _count("leftovers"),
    _count("events"),
    Column("bytes", JSONB, nullable=False),
    Column("problem", Text),
    Column("run_id", String(64)),
    Column("seconds", Double, nullable=False),
)
"""What each maintenance removed (`releases` their names, `compacted` {table: files before and after}, `bytes` by what)
and why it ended early, if it did; run_id: of Dagster's run, NULL from the command line."""
