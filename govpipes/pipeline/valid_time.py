"""When claims hold: valid time beside recorded time (DESIGN.md §5), as SQL.

Here: from which day until which day each version of a record holds, and the two conditions of `as_of`. Which version is
current is claims'; golden records over time are fuse's. Days are Asia/Shanghai; an open end is NULL.
"""

from govpipes.catalogue.model import Contract
from govpipes.sql import ident, literal
from govpipes.warehouse import LAKE

MOMENT = (
    "(CASE WHEN known_day IS NULL THEN now() WHEN length(CAST(known_day AS VARCHAR)) = 10 "
    "THEN to_timestamp(epoch(CAST(known_day AS DATE)) + 57600) ELSE CAST(known_day AS TIMESTAMPTZ) END)"
)
"""The end of `known_day` in Asia/Shanghai (16:00 UTC), or `known_day` itself when it is a moment; NULL = now."""

KNOWN = f"(recorded_from <= {MOMENT} AND (recorded_to IS NULL OR recorded_to > {MOMENT}))"
"""What was known then."""

HOLDS = (
    "CASE WHEN valid_day IS NULL THEN valid_to IS NULL "
    "ELSE valid_from <= CAST(valid_day AS DATE) AND (valid_to IS NULL OR valid_to > CAST(valid_day AS DATE)) END"
)
"""What holds on `valid_day`; NULL = what holds last."""


def versions_sql(
    contract: Contract, table: str, known: str = "recorded_to IS NULL", books: str = f"{LAKE}.pipeline.publications"
) -> str:
    """SQL for the versions in `table` that hold on some day, with `valid_from` and `valid_to` (DATE, NULL = on).

    A record's version holds from its day until the next version's; of a record of one event the newest version holds
    from the event's day (Contract.valid). Days are Asia/Shanghai; a version that no day is left for is not there.
    known: which claims count (default: what is known now); books: where the publications are listed.
    """
    if contract.source.mode == "snapshot":
        return _dumped_versions_sql(contract, table, known, books)
    order = "PARTITION BY source_key ORDER BY cursor, row_hash, source_day"
    changed_on = "CAST(cursor AS DATE)"
    if contract.valid and contract.valid.event:
        event = ident(contract.valid.event)
        return (
            f"SELECT * FROM (SELECT *, least(CAST({event} AS DATE), {changed_on}) AS valid_from, "
            f"CAST(NULL AS DATE) AS valid_to FROM {table} WHERE {known} "
            f"QUALIFY lead(cursor) OVER ({order}) IS NULL) WHERE NOT is_deleted"
        )
    since = changed_on
    if contract.valid and contract.valid.since:
        item = ident(contract.valid.since)
        since = (
            f"CASE WHEN is_deleted OR {item} IS NOT DISTINCT FROM lag({item}) OVER ({order}) THEN {changed_on} "
            f"ELSE least(CAST({item} AS DATE), {changed_on}) END"
        )
    return (
        f"SELECT * FROM (SELECT *, min(valid_from) OVER ({order} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) "
        f"AS valid_to FROM (SELECT *, {since} AS valid_from FROM {table} WHERE {known})) "
        "WHERE NOT is_deleted AND (valid_to IS NULL OR valid_from < valid_to)"
    )


def _dumped_versions_sql(contract: Contract, table: str, known: str, books: str) -> str:
    """What a full dump says holds from its day until the next dump says something else, or nothing."""
    dumps = f"SELECT DISTINCT day FROM {books} WHERE dataset = {literal(contract.dataset)}"
    days = f"SELECT day AS source_day, lead(day) OVER (ORDER BY day) AS valid_to FROM ({dumps})"
    # a dump that holds a record twice says its newest copy
    rows = (
        f"SELECT *, source_day AS valid_from FROM {table} JOIN ({days}) USING (source_day) WHERE {known} "
        "QUALIFY row_number() OVER (PARTITION BY source_key, source_day ORDER BY cursor DESC, row_hash DESC) = 1"
    )
    return (
        f"WITH spans_said AS MATERIALIZED (SELECT * FROM ({rows}) WHERE NOT is_deleted) "
        "SELECT s.* EXCLUDE (valid_to), m.valid_to FROM spans_said s "
        f"JOIN ({merged_spans_sql('spans_said', 'source_key')}) m USING (source_key, valid_from)"
    )


def merged_spans_sql(table: str, key: str) -> str:
    """SQL for the spans (`key`, `valid_from`, `valid_to`, `row_hash`) of a key's rows in `table`.

    Neighbouring rows that say the same (`row_hash`) without a gap in between are one span, which begins as the first of
    them. The rest of a row is asked for by `key` and `valid_from`: sorting whole rows would cost several times as much.
    """
    order = f"PARTITION BY {key} ORDER BY valid_from"
    return (
        f"WITH marked AS (SELECT {key}, valid_from, valid_to, row_hash, "
        f"row_hash IS DISTINCT FROM lag(row_hash) OVER ({order}) "
        f"OR valid_from IS DISTINCT FROM lag(valid_to) OVER ({order}) AS begins, "
        f"row_hash IS DISTINCT FROM lead(row_hash) OVER ({order}) "
        f"OR valid_to IS DISTINCT FROM lead(valid_from) OVER ({order}) AS ends FROM {table}), "
        "merged AS (SELECT * EXCLUDE (valid_to, ends), "
        "nullif(min(CASE WHEN ends THEN coalesce(valid_to, DATE 'infinity') END) OVER "
        f"({order} ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), DATE 'infinity') AS valid_to FROM marked) "
        f"SELECT {key}, valid_from, valid_to, row_hash FROM merged WHERE begins"
    )
