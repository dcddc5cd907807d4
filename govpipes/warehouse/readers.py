"""Reading a release, with personal values masked where people look.

Programs that need the plain values open the release file themselves (`ATTACH 'ducklake:…/current.ducklake'`); this
module is for people: the CLI, previews. Masking here guards against careless looking, not against an intruder: whoever
may read the files may read the values.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from govpipes import standards
from govpipes.catalogue import Catalogue, load_catalogue
from govpipes.catalogue.model import EntityItem, Item
from govpipes.duck import connect
from govpipes.errors import WarehouseError
from govpipes.settings import Settings
from govpipes.sql import ident, literal
from govpipes.standards import ELEMENTS
from govpipes.warehouse.releases import CURRENT, release_file

RELEASE = "warehouse"
"""The name a release is attached under; `SELECT … FROM population.person` works without it."""

CITIZEN_NUMBER = r"([1-8]\d{3})\d{2}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(\d{3}[\dXx])"
"""An 18-digit citizen number anywhere in a text (GB 11643: region, birth date, sequence and check)."""

MOBILE_NUMBER = r"\b(1[3-9]\d)\d{4}(\d{4})\b"
"""A mobile telephone number anywhere in a text."""

_KEYS = ("entity_key", "source_key", "subject_key", "target_key", "link_key", "alias")
"""Keys of the warehouse's own that can be, or hold, a citizen number."""


def connect_release(settings: Settings, release: str | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to a release (default: the current one), read only, with the standards' macros.

    Raises WarehouseError when there is no such release.
    """
    file = release_file(settings, release) if release else settings.releases_dir / CURRENT
    if not file.exists():
        raise WarehouseError(
            f"there is no release {release}" if release else "there is no release yet",
            next_step="`govpipes release list` shows the releases; `govpipes demo` or `govpipes sync` makes one",
        )
    con = connect(settings, "ducklake")
    standards.install(con, settings.codes_dir)
    # the file the pointer names now: a later release must not change what this connection reads
    con.execute(f"ATTACH {literal(f'ducklake:{file.resolve()}')} AS {RELEASE} (READ_ONLY)")
    con.execute(f"SET search_path = {literal('memory.main,' + RELEASE + '.main')}")
    con.execute(f"USE {RELEASE}")
    return con


def query(
    settings: Settings, sql: str, release: str | None = None, *, unmasked: bool = False, limit: int | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run one SELECT on a release; returns the column names and the rows.

    The query sees masked values under the tables' own names, so that no expression shows a plain one; identifying
    numbers carry a suffix that is the same for the same number within this query, so that joins and counts hold.
    Conditions on plain values need `unmasked`. Raises WarehouseError when it cannot be run.
    """
    con = connect_release(settings, release)
    try:
        statements = con.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise WarehouseError("this is not a query", allowed="one SELECT; a release cannot be written")
        if not unmasked:
            _put_masks(con, load_catalogue(settings.data_dir))
        relation = con.sql(sql)
        if limit is not None:
            relation = relation.limit(limit)
        return list(relation.columns), relation.fetchall()
    except duckdb.Error as error:
        # an error about a value would repeat it
        about_names = isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException)
        raise WarehouseError(
            "the query cannot be run",
            found=str(error) if about_names or unmasked else f"{type(error).__name__}, on a value",
            next_step="`govpipes catalogue list` names the tables",
        ) from None
    finally:
        con.close()


def masked(column: str, kind: str, masks: Mapping[str, str]) -> str:
    """SQL for a column as people may see it: masked by the mask of its name, else free of personal numbers."""
    name = ident(column)
    if kind != "VARCHAR":
        return name
    shown = f"mask_{masks[column]}({name})" if column in masks else without_numbers(name)
    return f"{shown} AS {name}"


def masked_value(masks: Mapping[str, str]) -> str:
    """SQL for a column `value` as people may see it, where the column `item` says which item's it is."""
    cases = " ".join(f"WHEN {literal(item)} THEN mask_{mask}(value)" for item, mask in masks.items())
    return f"CASE item {cases} ELSE {without_numbers('value')} END" if cases else without_numbers("value")


def without_numbers(text: str) -> str:
    """SQL for a text in which citizen and mobile numbers are masked, wherever they stand."""
    without_ids = f"regexp_replace({text}, '{CITIZEN_NUMBER}', '\\1**********\\2', 'g')"
    return f"regexp_replace({without_ids}, '{MOBILE_NUMBER}', '\\1****\\2', 'g')"


def masks_of(items: Iterable[Item | EntityItem]) -> dict[str, str]:
    """Item name -> mask, for the items that are personal."""
    return {item.name: ELEMENTS[item.element].mask for item in items if ELEMENTS[item.element].mask != "none"}


def _put_masks(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Views of all the release's tables, under their own names in a database that is searched first."""
    con.execute("SET VARIABLE salt = uuid()::VARCHAR")
    con.execute("ATTACH ':memory:' AS shown")
    columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, column, kind in con.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ? "
        "ORDER BY schema_name, table_name, column_index",
        [RELEASE],
    ).fetchall():
        columns.setdefault((schema, table), []).append((column, kind))
    for (schema, table), found in columns.items():
        masks = _masks_of_table(catalogue, schema, table)
        seen = ", ".join(_seen(column, kind, masks) for column, kind in found)
        con.execute(f"CREATE SCHEMA IF NOT EXISTS shown.{ident(schema)}")
        con.execute(f"CREATE VIEW shown.{ident(schema, table)} AS SELECT {seen} FROM {ident(RELEASE, schema, table)}")
    con.execute("USE shown")
    _put_macros(con)


def _put_macros(con: duckdb.DuckDBPyConnection) -> None:
    """The release's macros again, over what is shown; those that use others once these are there."""
    left = con.execute(
        "SELECT schema_name, function_name, parameters, "
        "if(function_type = 'macro', '', 'TABLE ') || macro_definition FROM duckdb_functions() "
        "WHERE database_name = ? AND function_type IN ('macro', 'table_macro')",
        [RELEASE],
    ).fetchall()
    while left:
        waiting = []
        for schema, macro, parameters, body in left:
            try:
                con.execute(f"CREATE MACRO {ident(schema, macro)}({', '.join(parameters)}) AS {body}")
            except duckdb.CatalogException:
                waiting.append((schema, macro, parameters, body))
        if len(waiting) == len(left):
            raise WarehouseError(
                "the release's macros cannot be shown masked",
                found=", ".join(f"{schema}.{macro}" for schema, macro, *_ in waiting),
                next_step="`govpipes sync` makes a new release",
            )
        left = waiting


def _seen(column: str, kind: str, masks: Mapping[str, str]) -> str:
    if kind == "VARCHAR" and (masks.get(column) == "citizen_id" or column in _KEYS):
        name = ident(column)
        mask = f"regexp_replace({name}, '{CITIZEN_NUMBER}', '\\1**********\\2', 'g')"
        if masks.get(column) == "citizen_id":
            mask = f"mask_citizen_id({name})"
        suffix = f"'~' || left(md5(getvariable('salt') || {name}), 6)"
        return f"CASE WHEN {mask} = {name} THEN {name} ELSE {mask} || {suffix} END AS {name}"
    return masked(column, kind, masks)


def _masks_of_table(catalogue: Catalogue, schema: str, table: str) -> dict[str, str]:
    if schema in ("claims", "current"):
        return masks_of(catalogue.contracts[table].items) if table in catalogue.contracts else {}
    entities = catalogue.registries[schema].entities if schema in catalogue.registries else ()
    return next((masks_of(e.items) for e in entities if table in (e.table, f"{e.table}_history")), {})
