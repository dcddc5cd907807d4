"""How what is read differs from what was read before: in its columns (schema drift); in its rows, when a period that
was stated as a whole is stated again.

It is told (verify.py, `govpipes status`); which columns are allowed is the contract's (`unknown_columns`).
Files have text columns only, so that a changed type shows in databases alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from govpipes.catalogue.model import Contract
from govpipes.pipeline.standardize_sql import source_key_sql
from govpipes.sql import literal

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
    return [
        *(f"{old} looks renamed to {name}" for old, name in renamed.items()),
        *(f"{name} is missing" for name in missing if name not in renamed),
        *(f"{name} is new ({there[name]})" for name in new if name not in renamed.values()),
        *retyped(before, now),
    ]


def retyped(before: Columns, now: Columns) -> list[str]:
    """The columns that have another type than before, in words."""
    there = {c["name"]: c["type"] for c in now}
    return [
        f"{c['name']} was {c['type']} and is {there[c['name']]}"
        for c in before
        if there.get(c["name"], c["type"]) != c["type"]
    ]


def keys_replaced_sql(contract: Contract, before: Path, now: Path) -> str:
    """SQL that counts the keys that are new, gone and changed between two landed files; order of rows says nothing."""
    return (
        "SELECT count(*) FILTER (was IS NULL) AS new, count(*) FILTER (now IS NULL) AS gone, "
        "count(*) FILTER (was <> now) AS changed FROM ("
        f"SELECT sum(h::HUGEINT) FILTER (filename = {literal(before)}) AS was, "
        f"sum(h::HUGEINT) FILTER (filename = {literal(now)}) AS now FROM ("
        f"SELECT filename, {source_key_sql(contract)} AS k, hash(struct_pack(*COLUMNS(* EXCLUDE (filename)))) AS h "
        f"FROM read_parquet([{literal(before)}, {literal(now)}], union_by_name = true, filename = true)) GROUP BY k)"
    )


def in_words(replaced: Mapping[str, int]) -> str:
    """How many keys are new, gone and changed."""
    return f"{replaced['new']:,} keys are new, {replaced['gone']:,} gone, {replaced['changed']:,} changed"
