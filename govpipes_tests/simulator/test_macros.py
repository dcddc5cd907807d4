"""The simulator's own macros against published vectors."""

from collections.abc import Iterator

import duckdb
import pytest

from govpipes import standards
from govpipes.settings import Settings
from govpipes.simulator.world import script


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    standards.install(con, Settings.from_env({}).codes_dir)
    con.execute("SET VARIABLE seed = 1; SET VARIABLE day = DATE '2025-12-25'")
    con.execute(script("macros"))
    yield con
    con.close()


def test_gauss_krueger_of_nanjing(con: duckdb.DuckDBPyConnection) -> None:
    """118.7969E 32.0603N is E 40386386.09, N 3549172.17 in EPSG:4528 (DOMAIN §1.9)."""
    row = con.execute("SELECT gk_easting(118.7969, 32.0603), gk_northing(118.7969, 32.0603)").fetchone()
    assert row == pytest.approx((40386386.09, 3549172.17), abs=0.01)


def test_gcj02_of_nanjing(con: duckdb.DuckDBPyConnection) -> None:
    """DOMAIN §1.9: 118.802084, 32.058224."""
    row = con.execute("SELECT gcj_lon(118.7969, 32.0603), gcj_lat(118.7969, 32.0603)").fetchone()
    assert row == pytest.approx((118.802084, 32.058224), abs=2e-6)


def test_draws_are_even_and_independent(con: duckdb.DuckDBPyConnection) -> None:
    row = con.execute(
        "SELECT avg(draw('a', i)), corr(draw('a', i), draw('b', i)), corr(draw('a', i), draw('a', i + 1)) "
        "FROM range(100000) r(i)"
    ).fetchone()
    assert row == pytest.approx((0.5, 0, 0), abs=0.01)


def test_organization_bodies_do_not_collide(con: duckdb.DuckDBPyConnection) -> None:
    row = con.execute(
        "SELECT count(DISTINCT organization_body(i, DATE '2020-01-01')), "
        "count(DISTINCT organization_body(i, DATE '2010-01-01')) "
        "FROM range(1, 200001) r(i)"
    ).fetchone()
    assert row == (200000, 200000)
