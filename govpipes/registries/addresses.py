"""The parser of addresses in the warehouse: `geospatial.address_parts(text)`, for any DuckDB client of a release.

How an address is parsed is the standards' (address.sql); here it is only put where readers find it, with the names of
counties written into it. Links by what an address says are the catalogue's (keys as derived columns, `matches`).
"""

from govpipes.pipeline.workspace import Workspace
from govpipes.sql import ident, literal
from govpipes.warehouse import LAKE

MACRO = "address_parts"
_SCHEMA = "geospatial"
_CONSTANTS = ("address_counties", "address_cities")


def put_parser(ws: Workspace) -> None:
    """Make the macro in the lake, or again when the standards changed.

    Raises WarehouseError when the lake cannot be written.
    """
    found = ws.con.execute(
        "SELECT database_name, macro_definition FROM duckdb_functions() WHERE function_name = ? "
        "AND (database_name, schema_name) IN (('temp', 'main'), (?, ?))",
        [MACRO, LAKE, _SCHEMA],
    ).fetchall()
    defined = {str(database): str(body) for database, body in found}
    body = defined["temp"]
    for name in _CONSTANTS:
        body = body.replace(f"{name}()", literal(ws.lake.one(f"SELECT {name}()")))
    if defined.get(LAKE) != body:
        made = f"CREATE OR REPLACE MACRO {ident(LAKE, _SCHEMA, MACRO)}(x) AS {body}"
        ws.lake.write(f"{_SCHEMA}.{MACRO}", "address parser", lambda: ws.con.execute(made))
