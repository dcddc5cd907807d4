"""Buildings, some of whose files are in another datum, and credit commitments: true, and through the whole path."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from govpipes import duck, standards
from govpipes.pipeline import Workspace, release
from govpipes.registries import fuse
from govpipes.simulator import truth
from govpipes.warehouse import readers
from govpipes_tests.simulator.conftest import DAYS, START, Made
from govpipes_tests.tiny import day_of

OTHER_DATUM = [START + timedelta(days=number) for number in (2, 5, 8)]
SEEN = DAYS[1:6]


@pytest.fixture
def con(made: Made) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the standards and what is true on the last day."""
    with duck.connect(made.settings) as con:
        standards.install(con, made.settings.codes_dir)
        for kind in ("building", "address", "credit_record"):
            con.execute(f"CREATE VIEW true_{kind} AS {truth.as_of(made.settings, kind, DAYS[-1])}")
        con.execute(f"CREATE VIEW fault AS {truth.faults(made.settings)}")
        yield con


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[object, ...]:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row


def test_buildings_stand_at_an_address_of_their_own(con: duckdb.DuckDBPyConnection) -> None:
    """A survey may move an address by ten metres since; its building was at most fifteen off."""
    row = one(
        con,
        "SELECT count(*), count(DISTINCT b.address_id), count(DISTINCT address_text_key(b.county_code, b.address)), "
        "max(metres_between(b.longitude, b.latitude, a.longitude, a.latitude)) < 50, "
        "count(*) FILTER (err_building_code(b.key, std_building_code(b.key)) IS NOT NULL OR a.room IS NOT NULL) "
        "FROM true_building b JOIN true_address a ON a.key = b.address_id",
    )
    assert row == (one(con, "SELECT count(*) FROM true_building")[0], row[0], row[0], True, 0)
    assert int(str(row[0])) >= 200


def points(file: Path) -> dict[str, float]:
    """Building -> longitude as the file has it, where it is a plain number."""
    with file.open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return {row["楼幢编码"]: float(row["经度"]) for row in rows if row["经度"].replace(".", "").isdigit()}


def test_some_files_are_in_bd09_and_the_list_says_which(made: Made, con: duckdb.DuckDBPyConnection) -> None:
    place = made.files / "departments" / "housing_files" / "buildings"
    true = dict(con.execute("SELECT key, longitude FROM true_building").fetchall())
    for day in DAYS[1:]:
        east = [
            round((lon - true[key]) * 94_000)
            for key, lon in points(place / f"fwjz_{day:%Y%m%d}.csv").items()
            if key in true and 118 < lon < 119
        ]
        middle = sorted(east)[len(east) // 2]
        assert (900 < middle < 1300) if day in OTHER_DATUM else (350 < middle < 650), day
    asked = (
        "SELECT day, fault, rule, raw, expected FROM fault WHERE source_key = '*' AND dataset = 'buildings' ORDER BY 1"
    )
    listed = con.execute(asked).fetchall()
    assert listed == [(day, "D17", "GEO-04", "bd09", "repair") for day in OTHER_DATUM]


def test_commitments_are_kept_or_broken_in_time(con: duckdb.DuckDBPyConnection) -> None:
    mine = "FROM true_credit_record WHERE category = 'commitment'"
    odd = one(
        con,
        "SELECT count(*) FILTER ((fulfilment = '2') <> (breached_on IS NOT NULL)), "
        "count(*) FILTER (breached_on NOT BETWEEN decision_date AND day), "
        "count(*) FILTER (valid_until < decision_date), "
        "count(*) FILTER ((subject_uscc IS NULL) = (subject_citizen_id IS NULL)), "
        f"count(DISTINCT decision_kind) {mine}",
    )
    assert odd == (0, 0, 0, 0, 5)
    found = con.execute(f"SELECT fulfilment, count(*) > 10 {mine} GROUP BY 1 ORDER BY 1").fetchall()
    assert found == [(state, True) for state in "123"]
    assert one(con, f"SELECT count(*) > 0 {mine} AND fulfilment = '2' AND day > DATE '{DAYS[0]}'") == (True,)
    others = "SELECT count(fulfilment), count(breached_on) FROM true_credit_record WHERE category <> 'commitment'"
    assert one(con, others) == (0, 0)


def test_they_go_the_whole_path(made: Made) -> None:
    """Five days: what comes out is what was true, whichever datum a file is in."""
    with Workspace.open(made.settings) as ws:
        contracts = [ws.catalogue.contracts[name] for name in ("addresses", "buildings", "credit_commitments")]
        for day in SEEN:
            for contract in contracts:
                day_of(ws, contract, day)
            for registry, entity in (("geospatial", "address"), ("geospatial", "building"), ("credit", "record")):
                fuse(ws, registry, entity, "test")
        told = {row["day"]: (row["datum"], row["told"]) for row in ws.ledger.datums(dataset="buildings")}
        assert told == {day: _datum(day) for day in SEEN}
        flagged = ws.con.execute(
            "SELECT DISTINCT source_day FROM lake.claims.buildings WHERE list_contains(flags, 'longitude:GEO-04')"
        ).fetchall()
        assert {day for (day,) in flagged} == {day for day in SEEN if day in OTHER_DATUM}
        balance = [row for row in ws.ledger.balance() if row["dataset"] in ("buildings", "credit_commitments")]
        assert len(balance) == 2 * len(SEEN)
        assert all(row["balanced"] for row in balance)
        release(ws, "test")
    near = "metres_between(g.longitude, g.latitude, t.longitude, t.latitude) > 1"
    compared = {
        "geospatial.building": ("building", "TRUE", ("address", "structure", "storeys_above", "use", "status"), near),
        "credit.record": (
            "credit_record",
            "t.category = 'commitment'",
            ("decision_kind", "decision_date", "valid_until", "organ_code", "document_number", "fulfilment"),
            "g.breached_on <> t.breached_on",
        ),
    }
    with readers.connect_release(made.settings) as con:
        standards.install(con, made.settings.codes_dir)
        for table, (kind, where, items, more) in compared.items():
            wrong = " OR ".join([*(f"g.{item} IS DISTINCT FROM t.{item}" for item in items), more])
            true, odd, off = one(
                con,
                f"SELECT count(*), count(*) FILTER (g.entity_key IS NULL OR {wrong}), count(*) FILTER ({more}) "
                f"FROM ({truth.as_of(made.settings, kind, SEEN[-1])}) t LEFT JOIN {table} g ON g.entity_key = t.key "
                f"WHERE {where}",
            )
            assert off == 0, table
            assert int(str(odd)) <= 0.02 * int(str(true)), table


def _datum(day: date) -> tuple[str, bool]:
    """On the first day there are no addresses yet to tell it by."""
    return ("bd09" if day in OTHER_DATUM else "gcj02", day != SEEN[0])
