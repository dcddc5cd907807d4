"""How results look: tables for people, flat JSON objects for programs, errors on stderr.

Every reporting command ends here, so that `--json` means the same everywhere: a list of flat objects on stdout and
nothing else. What is in the rows belongs to the commands.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Row = Mapping[str, Any]

# Not a terminal (a pipe, a log): a fixed, generous width, so that nothing is cut off.
_WIDTH = None if sys.stdout.isatty() else 200

_STATE_STYLES = {
    "published": "green",
    "held": "yellow",
    "failed": "red",
    "landed": "cyan",
    "block": "red",
    "warn": "yellow",
}


def console() -> Console:
    """Where results are written. Made anew each time: tests replace sys.stdout."""
    return Console(width=_WIDTH, highlight=False)


def messages() -> Console:
    """Where everything that is not the result is written: notes, errors."""
    return Console(stderr=True, width=_WIDTH, highlight=False)


def show(
    rows: Sequence[Row],
    *,
    as_json: bool,
    columns: Sequence[str] | None = None,
    plain: bool = False,
    nothing: str = "nothing to show",
) -> None:
    """Write rows as JSON, or as a table of `columns` (default: those of the first row).

    plain: names and values as they are, for rows that are not ours.
    """
    if as_json:
        write_json(rows)
    elif not rows:
        console().print(nothing, markup=False)
    else:
        console().print(table(rows, columns or list(rows[0]), plain=plain))


def write_json(rows: Sequence[Row]) -> None:
    """A list of flat objects; dates in ISO 8601, decimals as numbers, nested values as JSON text."""
    flat = [{key: _flat(value) for key, value in row.items()} for row in rows]
    sys.stdout.write(json.dumps(flat, ensure_ascii=False, indent=2) + "\n")


def table(rows: Sequence[Row], columns: Sequence[str], *, plain: bool = False) -> Table:
    """A table; numbers to the right, whole ones with separators, states in colour (not when `plain`)."""
    made = Table(header_style="bold", box=None, pad_edge=False)
    for name in columns:
        numeric = any(_is_number(row.get(name)) for row in rows)
        heading = escape(name) if plain else name.removeprefix("rows_").replace("_", " ")
        # Chinese has no spaces to break lines at: what is not folded would be cut off
        made.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_plain(row.get(name)) if plain else _cell(row.get(name)) for name in columns))
    return made


def say(text: str) -> None:
    """One line for people, on stdout."""
    console().print(text, markup=False, soft_wrap=True)


def note(text: str) -> None:
    """One line for people, on stderr, so that `--json` and `eval` stay clean."""
    messages().print(text, markup=False, soft_wrap=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "[green]yes[/]" if value else "[red]no[/]"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.3f}".rstrip("0").rstrip(".")
        case list() | tuple():
            return escape("; ".join(str(part) for part in value))
    text = str(value)
    style = _STATE_STYLES.get(text)
    return f"[{style}]{text}[/]" if style else escape(text)


def _plain(value: object) -> str:
    return "NULL" if value is None else escape(str(value))


def _flat(value: object) -> object:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case list() | tuple() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
