"""The lake as its writers see it: attach, make tables, write under a lock.

Every write goes through `Lake.write`: one PostgreSQL advisory lock per table (it also holds between machines),
one lake transaction, conflicts retried. Readers of the whole warehouse use releases instead.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from govpipes.errors import WarehouseError, disk_is_full
from govpipes.settings import Settings
from govpipes.sql import ident, literal

LAKE = "lake"
"""The name the lake is attached under, and the PostgreSQL schema of its catalogue."""

_CONFLICT_RETRIES = 8
_LOCK_TIMEOUT_MINUTES = 30
_FILES = {"parquet_compression": "zstd", "parquet_compression_level": 1, "parquet_version": 2}
"""How the lake's files are written, as duck.PARQUET says it for the others."""
_COUNT_COLUMNS = (
    "rows_inserted BIGINT, rows_updated BIGINT, rows_unchanged BIGINT, rows_superseded BIGINT, "
    "rows_withdrawn BIGINT, rows_late BIGINT"
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a warehouse table: DuckDB type, and the comment people see (Chinese title, unit, standard)."""

    name: str
    type: str
    comment: str = ""


class Lake:
    """The lake, attached to one DuckDB connection.

    `con` is that connection; `engine` the PostgreSQL that holds the locks.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, engine: Engine) -> None:
        self.con = con
        self.engine = engine

    @classmethod
    def attach(cls, con: duckdb.DuckDBPyConnection, settings: Settings, engine: Engine, postgres_url: str) -> "Lake":
        """Attach the lake, making it the first time.

        Data inlining is off: a frozen copy of inlined rows would be silently wrong (STACK.md).
        Raises WarehouseError when the catalogue or the data folder cannot be used.
        """
        settings.lake_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_postgres_secret(con, "lake_catalogue", postgres_url)
        # the lock keeps two first starters from both making the catalogue
        lake = cls(con, engine)
        with lake.lock("catalogue"):
            try:
                con.execute(
                    f"ATTACH 'ducklake:postgres:' AS {LAKE} (DATA_PATH {literal(str(settings.lake_dir) + '/')}, "
                    f"METADATA_SCHEMA {literal(LAKE)}, DATA_INLINING_ROW_LIMIT 0, "
                    "METADATA_PARAMETERS MAP {'SECRET': 'lake_catalogue'})"
                )
            except duckdb.Error as error:
                raise WarehouseError(
                    "the lake cannot be attached",
                    found=str(error).splitlines()[0],
                    next_step="check that PostgreSQL runs and that $GOVPIPES_HOME/lake is where the lake was made",
                ) from None
            lake._set_up()
        return lake

    def _set_up(self) -> None:
        """Once: how its files are written, and its own record of what is in it, which is written in the transactions of
        the data (DESIGN.md D4).
        """
        if "publications" in self.tables("pipeline"):
            return
        for option, value in _FILES.items():
            self.con.execute(f"CALL {LAKE}.set_option({literal(option)}, {literal(value)})")
        self.con.execute("BEGIN")
        self.con.execute(f"CREATE SCHEMA IF NOT EXISTS {LAKE}.pipeline")
        self.con.execute(
            f"CREATE TABLE {LAKE}.pipeline.publications (publication_id BIGINT, dataset VARCHAR, registry VARCHAR, "
            f"day DATE, candidate_sha256 VARCHAR, contract_sha256 VARCHAR, {_COUNT_COLUMNS}, "
            "run_id VARCHAR, published_at TIMESTAMPTZ)"
        )
        self.con.execute(
            f"CREATE TABLE {LAKE}.pipeline.fusions (registry VARCHAR, entity VARCHAR, dataset VARCHAR, "
            "publication_id BIGINT, spec_sha256 VARCHAR, fused_at TIMESTAMPTZ)"
        )
        self.con.execute("COMMIT")

    def tables(self, schema: str) -> set[str]:
        """The names of a schema's tables."""
        # duckdb_tables() also counts the rows of every table of the lake: milliseconds for each of them
        rows = self.con.execute(
            "SELECT DISTINCT table_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = ?",
            [LAKE, schema],
        ).fetchall()
        return {str(name) for (name,) in rows} - {view for of, view in self.views() if of == schema}

    def views(self) -> set[tuple[str, str]]:
        """All views: schema and name."""
        rows = self.con.execute(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = ?", [LAKE]
        ).fetchall()
        return {(str(schema), str(name)) for schema, name in rows}

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """The names and types of a table's columns; empty when it is not there."""
        # duckdb_columns() reads those of every table of the lake
        try:
            rows = self.con.execute(f"DESCRIBE {ident(LAKE, schema, table)}").fetchall()
        except duckdb.CatalogException:
            return {}
        return {str(name): str(kind) for name, kind, *_ in rows}

    def snapshot_id(self) -> int:
        """The newest snapshot's number."""
        return int(self.one(f"SELECT id FROM ducklake_current_snapshot({literal(LAKE)})"))

    def one(self, query: str, parameters: Sequence[object] = ()) -> Any:
        """The first value of the first row; None when there is no row."""
        row = self.con.execute(query, list(parameters)).fetchone()
        return None if row is None else row[0]

    def ensure_table(
        self, schema: str, table: str, columns: Sequence[Column], *, comment: str = "", partition_by: str | None = None
    ) -> None:
        """Make the table, or add the columns it lacks. Call it inside `write`.

        Raises WarehouseError when a column is there with another type: that needs a decision, not a cast.
        """
        name = ident(LAKE, schema, table)
        there = self.columns(schema, table)
        if not there:
            self.con.execute(f"CREATE SCHEMA IF NOT EXISTS {ident(LAKE, schema)}")
            inside = ", ".join(f"{ident(c.name)} {c.type}" for c in columns)
            self.con.execute(f"CREATE TABLE {name} ({inside})")
            if partition_by:
                self.con.execute(f"ALTER TABLE {name} SET PARTITIONED BY ({ident(partition_by)})")
            if comment:
                self.con.execute(f"COMMENT ON TABLE {name} IS {literal(comment)}")
        for column in columns:
            found = there.get(column.name)
            if there and found is None:
                self.con.execute(f"ALTER TABLE {name} ADD COLUMN {ident(column.name)} {column.type}")
            elif found is not None and found != self._canonical_type(column.type):
                raise WarehouseError(
                    f"column {column.name} of {schema}.{table} has another type in the warehouse",
                    found=found,
                    allowed=column.type,
                    next_step="give the item a new name in the contract, or migrate the table by hand",
                )
            if column.comment and found is None:
                self.con.execute(f"COMMENT ON COLUMN {name}.{ident(column.name)} IS {literal(column.comment)}")

    def ensure_view(
        self,
        schema: str,
        view: str,
        query: str,
        columns: Sequence[Column],
        title: str,
        macros: Mapping[str, str],
    ) -> None:
        """Make a view and its table macros (name with parameters -> query), or again when a text or column changed.

        Their texts name tables as `schema.table`, so that they hold under whatever name a reader attaches a release;
        a table macro finds them only after `USE` of that name. Call it inside `write`.
        """
        if self.view_stands(schema, view, query, columns, macros):
            return
        if self.columns(schema, view) and (schema, view) not in self.views():
            raise WarehouseError(
                f"{schema}.{view} is a table here: this home was made by an earlier version",
                allowed="a view, as this version makes it",
                next_step="set GOVPIPES_HOME to a new folder and load the history again (`govpipes backfill`)",
            )
        name = ident(LAKE, schema, view)
        self.con.execute(f"CREATE SCHEMA IF NOT EXISTS {ident(LAKE, schema)}")
        self.con.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
        self.con.execute(f"COMMENT ON VIEW {name} IS {literal(f'{title} · {_stamp(query, columns, macros)}')}")
        self.con.execute(f"USE {LAKE}")
        try:
            for head, body in macros.items():
                self.con.execute(f"CREATE OR REPLACE MACRO {ident(schema)}.{head} AS TABLE {body}")
        finally:
            self.con.execute("USE memory")

    def view_stands(
        self, schema: str, view: str, query: str, columns: Sequence[Column], macros: Mapping[str, str]
    ) -> bool:
        """Whether the view is there as `ensure_view` would make it."""
        comment = self.one(
            "SELECT comment FROM duckdb_views() WHERE database_name = ? AND schema_name = ? AND view_name = ?",
            [LAKE, schema, view],
        )
        return str(comment).endswith(_stamp(query, columns, macros))

    def _canonical_type(self, kind: str) -> str:
        return str(self.one(f"SELECT typeof(CAST(NULL AS {kind}))"))

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[Callable[[], None]]:
        """Hold the advisory lock `name`; waits for whoever holds it, and ends with the connection.

        Gives a function that raises WarehouseError when the lock has been lost since (PostgreSQL was restarted).
        Raises WarehouseError after 30 minutes of waiting.
        """
        bound = {"name": name}
        # not in a transaction: a server may end connections that are idle in one
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as con:
            try:
                con.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT_MINUTES}min'"))
                con.execute(text("SELECT pg_advisory_lock(hashtext('govpipes'), hashtext(:name))"), bound)
            except OperationalError:
                raise WarehouseError(
                    f"the lock on {name} was not free for {_LOCK_TIMEOUT_MINUTES} minutes",
                    next_step="look for the run that holds it (`govpipes status`), end it, and run again",
                ) from None
            except BaseException:
                con.invalidate()  # interrupted: nobody knows whether it was taken
                raise
            try:
                yield lambda: _still_held(con, name)
            finally:
                try:
                    con.execute(text("SELECT pg_advisory_unlock(hashtext('govpipes'), hashtext(:name))"), bound)
                    con.execute(text("RESET lock_timeout"))
                except BaseException as error:
                    con.invalidate()  # the lock ends with its connection
                    if not isinstance(error, SQLAlchemyError):
                        raise

    def write(self, table: str, message: str, work: Callable[[], T]) -> T:
        """Run `work` in one lake transaction while holding the lock of `table`; returns what it returns.

        A conflict with another table's writer is retried; any error leaves the lake as it was.
        Raises WarehouseError when the disk is full, or conflicts do not end.
        """
        with self.lock(table) as held:
            for attempt in range(1, _CONFLICT_RETRIES + 1):
                self.con.execute("BEGIN")
                try:
                    result = work()
                    self.con.execute(f"CALL {LAKE}.set_commit_message('govpipes', {literal(message)})")
                    held()
                    self.con.execute("COMMIT")
                    return result
                except duckdb.Error as error:
                    self._roll_back()
                    if not _is_conflict(error):
                        raise _explained(error, table) from error
                    if attempt == _CONFLICT_RETRIES:
                        raise WarehouseError(
                            f"{table} could not be written: {attempt} conflicts with other writers",
                            next_step="run again; nothing was changed",
                        ) from error
                except BaseException:
                    self._roll_back()
                    raise
        raise AssertionError("unreachable")

    def _roll_back(self) -> None:
        # a failed COMMIT has already ended the transaction
        with contextlib.suppress(duckdb.Error):
            self.con.execute("ROLLBACK")


def _stamp(query: str, columns: Sequence[Column], macros: Mapping[str, str]) -> str:
    return hashlib.sha256(repr((query, columns, macros)).encode()).hexdigest()[:16]


def _still_held(con: Connection, name: str) -> None:
    try:
        con.execute(text("SELECT 1"))
    except DBAPIError:
        raise WarehouseError(
            f"the lock on {name} was lost: the connection to PostgreSQL has ended",
            next_step="run again; nothing was changed",
        ) from None


def create_postgres_secret(con: duckdb.DuckDBPyConnection, name: str, postgres_url: str) -> None:
    """Give DuckDB a PostgreSQL's address as a secret, so that no statement or error holds the password."""
    url = make_url(postgres_url)
    parts = {
        "HOST": literal(url.host or "127.0.0.1"),
        "PORT": str(url.port or 5432),
        "DATABASE": literal(url.database or "postgres"),
        "USER": literal(url.username or "postgres"),
        "PASSWORD": literal(url.password or ""),
    }
    inside = ", ".join(f"{key} {value}" for key, value in parts.items())
    con.execute(f"CREATE OR REPLACE SECRET {ident(name)} (TYPE postgres, {inside})")


def _is_conflict(error: duckdb.Error) -> bool:
    words = str(error).lower()
    return "conflict" in words or "could not serialize" in words or "deadlock detected" in words


def _explained(error: duckdb.Error, table: str) -> Exception:
    if disk_is_full(error):
        return WarehouseError(
            f"{table} could not be written: the disk is full",
            next_step="free space under $GOVPIPES_HOME and run the day again; nothing was published",
        )
    return error
