"""One key in a release: why its golden record says what it says, and everything all registries have on it.

Values are masked unless somebody asks for them in full with a reason, which is written down (ledger: disclosures).
Here are the questions; how the answers look belongs to the CLI.
"""

import getpass
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Contract, Entity
from govpipes.errors import WarehouseError
from govpipes.ledger import Ledger
from govpipes.ledger import tables as t
from govpipes.pipeline.quarantine import explain_reason
from govpipes.pipeline.valid_time import HOLDS
from govpipes.settings import Settings
from govpipes.sql import ident, literal
from govpipes.warehouse import readers

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class When:
    """On which day something has to hold, and at the end of which day it has to be known (None: last, now)."""

    valid_on: date | None = None
    known_on: date | None = None
    release: str | None = None


def why(
    settings: Settings, catalogue: Catalogue, entity: Entity, key: str, item: str | None, when: When, *, unmasked: bool
) -> list[Row]:
    """One row per item and department that speaks of it, the winner first: value, where from, since when, by what rule;
    a value that cannot be true never wins.

    Raises WarehouseError when the release knows nothing of the key.
    """
    with _opened(settings, when) as con:
        found = _first_known(con, entity, key, when)
        value = "value" if unmasked else readers.masked_value(readers.masks_of(entity.items))
        said = con.execute(
            f"SELECT item, {value} AS value, value AS plain, authority, dataset, department, "
            f"{'source_key' if unmasked else readers.without_numbers('source_key')} AS record, source_day AS day, "
            "valid_from AS since, flags, counts FROM (SELECT *, row_number() OVER ("
            "PARTITION BY item ORDER BY counts DESC, authority, cursor DESC, publication_id DESC) AS n "
            f"FROM {ident(entity.registry, entity.table + '_said')}($key, $known) WHERE {_holds()}) "
            "WHERE $item IS NULL OR item = $item ORDER BY item, n",
            {"key": found, "known": when.known_on, "valid": when.valid_on, "item": item},
        )
        names = [column[0] for column in said.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in said.fetchall()]
    order = {known.name: n for n, known in enumerate(entity.items)}
    return [
        _explained(catalogue, entity, rows, n) for n in sorted(range(len(rows)), key=lambda n: order[rows[n]["item"]])
    ]


def dossier(settings: Settings, catalogue: Catalogue, key: str, when: When, *, unmasked: bool) -> list[Row]:
    """Everything on one key: of the record itself and of what is linked to it, one row per item that has a value.

    key: a citizen number of 15 or 18 digits, a USCC, an organisation code, an old registration number, or any entity's
    key. Raises WarehouseError when the release knows nothing of it.
    """
    value = "value" if unmasked else _masked_values(catalogue)
    shown = "entity_key" if unmasked else readers.without_numbers("entity_key")
    titles = {(e.registry, e.name, item.name): item.title.zh for e in catalogue.entities for item in e.items}
    with _opened(settings, when) as con:
        for candidate in _keys(con, key):
            found = con.execute(
                f"SELECT via, registry, entity, {shown} AS record, item, {value} AS value, dataset, "
                "valid_from AS since FROM links.file($key, $valid, $known)",
                {"key": candidate, "valid": when.valid_on, "known": when.known_on},
            )
            names = [column[0] for column in found.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            if rows:
                break
        else:
            raise _unknown(key, when)
    places = {name: n for n, name in enumerate(titles)}
    rows.sort(
        key=lambda r: (r["via"] != "itself", r["via"], r["record"], places[r["registry"], r["entity"], r["item"]])
    )
    return [{**row, "title": titles[row["registry"], row["entity"], row["item"]]} for row in rows]


def disclose(ledger: Ledger, command: str, key: str, reason: str) -> None:
    """Write down that somebody sees values in full, before they are shown."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    ledger.record(
        t.disclosures, {"account": getpass.getuser(), "command": command, "key_sha256": digest, "reason": reason}
    )


@contextmanager
def _opened(settings: Settings, when: When) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(readers.connect_release(settings, when.release)) as con:
        try:
            yield con
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            # a release has the macros of what was fused when it was made
            raise WarehouseError(
                "the release has nothing of this entity, or was made by an older govpipes",
                found=str(error).splitlines()[0],
                next_step="`govpipes release list` shows the releases; `govpipes sync` makes a new one",
            ) from None


def _explained(catalogue: Catalogue, entity: Entity, rows: Sequence[Mapping[str, Any]], n: int) -> Row:
    row = rows[n]
    winner = next(other for other in rows if other["item"] == row["item"])
    known = entity.item(row["item"])
    if not row["counts"]:
        contract = catalogue.contracts.get(row["dataset"])
        rule = "does not count: " + "; ".join(_doubt(flag, contract) for flag in row["flags"].split(", "))
    elif row is winner:
        others = len({other["dataset"] for other in rows if other["item"] == row["item"] and other["counts"]}) - 1
        rule = f"authority {row['authority']}, the first of {others + 1}" if others else "nobody else says anything"
    elif row["dataset"] == winner["dataset"]:
        rule = "an older record of the same dataset"
    else:
        says = "agrees" if row["plain"] == winner["plain"] else "differs"
        rule = f"{says}; authority {row['authority']} comes after {winner['authority']}"
    shown = {name: value for name, value in row.items() if name not in ("authority", "plain", "flags", "counts")}
    wins = row is winner and row["counts"]
    return {"item": row["item"], "title": known.title.zh if known else "", "wins": wins, **shown, "rule": rule}


def _doubt(flag: str, contract: Contract | None) -> str:
    """A flag in words: what the value is, or which of the contract's rules it breaks."""
    kind, _, code = flag.rpartition(":")
    if kind == "rule":
        return f"breaks the rule {code}: {explain_reason(flag, contract)[1]}"
    return f"{explain_reason(code, None)[1]} ({code})"


def _first_known(con: duckdb.DuckDBPyConnection, entity: Entity, key: str, when: When) -> str:
    for candidate in _keys(con, key):
        golden = f"SELECT 1 FROM {ident(entity.registry, entity.table + '_as_of')}(?, ?) WHERE entity_key = ?"
        if con.execute(golden, [when.valid_on, when.known_on, candidate]).fetchone():
            return candidate
    raise _unknown(key, when)


def _unknown(key: str, when: When) -> WarehouseError:
    masked = key if len(key) < 8 else f"{key[:4]}{'*' * (len(key) - 8)}{key[-4:]}"
    days = [f"on {when.valid_on}"] if when.valid_on else []
    days += [f"as known on {when.known_on}"] if when.known_on else []
    return WarehouseError(
        f"the release has no record {masked} {' '.join(days)}".rstrip(),
        next_step="check the number; `govpipes quarantine list` shows rejected rows, `govpipes status` what is held",
    )


def _keys(con: duckdb.DuckDBPyConnection, key: str) -> list[str]:
    """The entity keys a number may stand for, the likeliest first (GB 11643, GB 32100, GB 11714, 工商注册号)."""
    row = con.execute(
        "SELECT [$key, std_citizen_id($key), organization_key(std_uscc($key), NULL, NULL), "
        "organization_key(NULL, std_organization_code($key), NULL), organization_key(NULL, NULL, $key)]",
        {"key": key},
    ).fetchone()
    assert row is not None
    found = [candidate for candidate in row[0] if candidate]
    macros = con.execute(
        "SELECT schema_name, function_name FROM duckdb_functions() "
        "WHERE database_name = ? AND suffix(function_name, '_leads_to')",
        [readers.RELEASE],
    ).fetchall()
    for schema, macro in macros:
        leads_to = f"SELECT entity_key FROM {ident(schema, macro)}(NULL) WHERE alias IN (SELECT unnest(?))"
        found += [str(known) for (known,) in con.execute(leads_to, [found]).fetchall()]
    return list(dict.fromkeys(found))


def _holds() -> str:
    return HOLDS.replace("valid_day", "$valid")


def _masked_values(catalogue: Catalogue) -> str:
    """An organization's name is no person's: each entity's items have their own masks."""
    cases = " ".join(
        f"WHEN registry = {literal(entity.registry)} AND entity = {literal(entity.name)} "
        f"THEN {readers.masked_value(readers.masks_of(entity.items))}"
        for entity in catalogue.entities
    )
    return f"CASE {cases} END"
