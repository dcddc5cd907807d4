"""Quoting for SQL that is put together from contracts.

Everything that comes from a contract, a source or a person goes through `ident` or `literal`, or is bound as a
parameter. Nothing here runs SQL.
"""

from datetime import date, datetime
from pathlib import Path


def ident(*names: str) -> str:
    """A quoted identifier, or a dotted path of them: `ident("claims", "births")` -> `"claims"."births"`."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(value: object) -> str:
    """A quoted SQL literal for text, numbers, dates, timestamps, booleans, paths and None.

    Raises TypeError for anything else.
    """
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return repr(value)
        case datetime():
            return f"TIMESTAMP '{value.replace(tzinfo=None).isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case str() | Path():
            return "'" + str(value).replace("'", "''") + "'"
    raise TypeError(f"no SQL literal for {type(value).__name__}")


def column_list(names: list[str] | tuple[str, ...], prefix: str = "") -> str:
    """`"a", "b"` — or `p."a", p."b"` with a prefix."""
    dot = f"{prefix}." if prefix else ""
    return ", ".join(dot + ident(name) for name in names)
