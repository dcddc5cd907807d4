"""Macro-economy and certificates: true by themselves, and through the whole path into golden records."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import duckdb
import pytest
import yaml

from govpipes import duck, standards
from govpipes.days import closes_on, first_day
from govpipes.pipeline import Workspace, release
from govpipes.registries import fuse
from govpipes.settings import ROOT
from govpipes.simulator import truth
from govpipes.warehouse import readers
from govpipes_tests.simulator.conftest import DAYS, Made
from govpipes_tests.tiny import Tiny, day_of

NEW = ("macro_economy", "certificates")
COLUMNS = "jlid, zbdm, dqdm, bgq, fl, sz, jldw, hszt, xdcs, fbrq, gxsj"
HEADER = "记录编号,指标代码,地区代码,统计月份,分类,数值,计量单位,核算状态,修订次数,发布日期,更新时间\n"


@pytest.fixture
def con(made: Made) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the standards and the province's true figures and certificates of the last day."""
    with duck.connect(made.settings) as con:
        standards.install(con, made.settings.codes_dir)
        for kind in ("indicator", "observation", "certificate", "link"):
            con.execute(f"CREATE VIEW true_{kind} AS {truth.as_of(made.settings, kind, DAYS[-1])}")
        yield con


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[object, ...]:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row


def test_series_begin_in_1949_under_the_codes_of_their_time(con: duckdb.DuckDBPyConnection) -> None:
    years = one(con, "SELECT min(period), max(period), count(*) FROM true_observation WHERE indicator_code = 'A0301' "
                     "AND region_code = '320000'")  # fmt: skip
    assert years == ("1949", "2024", 76)
    wrong = "SELECT count(*) FROM true_observation WHERE NOT region_valid(region_code, period_end)"
    assert one(con, wrong) == (0,)
    retired = "SELECT max(period) FROM true_observation WHERE region_code = '320103'"  # 白下区, merged in 2013
    assert one(con, retired) == ("2012",)


def test_series_grow_plausibly(con: duckdb.DuckDBPyConnection) -> None:
    """Year to year the province's figures move by a few tens of percent at most, and parts stay below the whole."""
    jumps = (
        "SELECT count(*) FROM (SELECT value / lag(value) OVER (PARTITION BY indicator_code ORDER BY period) AS growth "
        "FROM true_observation WHERE region_code = '320000' AND dimension = '合计' AND indicator_code LIKE 'A%') "
        "WHERE growth NOT BETWEEN 0.9 AND 1.4"
    )
    assert one(con, jumps) == (0,)
    larger = (
        "SELECT count(*) FROM true_observation part "
        "JOIN true_observation whole USING (indicator_code, period, dimension) "
        "WHERE whole.region_code = '320000' AND part.region_code <> '320000' AND part.unit <> '%' "
        "AND part.value > whole.value"
    )
    assert one(con, larger) == (0,)


def test_certificates_agree_with_themselves_and_change(con: duckdb.DuckDBPyConnection) -> None:
    odd = one(
        con,
        "SELECT count(*) FILTER (flag_certificate_identifier(key, key, DATE '2026-01-03') IS NOT NULL), "
        "count(*) FILTER (status = '4' AND effective_until >= status_since), "
        f"count(*) FILTER (status = '1' AND effective_until < DATE '{DAYS[-1]}'), "
        "count(*) FILTER ((holder_uscc IS NULL) = (holder_citizen_id IS NULL)) FROM true_certificate",
    )
    assert odd == (0, 0, 0, 0)
    changed = con.execute(
        f"SELECT status, count(*) > 0 FROM true_certificate WHERE status_since > DATE '{DAYS[0]}' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert changed == [(status, True) for status in "1234"]
    renewed = one(
        con,
        "SELECT count(*), count(*) FILTER (o.status = '2' AND o.status_since = n.issued_on) FROM true_certificate n "
        "JOIN true_certificate o USING (certificate_number) "
        "WHERE split_part(n.key, '.', 9) = '002' AND split_part(o.key, '.', 9) = '001'",
    )
    assert renewed[0] == renewed[1]
    assert renewed[0] != 0


def test_they_go_the_whole_path(made: Made) -> None:
    """Every dataset of the two registries, day by day: what comes out is what was true."""
    with Workspace.open(made.settings) as ws:
        contracts = [c for c in ws.catalogue.contracts.values() if c.registry in NEW]
        for day in DAYS[1:]:
            for contract in contracts:
                if closes_on(contract.update.cycle, day):
                    day_of(ws, contract, first_day(contract.update.cycle, day))
        for entity in ws.catalogue.entities:
            if entity.registry in NEW:
                fuse(ws, entity.registry, entity.name, "test")
        balance = [row for row in ws.ledger.balance() if row["dataset"] in {c.dataset for c in contracts}]
        assert len(balance) == 3 * 10 + 2  # three daily datasets, a month and a year
        assert all(row["balanced"] for row in balance)
        release(ws, "test")
    compared = {
        "macro_economy.indicator": ("indicator", ("name", "unit", "frequency", "lowest_level")),
        "macro_economy.observation": ("observation", ("value", "status", "revision_number", "published_on", "unit")),
        "certificates.certificate": ("certificate", ("status", "status_since", "holder_uscc", "holder_citizen_id")),
    }
    with readers.connect_release(made.settings) as con:
        for table, (kind, items) in compared.items():
            wrong = " OR ".join(f"g.{item} IS DISTINCT FROM t.{item}" for item in items)
            true, odd = one(
                con,
                f"SELECT count(*), count(*) FILTER (g.entity_key IS NULL OR {wrong}) "
                f"FROM ({truth.as_of(made.settings, kind, DAYS[-1])}) t LEFT JOIN {table} g ON g.entity_key = t.key",
            )
            assert int(str(odd)) <= 0.01 * int(str(true)), table


def macro_economy(tiny: Tiny) -> None:
    """The registry as it is shipped, with its table in SQLite and its files in a folder."""
    data = tiny.folder / "data"
    shutil.copytree(ROOT / "data" / "catalogue" / "macro_economy", data / "catalogue" / "macro_economy")
    departments = yaml.safe_load((data / "departments.yaml").read_text("utf-8"))
    departments["statistics"] = {"title": {"zh": "统计局", "en": "Statistics"}}
    (data / "departments.yaml").write_text(yaml.safe_dump(departments, allow_unicode=True), "utf-8")
    systems = {"statistics": f"sqlite:///{tiny.office}", "statistics_files": f"file:{tiny.folder}/files"}
    urls = {"systems": {name: {"url": url} for name, url in systems.items()}}
    (data / "systems.yaml").write_text(yaml.safe_dump(urls), "utf-8")
    (tiny.folder / "files" / "monthly").mkdir(parents=True)
    with closing(sqlite3.connect(tiny.office)) as office, office:
        office.execute(f"CREATE TABLE tjsj ({COLUMNS}, PRIMARY KEY (jlid))")


def published(tiny: Tiny, dataset: str, period: str, value: str, status: str, revision: int, on: date) -> None:
    """The bureau publishes the gross product of 白下区, a code until 2013."""
    row = ("1", "A0101", "320103", period, "合计", value, "亿元", status, str(revision), str(on), f"{on} 09:30:00")
    if dataset == "monthly_statistics":
        file = tiny.folder / "files" / "monthly" / f"ydsj_{on:%Y%m}.csv"
        file.write_bytes((HEADER + ",".join(row) + "\n").encode("gb18030"))
        return
    with closing(sqlite3.connect(tiny.office)) as office, office:
        office.execute(f"INSERT OR REPLACE INTO tjsj VALUES ({', '.join('?' * len(row))})", row)


@pytest.mark.parametrize(
    ("dataset", "period", "written", "ended"),
    [
        ("statistical_series", "2012", "2012年度", date(2012, 12, 31)),
        ("statistical_series", "2012Q3", "2012年三季度", date(2012, 9, 30)),
        ("monthly_statistics", "2012-02", "2012年2月", date(2012, 2, 29)),
    ],
)
def test_a_revision_corrects_and_what_was_known_stays(
    tiny: Tiny, dataset: str, period: str, written: str, ended: date
) -> None:
    """Preliminary, revised, final: one figure of one period, and three that were known."""
    macro_economy(tiny)
    told = [
        ("100.5", "初步核算", 0, date(2025, 12, 30)),
        ("￥1101.25", "修订数", 1, date(2026, 1, 20)),
        ("1101.3", "最终核实", 2, date(2026, 2, 20)),
    ]
    moments = []
    with tiny.open() as ws:
        contract = ws.catalogue.contracts[dataset]
        for value, status, revision, on in told:
            published(tiny, dataset, written, value, status, revision, on)
            day_of(ws, contract, first_day(contract.update.cycle, on))
            fuse(ws, "macro_economy", "observation", "test")
            moments.append(one(ws.con, "SELECT now()")[0])
        ws.con.execute("USE lake")
        as_of = "SELECT entity_key, CAST(value AS VARCHAR), status FROM macro_economy.observation_as_of(?, ?)"
        figures = [ws.con.execute(as_of, [None, moment]).fetchall() for moment in moments]
        key = f"A0101|320103|{period}|合计"
        assert figures == [[(key, "100.500000", "1")], [(key, "1101.250000", "2")], [(key, "1101.300000", "3")]]
        assert ws.con.execute(as_of, [ended, None]).fetchall() == figures[-1]
        assert ws.con.execute(as_of, [date(2011, 12, 31), None]).fetchall() == []
        name = one(ws.con, "SELECT region_name, valid_from, period_start FROM macro_economy.observation")
        assert name[:2] == ("白下区", ended)
        assert one(ws.con, f"SELECT max(len(flags)) FROM claims.{dataset}") == (0,)
