"""Advancing: repeatable, deterministic, safe to interrupt; the departments' systems as they should look."""

import shutil
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import openpyxl
import psycopg
import pymysql
import pytest
import yaml

from govpipes import duck, postgres
from govpipes.errors import SettingsError
from govpipes.settings import Settings
from govpipes.simulator import Province
from govpipes.simulator.datasets import DATASETS, SYSTEMS
from govpipes_tests.simulator.conftest import DAYS, OPENING, START, Made, make, remove

TABLES = [dataset for dataset in DATASETS.values() if dataset.form == "table"]


def systems(settings: Settings) -> dict[str, str]:
    content = yaml.safe_load(settings.systems_file.read_text("utf-8"))
    return {name: entry["url"] for name, entry in content["systems"].items()}


def content(settings: Settings) -> dict[str, object]:
    """Row counts and order-independent hashes of every department's table, and the files as they are."""
    urls = systems(settings)
    found: dict[str, object] = {}
    for dataset in TABLES:
        with duck.connect(settings, "postgres_scanner", "sqlite_scanner") as con:
            url = urls[dataset.system]
            kind = "sqlite" if url.startswith("sqlite:///") else "postgres"
            con.execute(f"ATTACH '{url.removeprefix('sqlite:///')}' AS dept (TYPE {kind}, READ_ONLY)")
            row = con.execute(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM dept.{dataset.target} t").fetchone()
            found[dataset.name] = row
    for file in sorted((settings.home / "simulator" / "departments").rglob("*")):
        if file.suffix in {".csv", ".jsonl"}:
            found[file.name] = file.read_bytes()
        elif file.suffix == ".xlsx":
            sheet = openpyxl.load_workbook(file).active
            found[file.name] = list(sheet.values)  # type: ignore[union-attr]
    for kind in ("truth", "faults", "delivered"):
        for file in sorted((settings.home / "simulator" / kind).glob("*.parquet")):
            found[file.name] = duckdb.sql(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM '{file}' t").fetchone()
    return found


def test_every_day_writes_and_lists_faults(made: Made) -> None:
    assert all(advance.new for advance in made.advances.values())
    assert {name for advance in made.advances.values() for name in advance.rows} == set(DATASETS)
    assert set(made.advances[OPENING].rows) == {dataset.name for dataset in TABLES}
    # the bureau of statistics publishes and revises nothing in the first days of a year
    idle = {(name, day) for day, advance in made.advances.items() for name, rows in advance.rows.items() if rows == 0}
    assert idle == {("statistical_series", day) for day in DAYS if day.year == 2026}


def test_a_day_that_is_there_is_left_alone(made: Made) -> None:
    before = content(made.settings)
    for day in (OPENING, DAYS[-1]):
        advance = made.province.advance(day)
        assert not advance.new
        assert "nothing changed" in advance.summary
    assert content(made.settings) == before


def test_the_same_seed_gives_the_same_content_in_any_home(made: Made, tmp_path: Path) -> None:
    """Also when the days are asked for at once and not one by one, and when a delivery is interrupted and repeated."""
    other = Settings(home=tmp_path / "other")
    province = Province(other, seed=7, preset="tiny", start=START)
    try:
        province.advance(DAYS[4])
        con = duckdb.connect(str(other.home / "simulator" / "province.duckdb"))
        con.execute("UPDATE day SET delivered = false WHERE day = ?", [DAYS[4]])
        con.close()
        said: list[str] = []
        assert province.advance(DAYS[-1], said.append).new
        assert said[0] == f"{DAYS[4]}: writing into the departments' systems"
        assert content(other) == content(made.settings)
    finally:
        remove(other)


def test_readers_may_read_their_department_and_nothing_else(made: Made) -> None:
    assert made.settings.systems_file.stat().st_mode & 0o777 == 0o600
    urls = systems(made.settings)
    assert set(urls) == set(SYSTEMS)
    with psycopg.connect(urls["public_security"]) as con:
        assert con.execute("SELECT count(*) FROM czrk").fetchone()
        for statement in ("UPDATE czrk SET xm = ''", "CREATE TABLE mine (a int)", "SELECT * FROM intake.czrk"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), con.transaction():
                con.execute(statement)
    with psycopg.connect(postgres.url(made.settings, "dept_tax")) as con:
        indexed = con.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'swdj'").fetchall()
        assert any("(gxsj)" in line for (line,) in indexed)
        assert any("UNIQUE" in line and "(djxh)" in line for (line,) in indexed)


def test_tables_hold_one_row_for_every_thing_and_cursors_lie_in_their_day(made: Made) -> None:
    """A damaged key is replaced when its row is written anew: no person stands twice in the register."""
    with psycopg.connect(postgres.url(made.settings, "dept_public_security")) as con:
        row = con.execute(
            "SELECT count(*), count(DISTINCT hkdz || xm || hh || yhzgx || csrq), max(gxsj) FROM czrk"
        ).fetchone()
        assert row is not None
        last = duckdb.sql(
            f"SELECT count(DISTINCT entity) FROM read_parquet('{made.written}/household_register-*.parquet')"
        ).fetchone()
        assert last is not None
        assert row[0] == last[0]
        assert row[2].date() == DAYS[-1]
    for day in DAYS[1:]:
        found = duckdb.sql(
            f"SELECT count(*) FROM '{made.written}/household_register-{day}.parquet' WHERE gxsj::DATE <> DATE '{day}'"
        ).fetchone()
        assert found == (0,)


def test_files_are_in_their_encodings_and_go_wrong_as_planned(made: Made) -> None:
    place = made.files / "departments"
    marriages = place / "civil_affairs_files" / "marriages"
    assert (marriages / "hydj_20251225.csv").read_bytes().decode("gb18030").startswith("登记证字号,业务类型,")
    licences = place / "credit_files" / "licences"
    assert (licences / "xzxk_20251225.csv").read_bytes().startswith(b"\xef\xbb\xbfXK_XDR_MC,")
    assert "XK_SFJM" in (licences / "xzxk_20251227.csv").read_text("utf-8-sig").splitlines()[0]
    weekly = (place / "court_files" / "defaulters" / "sxbzxr_20251222.jsonl").read_text("utf-8")
    assert '"case_no":"（' in weekly.replace(": ", ":")
    # Everything that was wrong has been put right by the last day.
    for file in (marriages / "hydj_20251229.csv", marriages / "hydj_20260102.csv"):
        text = file.read_bytes().decode("gb18030")
        assert "锟斤拷" not in text
        assert text.startswith("登记证字号,")
    assert (licences / "xzxk_20251231.csv").exists()
    points = place / "transport_files" / "poi" / "poi_20260101.csv"
    assert len(points.read_text("utf-8").splitlines()) > 5
    assert not list(place.rglob("*.new"))


def test_incidents_are_seen_until_they_are_corrected(made: Made) -> None:
    def on(number: int) -> Path:
        return made.written / f"departments-{START + timedelta(days=number)}"

    spoilt = (on(4) / "civil_affairs_files" / "marriages" / "hydj_20251229.csv").read_bytes()
    assert "锟斤拷" in spoilt.decode("gb18030", "replace")
    assert not (on(6) / "credit_files" / "licences" / "xzxk_20251231.csv").exists()
    assert (on(7) / "credit_files" / "licences" / "xzxk_20251231.csv").exists()
    points = on(7) / "transport_files" / "poi" / "poi_20260101.csv"
    assert len(points.read_text("utf-8").splitlines()) == 1
    renamed = (on(8) / "civil_affairs_files" / "marriages" / "hydj_20260102.csv").read_bytes().decode("gb18030")
    assert renamed.startswith("证书编号,")


def test_workbooks_are_made_for_people(made: Made) -> None:
    folder = made.files / "departments"
    book = openpyxl.load_workbook(folder / "staffing_office_files" / "public_institutions" / "sydw_202512.xlsx")
    sheet = book.active
    assert sheet is not None
    rows = list(sheet.values)
    assert str(rows[0][0]).startswith("事业单位法人登记情况汇总表")
    assert str(rows[1][0]).startswith("填表说明")
    assert rows[2][:2] == ("序号", "单位信息")
    assert rows[3][1] == "统一社会信用代码"
    assert rows[-2][0] == "合计"
    assert str(rows[-1][0]).startswith("备注")
    assert len(sheet.merged_cells.ranges) > 5
    social = openpyxl.load_workbook(folder / "civil_affairs_files" / "social_organisations" / "shzz_202512.xlsx").active
    assert social is not None
    assert list(social.values)[1][1] == "统一社会信用代码"


def test_another_province_is_refused(made: Made) -> None:
    with pytest.raises(SettingsError, match="another province") as error:
        Province(made.settings, seed=8, preset="tiny", start=START).advance(START)
    assert "seed 7" in str(error.value)
    with pytest.raises(SettingsError, match="no such day"):
        made.province.advance(date(2020, 1, 1))
    with pytest.raises(SettingsError, match="no such size"):
        Province(made.settings, preset="enormous")


def test_a_database_of_somebody_else_is_left_alone(postgres_settings: Settings, tmp_path: Path) -> None:
    url = postgres.create_database(postgres_settings, "dept_public_security")
    with psycopg.connect(url) as con:
        con.execute("COMMENT ON DATABASE dept_public_security IS 'the real one'")
    settings = Settings(home=tmp_path / "home", postgres_url=postgres.url(postgres_settings))
    with pytest.raises(SettingsError, match="belongs to something else"):
        Province(settings, preset="tiny").advance(OPENING)
    with psycopg.connect(url) as con:
        assert con.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_province_in_use_says_so(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    settings.ensure_home()
    (settings.home / "simulator").mkdir()
    (settings.home / "simulator" / "province.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(SettingsError, match="cannot be opened"):
        Province(settings, preset="tiny").advance(OPENING)


def test_births_go_to_mariadb_when_there_is_one(tmp_path: Path, mariadb_url: str) -> None:
    settings = Settings(home=tmp_path / "home", mariadb_url=mariadb_url)
    province = Province(settings, seed=7, preset="tiny", start=START)
    try:
        assert province.advance(OPENING).notes == ()
        province.advance(START)
        login = urlsplit(systems(settings)["health_births"])
        con = pymysql.connect(
            host=login.hostname or "",
            port=login.port or 0,
            user=login.username,
            password=login.password or "",
            database=login.path[1:],
        )
        with con, con.cursor() as cursor:
            cursor.execute("SELECT count(*), count(DISTINCT zmbh), max(gxsj), max(mqxm) FROM csyxzm")
            rows, certificates, changed, mother = cursor.fetchone() or ()
            assert rows == certificates > 50
            assert changed.date() == START
            assert "?" not in mother
            for statement in ("DELETE FROM csyxzm", "SELECT * FROM intake_csyxzm"):
                with pytest.raises(pymysql.err.OperationalError, match="denied"):
                    cursor.execute(statement)
        other = Settings(home=tmp_path / "other", mariadb_url=mariadb_url)
        with pytest.raises(SettingsError, match="belongs to something else"):
            Province(other, seed=7, preset="tiny", start=START).advance(OPENING)
        remove(other)
    finally:
        remove(settings)


def test_other_seeds_give_other_people(made: Made, tmp_path: Path) -> None:
    other = make(tmp_path / "home", [OPENING], seed=8)
    try:
        query = "SELECT count(*) FROM '{}' a JOIN '{}' b USING (citizen_id, name)"
        file = f"simulator/truth/person-{OPENING}.parquet"
        found = duckdb.sql(query.format(other.settings.home / file, made.settings.home / file)).fetchone()
        assert found is not None
        assert found[0] < 20
    finally:
        remove(other.settings)
        shutil.rmtree(other.written)
