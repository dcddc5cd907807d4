"""Which of the datums that a contract lists the points of a dataset-day are in (GEO-04, DOMAIN §1.9; decision 20).

A batch is in one datum. Its records say by a key where they are (the contract's `located_by`), and golden records of
another entity know that place: under the right datum most points lie near it, under a wrong one 500 to 1,200 m away.
Here: the query that compares them, and what it found. Which rows are flagged is standardize_sql.py's.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from govpipes.catalogue.model import Contract, Entity, Located
from govpipes.ledger import tables as t
from govpipes.pipeline.standardize_sql import source_key_sql, standard_ctes
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import ident, literal
from govpipes.warehouse import LAKE

ENOUGH = 5
"""So many points must have been compared."""

CLEARLY = 3
"""The nearest datum must be so many times nearer than the next one, by the medians."""

AT_MOST = 10_000
"""So many rows of a batch are compared, chosen by their keys: parsing addresses is what asking costs."""


@dataclass(frozen=True, slots=True)
class Datum:
    """The datum of a dataset-day and the evidence for it.

    told: by the points; else it is the first one listed. referenced: there was something to compare with. points: how
    many were compared. metres: of each datum the median distance; None without points.
    """

    datum: str
    told: bool
    referenced: bool
    points: int
    metres: dict[str, float | None]

    @classmethod
    def from_ledger(cls, row: Mapping[str, Any]) -> "Datum":
        """What a row of `ledger.datums` says."""
        return cls(row["datum"], row["told"], row["referenced"], row["points"], row["metres"])

    @property
    def fact(self) -> dict[str, Any]:
        """Its columns of `ledger.datums`."""
        return asdict(self)

    def __str__(self) -> str:
        known = {name: metres for name, metres in self.metres.items() if metres is not None}
        off = ", ".join(f"{name} {metres:,.0f} m" for name, metres in sorted(known.items(), key=lambda pair: pair[1]))
        if self.told:
            return f"{self.datum}, told by {self.points} points (median distance: {off})"
        if not self.referenced:
            why = "there is nothing to compare the points with yet"
        elif not off:
            why = "no point could be compared"
        else:
            why = f"{self.points} points do not tell it (median distance: {off})"
        return f"{self.datum}, the first one listed: {why}"


def tell(ws: Workspace, contract: Contract, landed_sql: str, columns: Mapping[str, str], end: datetime) -> Datum | None:
    """The datum of landed rows, told by the golden records there are now; None for a contract that lists none."""
    located = contract.located_by
    if not contract.datums or located is None:
        return None
    usual = contract.datums[0]
    table = _golden_table(ws, located)
    if table is None:
        return Datum(usual, False, False, 0, dict.fromkeys(contract.datums))
    entity = ws.catalogue.entity(contract.registry, contract.entity)
    sql = telling_sql(contract, entity, landed_sql, columns, end, table)
    rows = ws.con.execute(sql).fetchall()
    told = next((name for name, _, _, _, is_told in rows if is_told), None)
    metres = {str(name): None if median is None else round(float(median), 1) for name, _, median, _, _ in rows}
    return Datum(told or usual, told is not None, bool(rows[0][3]), max(int(row[1]) for row in rows), metres)


def waits(ws: Workspace, contract: Contract, day: date) -> bool:
    """Whether a dataset-day's datum was not told for want of anything to compare with, and that is there now."""
    if contract.located_by is None or (table := _golden_table(ws, contract.located_by)) is None:
        return False
    row = ws.ledger.latest(t.datums, contract.dataset, day)
    if row is None or row["referenced"]:
        return False
    return bool(ws.lake.one(f"SELECT EXISTS ({_places(contract.located_by, table)})"))


def telling_sql(
    contract: Contract, entity: Entity, landed_sql: str, columns: Mapping[str, str], end: datetime, golden: str
) -> str:
    """SQL: a row per datum of the contract's list: datum, points, metres (median), referenced, told.

    golden: SQL of the golden table of the entity that knows where the records are.
    """
    located = contract.located_by
    assert located is not None
    pairs = {item.element: item for item in contract.items if item.datums}
    given = ", ".join(f"coordinate_number({ident(f'raw:{pairs[name].name}')})" for name in ("longitude", "latitude"))
    there = " AND ".join(f"NOT {ident(f'missing:{item.name}')}" for item in pairs.values())
    points = ",\n      ".join(
        f"{{'datum': {literal(datum)}, 'point': point_from({given}, {literal(datum)})}}" for datum in contract.datums
    )
    listed = ", ".join(f"({literal(datum)}, {place})" for place, datum in enumerate(contract.datums, start=1))
    some = f"SELECT * FROM (\n{landed_sql}\n) ORDER BY hash({source_key_sql(contract)}), row_number LIMIT {AT_MOST}"
    return "\n".join(
        [
            *standard_ctes(contract, entity, some, columns, end),
            f"reference AS (\n  {_places(located, golden)}\n),",
            f"placed AS (\n  SELECT landing_id, row_number,\n    ({located.key}\n    ) AS place_key,",
            f"    [{points}] AS points",
            f"  FROM standard\n  WHERE NOT is_deleted AND {there}\n),",
            "met AS (\n  SELECT any_value(points) AS points, avg(longitude) AS longitude, avg(latitude) AS latitude",
            "  FROM placed JOIN reference USING (place_key)\n  GROUP BY landing_id, row_number\n),",
            "measured AS (\n  SELECT under.datum, count(under.point) AS points,",
            "    median(metres_between(under.point.lon, under.point.lat, longitude, latitude)) AS metres",
            "  FROM (SELECT unnest(points) AS under, longitude, latitude FROM met)\n  GROUP BY under.datum\n),",
            "ranked AS (\n  SELECT listed.datum, listed.place, coalesce(points, 0) AS points, metres,",
            "    row_number() OVER nearest AS nearness, lead(metres) OVER nearest AS next_metres",
            f"  FROM (VALUES {listed}) listed(datum, place) LEFT JOIN measured USING (datum)",
            "  WINDOW nearest AS (ORDER BY metres NULLS LAST, listed.place)\n)",
            "SELECT datum, points, metres, EXISTS (FROM reference) AS referenced,",
            f"  nearness = 1 AND points >= {ENOUGH} AND coalesce(metres * {CLEARLY} <= next_metres, false) AS told",
            "FROM ranked ORDER BY place",
        ]
    )


def _places(located: Located, golden: str) -> str:
    key = ident(located.matches)
    return (
        f"SELECT {key} AS place_key, longitude, latitude FROM {golden}\n"
        f"  WHERE {key} IS NOT NULL AND longitude IS NOT NULL AND latitude IS NOT NULL"
    )


def _golden_table(ws: Workspace, located: Located) -> str | None:
    """SQL of the golden table that knows where records are; None before it is there with the columns that are asked."""
    registry, name = located.entity.split(".")
    table = ws.catalogue.entity(registry, name).table
    asked = {located.matches, "longitude", "latitude"}
    return ident(LAKE, registry, table) if asked <= ws.lake.columns(registry, table).keys() else None
