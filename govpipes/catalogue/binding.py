"""Does a contract's SQL mean anything? Asked of DuckDB, against the items' types and the standards' macros.

Here: binding only. No data is read: the connection is empty, and closed to files and the network.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import duckdb

from govpipes import standards
from govpipes.catalogue.model import EntityRule
from govpipes.duck import extension_file
from govpipes.sql import ident, literal

_ONE_AT_A_TIME = Lock()
_CONNECTIONS: dict[tuple[str, bool], duckdb.DuckDBPyConnection] = {}


class Binder:
    """Binds expressions and queries without running them; a context manager, one user at a time.

    spatial: whether rules may ask the spatial extension, which takes a tenth of a second to load. Raises
    CatalogueError when the code lists cannot be used.
    """

    def __init__(self, codes_dir: Path, *, spatial: bool) -> None:
        self._con = _connection(codes_dir, spatial)

    def __enter__(self) -> "Binder":
        _ONE_AT_A_TIME.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        _ONE_AT_A_TIME.release()

    def types(self, expressions: Sequence[str], columns: Mapping[str, str]) -> list[str] | None:
        """The DuckDB types of expressions over columns (name -> type); None when one of them does not bind."""
        if not expressions:
            return []
        selected = ", ".join(f"({sql}\n) AS e{n}" for n, sql in enumerate(expressions))
        try:
            return [str(row[1]) for row in self._describe(f"SELECT {selected} FROM {_no_rows(columns)}")]
        except duckdb.Error:
            return None

    def why_not(self, expression: str, columns: Mapping[str, str]) -> str | None:
        """DuckDB's reason why an expression does not bind; None when it does."""
        return self._why_not(f"SELECT ({expression}\n) AS e0 FROM {_no_rows(columns)}")

    def why_not_query(self, query: str, columns: Mapping[str, str]) -> str | None:
        """DuckDB's reason why a query over `{batch}` does not bind; None when it does."""
        return self._why_not(query.replace("{batch}", _no_rows(columns, alias="")))

    def why_not_rule(self, rule: EntityRule, tables: Mapping[str, Mapping[str, str]]) -> str | None:
        """Why an entity's rule does not bind or lacks a column; tables: `registry.entity` -> its columns' types."""
        query = rule.over({name: _no_rows(columns, alias="") for name, columns in tables.items()})
        return self._why_not(f"SELECT entity_key, CAST(found AS VARCHAR) FROM ({query}\n)")

    def _why_not(self, sql: str) -> str | None:
        try:
            self._describe(sql)
        except duckdb.Error as error:
            return _reason(error)
        return None

    def _describe(self, sql: str) -> list[tuple[object, ...]]:
        if len(self._con.extract_statements(sql)) != 1:
            raise duckdb.ParserException("Parser Error: one expression is expected here, without `;`")
        return self._con.execute(f"DESCRIBE {sql}").fetchall()


def _no_rows(columns: Mapping[str, str], alias: str = " p") -> str:
    """A subquery without rows that has these columns."""
    typed = ", ".join(f"CAST(NULL AS {kind}) AS {ident(name)}" for name, kind in columns.items())
    return f"(SELECT {typed} WHERE FALSE){alias}"


def _reason(error: duckdb.Error) -> str:
    """The first lines of DuckDB's message, without the statement it quotes."""
    text = str(error).split("\nLINE ")[0].strip()
    return " ".join(text.split())


def _connection(codes_dir: Path, spatial: bool) -> duckdb.DuckDBPyConnection:
    """The process's connection with these standards; the macros are made anew only when their text changes."""
    wanted = standards.fingerprint(codes_dir), spatial
    if wanted not in _CONNECTIONS:
        # Not govpipes.duck.connect: that is for work on data, under settings; a catalogue is checked without any.
        con = duckdb.connect(":memory:", config={"threads": 1, "autoload_known_extensions": False})
        standards.install(con, codes_dir)
        if spatial:
            con.execute(f"LOAD {literal(extension_file('spatial'))}")
        con.execute("SET enable_external_access = false")
        for other in [key for key in _CONNECTIONS if key[0] != wanted[0]]:
            del _CONNECTIONS[other]
        _CONNECTIONS[wanted] = con
    return _CONNECTIONS[wanted]
