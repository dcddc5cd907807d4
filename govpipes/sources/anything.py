"""Any other database SQLAlchemy has a driver for: read in chunks through Arrow, in one transaction.

Slower than DuckDB's scanners, and the way in for whatever a department still runs
(Oracle, SQL Server, 达梦, 人大金仓 …).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import sqlalchemy as sa
from sqlalchemy import types as sat
from sqlalchemy.exc import NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from govpipes.errors import SourceError
from govpipes.sources.failures import redact
from govpipes.sources.systems import System
from govpipes.sources.tables import Database, Kind, Question, SourceColumn

_CHUNK = 50_000


class AnyDatabase(Database):
    """A database behind any SQLAlchemy URL."""

    _con: sa.Connection

    def __init__(self, system: System, source: Any) -> None:
        super().__init__(system, source)
        self._types: dict[str, sat.TypeEngine[Any]] = {}

    @contextmanager
    def session(self) -> Iterator[None]:
        """Connected through SQLAlchemy, in one transaction."""
        engine = self._engine()
        try:
            with engine.connect() as con:
                self._con = con
                yield
        except SQLAlchemyError as error:
            raise SourceError(
                f"{self.system.name} ({self.system.shown}) cannot be read",
                found=" ".join(redact(str(error), self.system).split())[:400],
                next_step="check the address, the account and the network, then run the day again",
            ) from None
        finally:
            engine.dispose()

    def columns(self) -> Sequence[SourceColumn]:
        """See Database."""
        schema, _, table = self.table.rpartition(".")
        try:
            found = sa.inspect(self._con).get_columns(table, schema=schema or None)
        except NoSuchTableError:
            return []
        self._types = {str(column["name"]): column["type"] for column in found}
        return [SourceColumn(name, str(kind), _kind(kind), self.quote(name)) for name, kind in self._types.items()]

    def tables(self) -> Sequence[str]:
        """See Database."""
        inspector = sa.inspect(self._con)
        return [*inspector.get_table_names(), *inspector.get_view_names()]

    def row(self, query: str) -> Sequence[Any]:
        """See Database."""
        found = self._con.execute(sa.text(query.replace(":", "\\:"))).first()
        return () if found is None else tuple(found)

    def quote(self, name: str) -> str:
        """See Database."""
        quoted: str = self._con.dialect.identifier_preparer.quote_identifier(name)
        return quoted

    def timestamp_literal(self, moment: datetime) -> str:
        """See Database."""
        return self._literal(moment, sat.DateTime())

    def timestamptz_literal(self, moment: datetime) -> str:
        """See Database."""
        return self._literal(moment, sat.DateTime(timezone=True))

    def date_literal(self, moment: datetime) -> str:
        """See Database."""
        return self._literal(moment.date(), sat.Date())

    def copy(self, con: duckdb.DuckDBPyConnection, question: Question, target: Path) -> tuple[int, list[str]]:
        """See Database."""
        readers = [_reader(self._types[column.name]) for column in question.columns]
        names = [column.name for column in question.columns]
        schema = pa.schema([pa.field(name, kind) for name, (kind, _) in zip(names, readers, strict=True)])
        # Typed columns, so that SQLAlchemy turns what the driver gives into what the type says.
        typed = [sa.column(name, self._types[name]) for name in names]
        select = sa.text(question.select(self.quote).replace(":", "\\:")).columns(*typed)
        result = self._con.execution_options(stream_results=True).execute(select)
        rows, until = 0, time.monotonic() + self.source.budget.timeout_seconds
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for chunk in result.partitions(_CHUNK):
                values = zip(*chunk, strict=True)
                arrays = [
                    pa.array(map(convert, column), kind)
                    for column, (kind, convert) in zip(values, readers, strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                rows += len(chunk)
                if time.monotonic() > until:
                    raise TimeoutError("interrupted")
        return rows, []

    def _literal(self, value: date | datetime, kind: sat.TypeEngine[Any]) -> str:
        clause = sa.literal(value, kind)
        return str(clause.compile(dialect=self._con.dialect, compile_kwargs={"literal_binds": True}))

    def _engine(self) -> sa.Engine:
        try:
            return sa.create_engine(self.system.parts, poolclass=sa.NullPool)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise SourceError(
                f"{self.system.name}: there is no driver for {self.system.scheme}:// addresses",
                found=str(error),
                next_step="install the SQLAlchemy driver of that database beside govpipes",
            ) from None
        except SQLAlchemyError as error:
            raise SourceError(
                f"{self.system.name}: the address cannot be used", found=redact(str(error), self.system)
            ) from None


_Convert = Callable[[Any], Any]


def _reader(kind: sat.TypeEngine[Any]) -> tuple[pa.DataType, _Convert]:
    """The Arrow type of a column and how a driver's value becomes one; text where nothing else is exact."""
    match kind:
        case sat.Boolean():
            return pa.bool_(), _or_none(bool)
        case sat.Integer():
            return pa.int64(), _or_none(int)
        case sat.Float():
            return pa.float64(), _or_none(float)
        case sat.Numeric() if kind.precision and kind.precision <= 38:
            scale = kind.scale or 0
            return pa.decimal128(kind.precision, scale), _or_none(lambda value: _decimal(value, scale))
        case sat.DateTime() if kind.timezone:
            return pa.timestamp("us", tz="UTC"), _or_none(lambda value: value.astimezone(UTC))
        case sat.DateTime():
            return pa.timestamp("us"), _or_none(lambda value: value.replace(tzinfo=None))
        case sat.Date():
            return pa.date32(), _or_none(_day)
        case sat.LargeBinary():
            return pa.binary(), _or_none(bytes)
    return pa.string(), _or_none(str)


def _or_none(convert: _Convert) -> _Convert:
    return lambda value: None if value is None else convert(value)


def _decimal(value: Any, scale: int) -> Decimal:
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-scale))


def _day(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else date.fromisoformat(str(value))


def _kind(kind: sat.TypeEngine[Any]) -> Kind:
    match kind:
        case sat.DateTime():
            return "timestamptz" if kind.timezone else "timestamp"
        case sat.Date():
            return "date"
        case sat.String():
            return "text"
    return "other"
