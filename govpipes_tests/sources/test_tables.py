"""Tables of PostgreSQL, MariaDB, SQLite and any SQLAlchemy database: windows, exact types, messages."""

import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import psycopg
import pymysql
import pytest

from govpipes import postgres
from govpipes.errors import SchemaError, SourceError
from govpipes.settings import Settings
from govpipes.sources import Window
from govpipes_tests.sources.conftest import DAY, OPENING, WINDOW

Make = Callable[..., Any]
FIELDS = {"table": "czrk", "cursor": "gxsj", "key": ("gmsfhm",)}
# before · first moment of the day · last moment · first moment of the next day · no cursor
TIMES = ("2026-01-02 23:59:59", "2026-01-03 00:00:00", "2026-01-03 23:59:59", "2026-01-04 00:00:00", None)
ROWS = [(f"P{n}", "王𠮷", moment) for n, moment in enumerate(TIMES)]


@pytest.fixture
def pg(postgres_settings: Settings) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with psycopg.connect(postgres.url(postgres_settings), autocommit=True) as con:
        con.execute("DROP DATABASE IF EXISTS dept_sources WITH (FORCE)")
    yield postgres.create_database(postgres_settings, "dept_sources")


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An administrator's URL: CI's MariaDB, or one started for these tests."""
    given = os.environ.get("GOVPIPES_MARIADB_URL")
    if given:
        yield given
        return
    server, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if server is None or install is None:
        if os.environ.get("GOVPIPES_REQUIRE_MARIADB"):
            pytest.fail("GOVPIPES_REQUIRE_MARIADB is set, but there is no MariaDB")
        pytest.skip("no MariaDB here")
    data = tmp_path_factory.mktemp("mariadb")
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    setup = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", *as_root]
    subprocess.run([*setup, "--skip-test-db"], check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = [f"--datadir={data}", f"--socket={data}/s", "--bind-address=127.0.0.1", f"--port={port}"]
    with (data / "log").open("wb") as log:
        process = subprocess.Popen([server, "--no-defaults", *options, *as_root], stdout=log, stderr=log)
    try:
        _wait(port, process)
        yield f"mysql://root@127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="root").close()
        except pymysql.OperationalError:
            threading.Event().wait(0.05)
        else:
            return
    raise RuntimeError("MariaDB does not answer")


@pytest.fixture
def my(mariadb: str) -> Iterator[tuple[str, "pymysql.Connection[Any]"]]:
    """The address of an empty MariaDB database for a reader's account, and an administrator in it."""
    parts = urlsplit(mariadb)
    with pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username,
        password=parts.password or "",
        charset="utf8mb4",
        autocommit=True,
    ) as admin:
        with admin.cursor() as run:
            run.execute("DROP DATABASE IF EXISTS dept_sources")
            run.execute("CREATE DATABASE dept_sources CHARACTER SET utf8mb4")
            run.execute("CREATE OR REPLACE USER reader IDENTIFIED BY 'se:cr@t'")
            run.execute("GRANT SELECT ON dept_sources.* TO reader")
            run.execute("USE dept_sources")
        yield f"mysql://reader:se%3Acr%40t@{parts.hostname}:{parts.port or 3306}/dept_sources", admin


@pytest.fixture(params=["postgresql", "mysql", "sqlite", "sqlalchemy"])
def filled(request: pytest.FixtureRequest, tmp_path: Path, reader: Make) -> Any:
    """The same five people in each kind of database."""
    if request.param == "postgresql":
        url = request.getfixturevalue("pg")
        with psycopg.connect(url, autocommit=True) as con:
            con.execute("CREATE TABLE czrk (gmsfhm varchar PRIMARY KEY, xm varchar, gxsj timestamp)")
            con.cursor().executemany("INSERT INTO czrk VALUES (%s, %s, %s)", ROWS)
    elif request.param == "mysql":
        url, admin = request.getfixturevalue("my")
        with admin.cursor() as run:
            run.execute("CREATE TABLE czrk (gmsfhm varchar(20) PRIMARY KEY, xm varchar(50), gxsj datetime)")
            run.executemany("INSERT INTO czrk VALUES (%s, %s, %s)", ROWS)
    elif request.param == "sqlalchemy":
        url = f"duckdb:///{tmp_path}/a.duckdb"
        with duckdb.connect(tmp_path / "a.duckdb") as duck:
            duck.execute("CREATE TABLE czrk (gmsfhm varchar PRIMARY KEY, xm varchar, gxsj timestamp)")
            duck.executemany("INSERT INTO czrk VALUES (?, ?, ?)", ROWS)
    else:
        url = f"sqlite:///{tmp_path}/a.db"
        with sqlite3.connect(tmp_path / "a.db") as lite:
            lite.execute("CREATE TABLE czrk (gmsfhm text PRIMARY KEY, xm text, gxsj datetime)")
            lite.executemany("INSERT INTO czrk VALUES (?, ?, ?)", ROWS)
        lite.close()
    return reader(url, **FIELDS)


def test_a_day_is_half_open_and_brings_the_rows_without_a_cursor(filled: Any) -> None:
    got = filled.read()
    assert sorted(row[0] for row in filled.rows()) == ["P1", "P2", "P4"]  # P4 has no time of change: no day is its own
    assert {row[1] for row in filled.rows() if row[0] != "P4"} == {"王𠮷"}
    assert got.rows == 3 == filled.count()
    assert [column.name for column in got.columns] == ["gmsfhm", "xm", "gxsj"]
    assert "gxsj" in got.statement


def test_the_opening_load_takes_everything_older_and_rows_without_a_cursor(filled: Any) -> None:
    filled.read(OPENING)
    assert sorted(row[0] for row in filled.rows()) == ["P0", "P1", "P2", "P4"]
    assert filled.count(OPENING) == 4


def test_a_snapshot_takes_all(filled: Any) -> None:
    assert filled.read(mode="snapshot", cursor=None).rows == 5 == filled.count(mode="snapshot", cursor=None)


def test_rows_of_the_future_come_only_when_asked_for(filled: Any) -> None:
    filled.read(Window(WINDOW.start, WINDOW.end, future=datetime(2026, 1, 4)))
    assert sorted(row[0] for row in filled.rows()) == ["P1", "P2", "P3", "P4"]


def test_a_profile_counts_each_period_and_knows_its_rows_again(filled: Any) -> None:
    windows = {DAY: WINDOW, date(2026, 1, 4): Window(WINDOW.end, datetime(2026, 1, 5)), date(2026, 1, 1): OPENING}
    found = filled.profile(windows)
    assert [part.rows for part in found.slices.values()] == [2, 1, 3]
    assert found == filled.profile(windows)
    assert found.future == 0
    assert len({part.fingerprint for part in found.slices.values()}) == 3
    whole = filled.profile(windows, mode="snapshot", cursor=None).slices
    assert {part.rows for part in whole.values()} == {5}


def test_a_profile_sees_a_row_replaced_by_another(my: tuple[str, Any], pg: str, reader: Make) -> None:
    create = "CREATE TABLE czrk (gmsfhm varchar(20) PRIMARY KEY, gxsj timestamp NULL)"
    change = "UPDATE czrk SET gmsfhm = 'P9' WHERE gmsfhm = 'P1'"
    rows = [(key, moment) for key, _, moment in ROWS]
    for url in (pg, my[0]):
        run = psycopg.connect(pg, autocommit=True).cursor() if url == pg else my[1].cursor()
        run.execute(create)
        run.executemany("INSERT INTO czrk VALUES (%s, %s)", rows)
        before = reader(url, **FIELDS).profile({DAY: WINDOW}).slices[DAY]
        run.execute(change)
        after = reader(url, **FIELDS).profile({DAY: WINDOW}).slices[DAY]
        assert (before.rows, before.fingerprint != after.fingerprint) == (after.rows, True)
        run.connection.close() if url == pg else run.close()


def test_a_profile_tells_rows_of_the_future(pg: str, reader: Make) -> None:
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute("CREATE TABLE czrk (gmsfhm varchar PRIMARY KEY, gxsj timestamptz)")
        con.execute("INSERT INTO czrk VALUES ('A', now() + interval '2 days'), ('B', now() + interval '1 hour')")
    assert reader(pg, **FIELDS).profile({DAY: WINDOW}).future == 1


def test_keys_are_all_that_is_read(filled: Any) -> None:
    assert filled.keys(WINDOW) == 3
    assert sorted(row[0] for row in filled.rows()) == ["P1", "P2", "P4"]
    assert {len(row) for row in filled.rows()} == {2}
    assert filled.keys(None) == 5


def test_tombstones_come_with_the_rows(pg: str, reader: Make) -> None:
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute("CREATE TABLE czrk (gmsfhm varchar PRIMARY KEY, xm varchar, gxsj timestamp)")
        con.execute("CREATE TABLE gone (gmsfhm varchar, scsj timestamp, why text)")
        con.execute(f"INSERT INTO czrk VALUES ('A', '王芳', '{TIMES[1]}')")
        con.execute(f"INSERT INTO gone VALUES ('B', '{TIMES[2]}', 'x'), ('C', '{TIMES[3]}', 'x')")
    one = reader(pg, **FIELDS, tombstones={"table": "gone", "cursor": "scsj"})
    assert one.read().rows == 2 == one.count()
    assert [(row[0], row[1], row[3]) for row in sorted(one.rows())] == [("A", "王芳", False), ("B", None, True)]
    assert one.profile({DAY: WINDOW}).slices[DAY].rows == 2
    assert one.keys(WINDOW) == 2
    with pytest.raises(SourceError, match="no table lost"):
        reader(pg, **FIELDS, tombstones={"table": "lost", "cursor": "scsj"}).read()


def test_a_column_named_tombstone_is_refused_where_there_are_tombstones(pg: str, reader: Make) -> None:
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute("CREATE TABLE czrk (gmsfhm varchar PRIMARY KEY, tombstone int, gxsj timestamp)")
        con.execute("CREATE TABLE gone (gmsfhm varchar, scsj timestamp)")
    with pytest.raises(SchemaError, match="has a column named tombstone"):
        reader(pg, **FIELDS, tombstones={"table": "gone", "cursor": "scsj"}).read()


def test_a_profile_of_thousands_of_periods(filled: Any) -> None:
    days = [DAY - timedelta(days=n) for n in range(2100)]
    windows = {
        d: Window(datetime(d.year, d.month, d.day), datetime(d.year, d.month, d.day) + timedelta(1)) for d in days
    }
    found = filled.profile(windows)
    assert list(found.slices) == days
    assert [part.rows for part in found.slices.values()] == [2, 1, *[0] * 2098]
    assert found.slices[DAY] == filled.profile({DAY: WINDOW}).slices[DAY]


def test_the_reconcilers_questions_keep_to_the_rows_a_second(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("govpipes.sources.tables.time.sleep", waits.append)
    filled.profile({DAY: WINDOW})
    assert waits == []
    filled.profile({DAY: WINDOW}, budget={"rows_per_second": 1})
    assert len(waits) == 1
    assert 1 < waits[0] <= 2  # two rows


PAUSE = "SELECT gmsfhm, gxsj, {}(2) AS pause FROM t"


@pytest.mark.parametrize("product", ["postgresql", "mysql"])
@pytest.mark.parametrize("asked", ["read", "profile"])
def test_a_question_that_takes_longer_than_the_budget_is_ended(
    product: str, asked: str, request: pytest.FixtureRequest, reader: Make
) -> None:
    fields = {**FIELDS, "budget": {"timeout_seconds": 1}, "mode": "snapshot"}
    if product == "postgresql":
        url, slow = request.getfixturevalue("pg"), PAUSE.format("pg_sleep").replace(" AS", "::text AS")
        con = psycopg.connect(url, autocommit=True)
        url += "?options=-cstatement_timeout%3D0"  # the budget's word counts, not the address's
    else:
        (url, con), slow = request.getfixturevalue("my"), PAUSE.format("sleep")
    cursor = con.cursor()
    cursor.execute("CREATE TABLE t AS SELECT '1' AS gmsfhm, TIMESTAMP '2026-01-03 08:00:00' AS gxsj")
    cursor.execute(f"CREATE VIEW czrk AS {slow}")
    cursor.close()
    if product == "postgresql":
        con.close()
    with pytest.raises(
        SourceError, match=r"took longer than its department allows(.|\n)*allowed: budget.timeout_seconds: 1"
    ):
        one = reader(url, **fields)
        one.read() if asked == "read" else one.profile({DAY: WINDOW}, key=("pause",))


def test_a_long_question_to_a_file_is_ended(tmp_path: Path, reader: Make) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000000) SELECT i FROM n"
    with closing(sqlite3.connect(tmp_path / "a.db")) as con, con:
        con.execute(f"CREATE VIEW czrk AS SELECT i AS gmsfhm, '2026-01-03 08:00:00' AS gxsj FROM ({numbers})")
    one = reader(f"sqlite:///{tmp_path}/a.db", **FIELDS, budget={"timeout_seconds": 1}, mode="snapshot")
    with pytest.raises(SourceError, match="took longer than its department allows"):
        one.profile({DAY: WINDOW})
    with pytest.raises(SourceError, match="took longer than its department allows"):
        one.read()


def test_a_missing_table_names_the_nearest(filled: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no table czrk1 .*\n  found: nearest: czrk\n"):
        filled.read(table="czrk1")
    assert not (tmp_path / "part.parquet").exists()


def test_a_missing_column_names_the_columns_there(filled: Any) -> None:
    with pytest.raises(SchemaError, match=r"has no column gxrq\n  found: 3 columns: gmsfhm, xm, gxsj"):
        filled.read(cursor="gxrq")
    with pytest.raises(SchemaError, match=r"no column zxbs"):
        filled.read(deletes={"column": "zxbs", "value": "1"})


def test_a_cursor_of_text_that_does_not_sort_as_time_is_refused(filled: Any) -> None:
    with pytest.raises(SchemaError, match=r"xm of czrk is text that does not sort as time\n.*'王𠮷'"):
        filled.read(cursor="xm")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_wrong_password_is_not_shown(scheme: str, request: pytest.FixtureRequest, reader: Make) -> None:
    address = request.getfixturevalue("pg") if scheme == "postgresql" else request.getfixturevalue("my")[0]
    parts = urlsplit(address)
    url = f"{scheme}://{parts.username}:not-the-one@{parts.hostname}:{parts.port}{parts.path}"
    with pytest.raises(SourceError, match=r"refuses the account or its password") as caught:
        reader(url, **FIELDS).read()
    assert "not-the-one" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["postgresql://u:pw9876@127.0.0.1:1/x", "mysql://u:pw9876@127.0.0.1:1/x"])
def test_a_host_that_does_not_answer(url: str, reader: Make) -> None:
    with pytest.raises(SourceError, match=r"127.0.0.1:1. cannot be reached") as caught:
        reader(url, **FIELDS).read()
    assert "pw9876" not in str(caught.value)


def test_a_file_that_is_no_database(reader: Make, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is not there"):
        reader(f"sqlite:///{tmp_path}/none.db", **FIELDS).read()
    (tmp_path / "text.db").write_text("not a database, but long enough to be read as one " * 30, encoding="utf-8")
    with pytest.raises(SourceError, match=r"not a database"):
        reader(f"sqlite:///{tmp_path}/text.db", **FIELDS).read()


def test_a_database_without_a_driver(reader: Make) -> None:
    with pytest.raises(SourceError, match=r"no driver for dm:// addresses"):
        reader("dm://u:p@127.0.0.1/x", **FIELDS).read()


def test_postgres_types_stay_exact(pg: str, reader: Make) -> None:
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute("CREATE DOMAIN amount AS numeric(18,6)")
        con.execute(
            "CREATE TABLE t (k int PRIMARY KEY, free numeric, wide numeric(50,2), yuan numeric(18,6), dom amount,"
            " at timestamptz, code char(4), list text[], doc jsonb, span interval, day date)"
        )
        con.execute(
            "INSERT INTO t VALUES (1, 1234567890123456789.123456789, 123456789012345678901234567890123456789.01,"
            " 0.000001, 1.5, '2026-01-03 08:00+08', '0123', '{甲,乙}', '{\"a\": 1}', '1 day 2:00', '9999-12-31')"
        )
    source = reader(pg, table="t", mode="snapshot", key=("k",))
    types = {column.name: column.type for column in source.read().columns}
    assert types == {
        "k": "INTEGER",
        "free": "VARCHAR",
        "wide": "VARCHAR",
        "yuan": "DECIMAL(18,6)",
        "dom": "DECIMAL(18,6)",
        "at": "TIMESTAMP WITH TIME ZONE",
        "code": "VARCHAR",
        "list": "VARCHAR",
        "doc": "VARCHAR",
        "span": "VARCHAR",
        "day": "DATE",
    }
    shown = source.con.execute("SELECT COLUMNS(*)::VARCHAR FROM read_parquet(?)", [str(source.target)]).fetchone()
    assert shown == (
        *("1", "1234567890123456789.123456789", "123456789012345678901234567890123456789.01", "0.000001", "1.500000"),
        *("2026-01-03 08:00:00+08", "0123", "{甲,乙}", '{"a": 1}', "1 day 02:00:00", "9999-12-31"),
    )


@pytest.mark.parametrize(
    ("kind", "zone", "values"),
    [
        (
            "timestamptz",
            "Asia/Shanghai",
            ["2026-01-02 15:59:59+00", "2026-01-02 16:00:00+00", "2026-01-03 16:00:00+00"],
        ),
        ("timestamp", "UTC", ["2026-01-02 15:59:59", "2026-01-02 16:00:00", "2026-01-03 16:00:00"]),
        ("date", "Asia/Shanghai", ["2026-01-02", "2026-01-03", "2026-01-04"]),
        ("varchar", "Asia/Shanghai", ["2026-01-02T23:59:59", "2026-01-03T00:00:00", "2026-01-04"]),
        ("varchar", "Asia/Shanghai", ["20260102235959", "20260103000000", "20260104"]),
    ],
)
def test_every_kind_of_cursor_means_a_day_in_shanghai(
    pg: str, reader: Make, kind: str, zone: str, values: list[str]
) -> None:
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute(f"CREATE TABLE t (k int PRIMARY KEY, c {kind})".encode())
        con.cursor().executemany("INSERT INTO t VALUES (%s, %s)", list(enumerate(values)))
    source = reader(pg, table="t", cursor="c", key=("k",), time_zone=zone)
    source.read(WINDOW)
    assert [row[0] for row in source.rows()] == [1]
    source.read(OPENING)
    assert [row[0] for row in source.rows()] == [0, 1]


def test_a_cursor_that_is_no_time_is_refused(pg: str, reader: Make) -> None:
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute("CREATE TABLE t (k int PRIMARY KEY, c bigint)")
    with pytest.raises(SchemaError, match=r"cursor c of t is no time\n  found: type bigint"):
        reader(pg, table="t", cursor="c", key=("k",)).read()


def test_a_table_the_account_may_not_read(pg: str, reader: Make) -> None:
    parts = urlsplit(pg)
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute("DROP ROLE IF EXISTS poor")
        con.execute("CREATE ROLE poor LOGIN PASSWORD 'p'")
        con.execute("CREATE TABLE t (k int PRIMARY KEY)")
    url = f"postgresql://poor:p@{parts.hostname}:{parts.port}{parts.path}"
    with pytest.raises(SourceError, match=r"account poor may not read t\n  next: .*GRANT SELECT ON t TO poor"):
        reader(url, table="t", mode="snapshot", key=("k",)).read()


def test_other_schemas_views_and_names_that_need_quotes(pg: str, reader: Make) -> None:
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute('CREATE SCHEMA "户政"')
        con.execute('CREATE TABLE "户政"."Czrk表" ("Gmsfhm号" varchar, "or""der" int)')
        con.execute("""INSERT INTO "户政"."Czrk表" VALUES ('x', 1)""")
        con.execute('CREATE VIEW v AS SELECT * FROM "户政"."Czrk表"')
    for table in ("户政.Czrk表", "v"):
        source = reader(pg, table=table, mode="snapshot", key=("Gmsfhm号",))
        source.read()
        assert source.rows() == [("x", 1)]


def test_an_increment_uses_the_index_of_the_cursor(pg: str, reader: Make) -> None:
    """The incremental trap (a scan by ctid ranges reads the whole table) is not stepped into."""
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute(
            "CREATE TABLE t AS SELECT g AS k, timestamp '2026-01-01' + g * interval '60 s' AS c"
            " FROM generate_series(1, 40000) g"
        )
        con.execute("CREATE INDEX i ON t (c)")
        con.execute("ANALYZE t")
        source = reader(pg, table="t", cursor="c", key=("k",))
        assert source.read(OPENING).rows == 4_319
        assert source.read(WINDOW).rows == 1_440
        deadline, used = time.monotonic() + 20, 0
        while not used and time.monotonic() < deadline:  # a server reports when its connection ends
            row = con.execute("SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'i'").fetchone()
            used = int(row[0]) if row else 0
            threading.Event().wait(0.05)
        assert used == 1_440


def test_a_parallel_reading_sees_one_moment(pg: str, reader: Make) -> None:
    """Every transaction of the writer changes all marked rows alike: a mixture would show two values."""
    with psycopg.connect(pg, autocommit=True) as con:
        con.execute("CREATE TABLE t AS SELECT g AS k, 0 AS v, repeat('x', 200) AS p FROM generate_series(1, 120000) g")
        con.execute("ANALYZE t")
    source = reader(pg, table="t", mode="snapshot", key=("k",))
    source.con.execute("LOAD '" + str(_scanner()) + "'; SET pg_pages_per_task = 200")
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(pg) as con:
            while not stop.is_set():
                con.execute("UPDATE t SET v = v + 1 WHERE k % 100 = 7")
                con.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = set()
        for _ in range(5):
            assert source.read().rows == 120_000
            query = "SELECT min(v), max(v), count(DISTINCT k) FROM read_parquet(?) WHERE k % 100 = 7"
            low, high, keys = source.con.execute(query, [str(source.target)]).fetchall()[0]
            assert (low, keys) == (high, 1200)
            seen.add(low)
    finally:
        stop.set()
        writer.join()


def _scanner() -> Path:
    from govpipes.duck import extension_file

    return extension_file("postgres_scanner")


def test_mariadb_types_stay_exact(my: tuple[str, Any], reader: Make) -> None:
    url, admin = my
    with admin.cursor() as run:
        run.execute("SET sql_mode = ''")
        run.execute(
            "CREATE TABLE t (k int PRIMARY KEY, flag tinyint(1), wide decimal(65,10), yuan decimal(18,6), d date,"
            " at timestamp NULL, long_time time, y year, big bigint unsigned, kind enum('甲','乙'), doc json,"
            " bits bit(8), bin varchar(9) COLLATE utf8mb4_bin, raw varbinary(4))"
        )
        run.execute("SET time_zone = '+00:00'")
        run.execute(
            "INSERT INTO t VALUES (1, 5, 12345678901234567890123456789.5, 1.000001, '2026-01-03',"
            " '2026-01-02 16:30:00', '25:00:00', 2026, 18446744073709551615, '甲', '{}', b'101', '䶮', x'00ff'),"
            " (2, NULL, NULL, NULL, '0000-00-00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
        )
    source = reader(url, table="t", mode="snapshot", key=("k",))
    got = source.read()
    assert {column.name: column.type for column in got.columns} == {
        "k": "INTEGER",
        "flag": "TINYINT",
        "wide": "VARCHAR",
        "yuan": "DECIMAL(18,6)",
        "d": "DATE",
        "at": "TIMESTAMP",
        "long_time": "VARCHAR",
        "y": "INTEGER",
        "big": "UBIGINT",
        "kind": "VARCHAR",
        "doc": "VARCHAR",
        "bits": "UINTEGER",
        "bin": "VARCHAR",
        "raw": "BLOB",
    }
    first, second = sorted(source.rows())
    assert first[:4] == (1, 5, "12345678901234567890123456789.5000000000", Decimal("1.000001"))
    assert str(first[5]) == "2026-01-03 00:30:00"  # an instant, on the source's clock
    assert first[6:] == ("25:00:00", 2026, 18446744073709551615, "甲", "{}", 5, "䶮", b"\x00\xff")
    assert second[4] is None
    assert got.notes == ("d: 1 dates without month or day (like 0000-00-00) were read as empty",)


def test_sqlite_values_are_text_whatever_was_declared(tmp_path: Path, reader: Make) -> None:
    with sqlite3.connect(tmp_path / "a.db") as con:
        con.execute('CREATE TABLE t ("编号" integer, v integer)')
        con.executemany("INSERT INTO t VALUES (?, ?)", [(1, 9007199254740993), (2, "无"), (3, None)])
    con.close()
    source = reader(f"sqlite:///{tmp_path}/a.db", table="t", mode="snapshot", key=("编号",))
    source.read()
    assert source.rows() == [("1", "9007199254740993"), ("2", "无"), ("3", None)]


def test_any_sqlalchemy_database_keeps_types(tmp_path: Path, reader: Make) -> None:
    with duckdb.connect(tmp_path / "a.duckdb") as con:
        con.execute("CREATE TABLE t (k int, yuan decimal(18,2), d date, dt timestamp, f double, ok boolean, s text)")
        con.execute("INSERT INTO t VALUES (1, 12.5, '2026-01-03', '2026-01-03 08:00:00', 0.5, true, ':名')")
        con.execute("INSERT INTO t(k) VALUES (2)")
    source = reader(f"duckdb:///{tmp_path}/a.duckdb", table="t", mode="snapshot", key=("k",))
    got = source.read()
    types = ["BIGINT", "DECIMAL(18,2)", "DATE", "TIMESTAMP", "DOUBLE", "BOOLEAN", "VARCHAR"]
    assert [column.type for column in got.columns] == types
    assert source.rows()[0][1:2] == (Decimal("12.50"),)
    assert source.rows()[0][6] == ":名"
    assert source.rows()[1][1:] == (None,) * 6
