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

_CITIZEN_NUMBER = r"([1-8]\d{3})\d{2}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(\d{3}[\dXx])"
"""An 18-digit citizen number anywhere in a text (GB 11643: region, birth date, sequence and check)."""


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

    Columns that bear the name of a personal item of a table in the query are masked as their element says, and so are
    citizen numbers in any other text; `unmasked` shows them plain. Raises WarehouseError with DuckDB's words when the
    query cannot be run.
    """
    con = connect_release(settings, release)
    try:
        relation = con.sql(sql)
        if relation is None:
            raise WarehouseError("this is not a query", allowed="one SELECT; a release cannot be written")
        if not unmasked:
            masks = _masks(con, load_catalogue(settings.data_dir), sql)
            columns = zip(relation.columns, relation.types, strict=True)
            relation = relation.project(", ".join(masked(name, str(kind), masks) for name, kind in columns))
        if limit is not None:
            relation = relation.limit(limit)
        return list(relation.columns), relation.fetchall()
    except duckdb.Error as error:
        raise WarehouseError(
            "the query cannot be run", found=str(error), next_step="`govpipes catalogue list` names the tables"
        ) from None
    finally:
        con.close()


def masked(column: str, kind: str, masks: Mapping[str, str]) -> str:
    """SQL for a column as people may see it: masked by the mask of its name, else free of citizen numbers."""
    name = ident(column)
    if kind != "VARCHAR":
        return name
    if column in masks:
        return f"mask_{masks[column]}({name}) AS {name}"
    return f"regexp_replace({name}, '{_CITIZEN_NUMBER}', '\\1**********\\2', 'g') AS {name}"


def masks_of(items: Iterable[Item | EntityItem]) -> dict[str, str]:
    """Item name -> mask, for the items that are personal."""
    return {item.name: ELEMENTS[item.element].mask for item in items if ELEMENTS[item.element].mask != "none"}


def _masks(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, sql: str) -> dict[str, str]:
    """The masks of all items of the tables that a query names."""
    masks: dict[str, str] = {}
    for name in con.get_table_names(sql, qualified=True):
        schema, table = name.replace('"', "").split(".")[-2:] if "." in name else ("", name)
        if table in catalogue.contracts and schema in ("", "claims", "current"):
            masks |= masks_of(catalogue.contracts[table].items)
        for entity in catalogue.registries[schema].entities if schema in catalogue.registries else ():
            if entity.table == table:
                masks |= masks_of(entity.items)
    return masks
