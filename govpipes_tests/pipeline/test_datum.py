"""Which datum a batch is in: told from displaced points; kept with its evidence; asked again until it is told."""

import csv
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from govpipes import standards
from govpipes.cli import status
from govpipes.ledger import tables as t
from govpipes.orchestration import metadata
from govpipes.pipeline import Workspace, publish, standardize, verify
from govpipes.pipeline.datum import Datum
from govpipes.pipeline.reconcile import Cause, reconcile
from govpipes.pipeline.standardize import explain
from govpipes.registries import fuse
from govpipes.settings import ROOT
from govpipes_tests.tiny import DAY, Tiny, contract, day_of

NEXT = DAY + timedelta(days=1)
NANJING = [(118.75 + n * 0.011, 32.01 + n * 0.007) for n in range(12)]
HEAD = ("id", "address", "lng", "lat", "gxsj")
TITLE = {"zh": "测试", "en": "Test"}

REGISTRY: dict[str, Any] = {
    "registry": "places",
    "title": TITLE,
    "description": "一个很小的地址和建筑物信息库，用于测试。",
    "entities": [
        {
            "entity": name,
            "title": TITLE,
            "key": "id",
            "items": [
                {"name": "id", "element": "identifier", "title": TITLE},
                {"name": "address", "element": "text", "title": TITLE},
                {"name": "longitude", "element": "longitude", "title": TITLE},
                {"name": "latitude", "element": "latitude", "title": TITLE},
            ],
            "derived": [{"name": "folded", "type": "VARCHAR", "sql": "md5(address)", "title": TITLE}],
        }
        for name in ("address", "building")
    ],
}
BY_ADDRESS = {"entity": "places.address", "matches": "folded", "key": "md5(address)"}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        standards.install(con, ROOT / "data" / "codes")
        yield con


@pytest.fixture
def town(tiny: Tiny) -> Tiny:
    """Two datasets of files: addresses in CGCS2000, buildings in GCJ-02 or BD-09."""
    folder = tiny.folder / "data" / "catalogue" / "places"
    folder.mkdir()
    dump(folder / "_registry.yaml", REGISTRY)
    systems = {"systems": {"files": {"url": f"file:{tiny.folder}/files"}}}
    dump(tiny.folder / "data" / "systems.yaml", systems)
    (tiny.folder / "files").mkdir()
    agree(tiny, "addresses", "address", "cgcs2000")
    agree(tiny, "buildings", "building", ["gcj02", "bd09"], located_by=BY_ADDRESS)
    return tiny


def dump(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def agree(town: Tiny, dataset: str, entity: str, datum: object, **changes: Any) -> None:
    items = [
        {"name": "id", "from": "id", "element": "identifier", "required": True, "authority": 10},
        {"name": "address", "from": "address", "element": "text", "authority": 10},
        *(
            {"name": name, "from": column, "element": name, "authority": 10}
            | {"options": {"datum": datum, "paired_with": other}}
            for name, column, other in (("longitude", "lng", "lat"), ("latitude", "lat", "lng"))
        ),
    ]
    source = {"system": "files", "file": f"{dataset}_%Y%m%d.csv", "format": "csv", "cursor": "gxsj", "key": ["id"]}
    more = {"registry": "places", "entity": entity, "source": source, "items": items, "located_by": None}
    dump(town.folder / "data" / "catalogue" / "places" / f"{dataset}.yaml", contract(dataset, **(more | changes)))


def moved(con: duckdb.DuckDBPyConnection, datum: str, east: float = 0.0) -> list[tuple[str, str]]:
    """Nanjing's points, `east` degrees too far east, as a map in this datum shows them."""
    shown = {
        "cgcs2000": "{lon: lon, lat: lat}",
        "gcj02": "cgcs2000_to_gcj02(lon, lat)",
        "bd09": "list_transform([cgcs2000_to_gcj02(lon, lat)], lambda g: gcj02_to_bd09(g.lon, g.lat))[1]",
    }[datum]
    point = f"SELECT {shown} AS p FROM (SELECT ? AS lon, ? AS lat)"
    query = f"SELECT printf('%.7f', p.lon), printf('%.7f', p.lat) FROM ({point})"
    rows = [con.execute(query, [lon + east, lat]).fetchone() for lon, lat in NANJING]
    return [(str(row[0]), str(row[1])) for row in rows if row]


def deliver(town: Tiny, dataset: str, day: date, points: list[tuple[str, str]], first: int = 0) -> None:
    """A file of points, the n-th at the n-th address."""
    with (town.folder / "files" / f"{dataset}_{day:%Y%m%d}.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(n, f"江东路{n}号", *point, f"{day} 09:00:00") for n, point in enumerate(points, first)]
        csv.writer(file).writerows([HEAD, *rows])


def known_addresses(ws: Workspace, town: Tiny, con: duckdb.DuckDBPyConnection, day: date = DAY) -> None:
    deliver(town, "addresses", day, moved(con, "cgcs2000"))
    day_of(ws, ws.catalogue.contracts["addresses"], day)
    fuse(ws, "places", "address", "test")


def told(ws: Workspace, day: date = DAY) -> Datum:
    row = ws.ledger.latest(t.datums, "buildings", day)
    assert row is not None
    return Datum.from_ledger(row)


def metres_off(ws: Workspace) -> float:
    """How far buildings lie from where they are, at most."""
    fuse(ws, "places", "building", "test")
    return float(
        ws.lake.one(
            "SELECT max(metres_between(b.longitude, b.latitude, a.longitude, a.latitude)) "
            "FROM lake.places.building b JOIN lake.places.address a USING (folded)"
        )
    )


TWO, THREE = ("gcj02", "bd09"), ("bd09", "cgcs2000", "gcj02")


@pytest.mark.parametrize(
    ("datum", "listed"), [("gcj02", TWO), ("bd09", TWO), ("gcj02", THREE), ("bd09", THREE), ("cgcs2000", THREE)]
)
def test_each_datum_of_the_list_is_told(
    town: Tiny, con: duckdb.DuckDBPyConnection, datum: str, listed: tuple[str, ...]
) -> None:
    """The points lie some 15 m from their addresses; wrong datums put them 450 to 1,250 m away."""
    agree(town, "buildings", "building", list(listed), located_by=BY_ADDRESS)
    with town.open() as ws:
        known_addresses(ws, town, con)
        deliver(town, "buildings", DAY, moved(con, datum, east=0.00016))
        day_of(ws, ws.catalogue.contracts["buildings"], DAY)
        found = told(ws)
        assert (found.datum, found.told, found.points) == (datum, True, len(NANJING))
        assert set(found.metres) == set(listed)
        off = [metres for metres in found.metres.values() if metres is not None]
        assert 10 < min(off) < 20
        assert all(450 < metres < 1250 for metres in off if metres != min(off))
        assert metres_off(ws) < 20
        flagged = ws.lake.one("SELECT count(*) FROM lake.claims.buildings WHERE flags = ['longitude:GEO-04']")
        assert flagged == (0 if datum == listed[0] else len(NANJING)), "the department is counted"


def test_a_batch_in_no_datum_of_the_list_is_in_the_first(town: Tiny, con: duckdb.DuckDBPyConnection) -> None:
    """500 m from GCJ-02 and 1,150 m from BD-09: nearer to one, and not clearly."""
    with town.open() as ws:
        known_addresses(ws, town, con)
        deliver(town, "buildings", DAY, moved(con, "cgcs2000"))
        day_of(ws, ws.catalogue.contracts["buildings"], DAY)
        assert (told(ws).datum, told(ws).told) == ("gcj02", False)


def test_too_few_points_tell_nothing(town: Tiny, con: duckdb.DuckDBPyConnection) -> None:
    with town.open() as ws:
        known_addresses(ws, town, con)
        buildings = ws.catalogue.contracts["buildings"]
        for points, day in ((4, DAY), (5, NEXT)):
            deliver(town, "buildings", day, moved(con, "bd09")[:points])
            day_of(ws, buildings, day)
            assert told(ws, day).points == points
        assert (told(ws, DAY).datum, told(ws, DAY).told) == ("gcj02", False)
        assert (told(ws, NEXT).datum, told(ws, NEXT).told) == ("bd09", True)


def test_of_a_large_batch_some_rows_tell(
    town: Tiny, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[Datum.__module__], "AT_MOST", 7)
    with town.open() as ws:
        known_addresses(ws, town, con)
        deliver(town, "buildings", DAY, moved(con, "bd09"))
        day_of(ws, ws.catalogue.contracts["buildings"], DAY)
        assert (told(ws).datum, told(ws).told, told(ws).points) == ("bd09", True, 7)


def test_addresses_that_nobody_knows_tell_nothing(town: Tiny, con: duckdb.DuckDBPyConnection) -> None:
    with town.open() as ws:
        known_addresses(ws, town, con)
        deliver(town, "buildings", DAY, moved(con, "bd09"), first=100)
        day_of(ws, ws.catalogue.contracts["buildings"], DAY)
        assert told(ws) == Datum("gcj02", False, True, 0, {"gcj02": None, "bd09": None})


def test_a_tie_is_for_the_first(town: Tiny, con: duckdb.DuckDBPyConnection) -> None:
    """Half of the points are in each datum: the medians are about the same."""
    with town.open() as ws:
        known_addresses(ws, town, con)
        half = len(NANJING) // 2
        deliver(town, "buildings", DAY, [*moved(con, "gcj02")[:half], *moved(con, "bd09")[half:]])
        day_of(ws, ws.catalogue.contracts["buildings"], DAY)
        assert (told(ws).datum, told(ws).told) == ("gcj02", False)


def test_single_points_in_the_wrong_place_do_not_matter(town: Tiny, con: duckdb.DuckDBPyConnection) -> None:
    """A placeholder, an exchanged pair, something else, a point far away, a row without one."""
    with town.open() as ws:
        known_addresses(ws, town, con)
        points = moved(con, "bd09")
        points[:5] = [("119", "32"), points[1][::-1], ("无", "见图"), ("121.5", "33.0"), ("", "")]
        deliver(town, "buildings", DAY, points)
        day_of(ws, ws.catalogue.contracts["buildings"], DAY)
        assert (told(ws).datum, told(ws).told) == ("bd09", True)
        pair = ws.con.execute("SELECT flags FROM lake.claims.buildings WHERE id = '1'").fetchone()
        assert pair == (["longitude:GEO-08", "longitude:GEO-04", "latitude:GEO-08"],)


def test_what_was_not_told_is_asked_again_and_what_was_is_not(
    town: Tiny, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The law of convergence: buildings before their addresses end as buildings after them."""
    with town.open() as ws:
        buildings = ws.catalogue.contracts["buildings"]
        deliver(town, "buildings", DAY, moved(con, "bd09"))
        day_of(ws, buildings, DAY)
        assert told(ws) == Datum("gcj02", False, False, 0, {"gcj02": None, "bd09": None})
        assert waiting(ws) == []
        known_addresses(ws, town, con)
        assert metres_off(ws) > 450
        assert waiting(ws) == [(DAY, Cause.DATUM)]

        assert not standardize(ws, buildings, DAY, "again").reused
        verify(ws, buildings, DAY, "again")
        assert publish(ws, buildings, DAY, "again").withdrawn == len(NANJING)
        assert metres_off(ws) < 1
        assert waiting(ws) == []
        counted = ws.ledger.counts(["candidates", "datums"])
        monkeypatch.setattr(sys.modules[Datum.__module__], "telling_sql", lambda *_: pytest.fail("it was told"))
        assert standardize(ws, buildings, DAY, "again").reused
        assert ws.ledger.counts(["candidates", "datums"]) == counted


def test_what_is_told_later_and_is_the_same_changes_nothing_but_the_evidence(
    town: Tiny, con: duckdb.DuckDBPyConnection
) -> None:
    with town.open() as ws:
        buildings = ws.catalogue.contracts["buildings"]
        deliver(town, "buildings", DAY, moved(con, "gcj02"))
        day_of(ws, buildings, DAY)
        known_addresses(ws, town, con)
        candidate = standardize(ws, buildings, DAY, "again")
        assert candidate.reused
        assert candidate.datum == told(ws)
        assert told(ws).told
        assert ws.ledger.counts(["candidates", "datums"]) == {"candidates": 2, "datums": 2}
        assert waiting(ws) == []


def waiting(ws: Workspace) -> list[tuple[date, Cause]]:
    """The days of buildings that the reconciler would run for their datum."""
    found = reconcile(ws, ["buildings"], limit=10_000, remember=False).differences
    return [(d.day, d.cause) for d in found if d.cause == Cause.DATUM]


def test_the_choice_is_where_people_look(
    town: Tiny, con: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    with town.open() as ws:
        known_addresses(ws, town, con)
        deliver(town, "buildings", DAY, moved(con, "bd09"))
        buildings = ws.catalogue.contracts["buildings"]
        day_of(ws, buildings, DAY)
        candidate = standardize(ws, buildings, DAY, "again")
        shown = metadata.of_candidate(candidate, None)
        words = str(shown["datum"])
        assert words.startswith("bd09, told by 12 points (median distance: bd09 0 m, gcj02 9")
        assert shown["datum_points"] == 12
        (row,) = ws.ledger.datums(DAY, DAY, "buildings")
        status.show_datum(row)
        assert f"buildings {DAY}: its points are in bd09, told by 12 points" in capsys.readouterr().out.replace(
            "\n", " "
        )

        entity = ws.catalogue.entity("places", "building")
        text = explain(buildings, entity, dict.fromkeys(HEAD, "VARCHAR"), DAY)
        assert "one of gcj02, bd09" in text
        assert "FROM places.address" in text
        addresses = ws.catalogue.contracts["addresses"]
        other = explain(addresses, ws.catalogue.entity("places", "address"), dict.fromkeys(HEAD, "VARCHAR"), DAY)
        assert "reference" not in other, "one datum costs nothing"
        assert standardize(ws, addresses, DAY, "again").datum is None


def test_the_explained_sql_runs(town: Tiny, con: duckdb.DuckDBPyConnection) -> None:
    buildings = town.catalogue().contracts["buildings"]
    entity = town.catalogue().entity("places", "building")
    text = explain(buildings, entity, dict.fromkeys(HEAD, "VARCHAR"), DAY)
    con.execute("CREATE SCHEMA places; CREATE TABLE places.address (folded VARCHAR, longitude DOUBLE, latitude DOUBLE)")
    landed = town.folder / "part.parquet"
    con.execute(
        "COPY (SELECT '1' AS id, 'a' AS address, '118.8' AS lng, '32.05' AS lat, '2026-01-05 09:00:00' AS gxsj) "
        f"TO '{landed}' (FORMAT parquet)"
    )
    for statement in text.replace(f"landing/buildings/{DAY}/part.parquet", str(landed)).split(";\n"):
        assert con.execute(statement).fetchall()
