"""Schema drift: how the columns of a reading differ from those of the dataset's reading before.

It is told (verify.py, `govpipes status`); which unknown columns are allowed is the contract's (`unknown_columns`).
Files have text columns only, so that a changed type shows in databases alone.
"""

from collections.abc import Sequence
from typing import Any

Columns = Sequence[dict[str, Any]]


def drift(before: Columns, now: Columns) -> list[str]:
    """What has changed, in words, one line each; empty when nothing has. Columns have `name` and `type`.

    A missing and a new column at the same place and of the same type are taken for a renamed one.
    """
    was, there = {c["name"]: c["type"] for c in before}, {c["name"]: c["type"] for c in now}
    places, new_places = list(was), list(there)
    missing = [name for name in was if name not in there]
    new = [name for name in there if name not in was]
    renamed = {
        old: name
        for old in missing
        for name in new
        if (places.index(old), was[old]) == (new_places.index(name), there[name])
    }
    retyped = [name for name in was if name in there and was[name] != there[name]]
    return [
        *(f"{old} looks renamed to {name}" for old, name in renamed.items()),
        *(f"{name} is missing" for name in missing if name not in renamed),
        *(f"{name} is new ({there[name]})" for name in new if name not in renamed.values()),
        *(f"{name} was {was[name]} and is {there[name]}" for name in retyped),
    ]
