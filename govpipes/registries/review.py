"""The pairs that a matching found, for the people who decide about them: which there are, what both say, decisions.

Here: the questions about a release, and writing a decision down. A decision counts from the next time links are made
(subjects), in the lake and then in the release; undone, everything is as if it had never been. How answers look belongs
to the CLI.
"""

import getpass
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import duckdb

from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Entity, Link
from govpipes.days import SHANGHAI
from govpipes.errors import WarehouseError
from govpipes.ledger import Ledger
from govpipes.ledger import tables as t
from govpipes.settings import Settings
from govpipes.sql import ident, literal
from govpipes.warehouse import readers

Row = dict[str, Any]

_SHOWN = 12
"""So many characters of a pair's hash are enough to name it."""


def pairs(settings: Settings, catalogue: Catalogue, ledger: Ledger, state: str | None, limit: int) -> list[Row]:
    """The pairs of the current release in this state (None: in any), the surest first.

    `decision` is what was decided since the release was made. Rows with one `record` are candidates for one record;
    its key is hidden, because it can be a person's name.
    """
    with _opened(settings, catalogue) as con:
        found = _rows(
            con,
            f"SELECT left(pair, {_SHOWN}) AS pair, link, left(sha256(entity_key), {_SHOWN}) AS record, "
            "subject_registry || '.' || subject_entity AS subject, probability, reasons, state, pair AS whole "
            "FROM pairs WHERE $state IS NULL OR state = $state "
            "ORDER BY max(probability) OVER (PARTITION BY link, entity_key) DESC, link, entity_key, probability DESC, "
            "pair LIMIT $limit",
            {"state": state, "limit": limit},
        )
    standing = {link: _standing(ledger, link) for link in {row["link"] for row in found}}
    for row in found:
        decision = standing[row["link"]].get(row.pop("whole"))
        row["decision"] = None if _obeyed(row["state"], decision) else decision or "undo"
    return found


def sides(settings: Settings, catalogue: Catalogue, ledger: Ledger, pair: str, *, unmasked: bool) -> list[Row]:
    """What both sides of a pair say, item by item (`side`, `item`, `title`, `value`), then what was decided about it.

    Raises WarehouseError when there is no such pair, or several begin so.
    """
    with _opened(settings, catalogue) as con:
        found = _pair(con, pair)
        registry, name, _ = found["link"].split(".")
        told: list[Row] = [
            {"side": "match", "item": "probability", "title": "概率", "value": str(found["probability"])},
            {"side": "match", "item": "reasons", "title": "依据", "value": "；".join(found["reasons"])},
            {"side": "match", "item": "state", "title": "状态", "value": found["state"]},
        ]
        told += _values(con, "record", catalogue.entity(registry, name), found["entity_key"], unmasked=unmasked)
        other = catalogue.entity(found["subject_registry"], found["subject_entity"])
        told += _values(con, "subject", other, found["subject_key"], unmasked=unmasked)
    for row in ledger.link_decisions(found["link"]):
        if row["pair"] == found["pair"]:
            said = f"{row['account']}, {row['at'].astimezone(SHANGHAI):%Y-%m-%d %H:%M}: {row['reason']}"
            told.append({"side": "decision", "item": row["decision"], "title": "决定", "value": said})
    return told


def decide(settings: Settings, catalogue: Catalogue, ledger: Ledger, pair: str, decision: str, reason: str) -> str:
    """Write down what somebody decided about a pair; returns its state in the release.

    decision: accept, reject or undo. Raises WarehouseError when there is no such pair, or the decision stands already.
    """
    with _opened(settings, catalogue) as con:
        found = _pair(con, pair)
        others = _rows(
            con,
            "SELECT pair FROM pairs WHERE link = $link AND entity_key = $key AND pair <> $pair",
            {"link": found["link"], "key": found["entity_key"], "pair": found["pair"]},
        )
    standing = _standing(ledger, found["link"])
    before = standing.get(found["pair"])
    if decision == (before or "undo"):
        raise WarehouseError(
            "there is no decision to undo" if decision == "undo" else f"the decision stands already: {decision}",
            found=f"pair {found['pair'][:_SHOWN]}",
            next_step=f"`govpipes review show {found['pair'][:_SHOWN]}` has its decisions",
        )
    accepted = [row["pair"] for row in others if standing.get(row["pair"]) == "accept"]
    if decision == "accept" and accepted:
        raise WarehouseError(
            "the record is about one of the two, not about both",
            found=f"{accepted[0][:_SHOWN]} is accepted",
            next_step=f"`govpipes review undo {accepted[0][:_SHOWN]}` first",
        )
    fact = {"link": found["link"], "pair": found["pair"], "decision": decision, "reason": reason}
    ledger.record(t.link_decisions, {**fact, "account": getpass.getuser()})
    return str(found["state"])


def _obeyed(state: str, decision: str | None) -> bool:
    """Whether the release knows the decision."""
    return {"accepted": "accept", "rejected": "reject"}.get(state) == decision


def _standing(ledger: Ledger, link: str) -> Mapping[str, str]:
    """Pair -> accept or reject; without those that were undone."""
    newest = {row["pair"]: row["decision"] for row in ledger.link_decisions(link)}
    return {pair: decision for pair, decision in newest.items() if decision != "undo"}


@contextmanager
def _opened(settings: Settings, catalogue: Catalogue) -> Iterator[duckdb.DuckDBPyConnection]:
    """The current release with the view `pairs` over all its matched links."""
    with closing(readers.connect_release(settings)) as con:
        there = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?", [readers.RELEASE]
        ).fetchall()
        parts = [_pairs_sql(e, k) for e, k in _matched(catalogue) if (e.registry, k.review_table) in there]
        if not parts:
            raise WarehouseError(
                "the release has no matched links",
                next_step="`govpipes sync` makes a new one; `govpipes catalogue show` says which links are matched",
            )
        con.execute(f"CREATE TEMP VIEW pairs AS {' UNION ALL '.join(parts)}")
        yield con


def _matched(catalogue: Catalogue) -> list[tuple[Entity, Link]]:
    return [(entity, link) for entity in catalogue.entities for link in entity.links if link.matching]


def _pairs_sql(entity: Entity, link: Link) -> str:
    name = f"{entity.registry}.{entity.name}.{link.name}"
    return f"SELECT {literal(name)} AS link, * FROM {ident(readers.RELEASE, entity.registry, link.review_table)}"


def _pair(con: duckdb.DuckDBPyConnection, pair: str) -> Row:
    """The pair whose hash begins so."""
    found = _rows(con, "SELECT * FROM pairs WHERE starts_with(pair, lower($pair))", {"pair": pair})
    if len(found) == 1 and len(pair) >= 4:
        return found[0]
    raise WarehouseError(
        f"{pair!r} names no single pair",
        found=f"{len(found)} pairs begin so",
        allowed=f"at least 4 of a pair's characters, {_SHOWN} are shown",
        next_step="`govpipes review list --state all` shows the pairs",
    )


def _values(con: duckdb.DuckDBPyConnection, side: str, entity: Entity, key: str, *, unmasked: bool) -> list[Row]:
    """The items of a golden record that have a value."""
    items = ", ".join(
        f"{{'item': {literal(i.name)}, 'title': {literal(i.title.zh)}, 'value': CAST({ident(i.name)} AS VARCHAR)}}"
        for i in entity.items
    )
    value = "value" if unmasked else readers.masked_value(readers.masks_of(entity.items))
    return _rows(
        con,
        f"SELECT {literal(side)} AS side, item, title, {value} AS value FROM ("
        f"SELECT unnest([{items}], recursive := true) "
        f"FROM {ident(readers.RELEASE, entity.registry, entity.table)} WHERE entity_key = $key) "
        "WHERE value IS NOT NULL",
        {"key": key},
    )


def _rows(con: duckdb.DuckDBPyConnection, query: str, bound: Mapping[str, object]) -> list[Row]:
    found = con.execute(query, dict(bound))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
