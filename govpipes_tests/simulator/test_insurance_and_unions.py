"""Social insurance, trade unions and rural collectives: true by themselves, and through the whole path."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import duckdb
import openpyxl
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
from govpipes_tests.tiny import GOOD, Tiny, day_of

NEW = ("social_insurance", "trade_unions", "village_collectives")
# what tells of deaths and of cancellations
BESIDE = ("deaths", "enterprise_register")
KINDS = ("person", "organization", "insurance", "link")


@pytest.fixture
def con(made: Made) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the standards and what is true on the province's last day."""
    with duck.connect(made.settings) as con:
        standards.install(con, made.settings.codes_dir)
        for kind in KINDS:
            con.execute(f"CREATE VIEW true_{kind} AS {truth.as_of(made.settings, kind, DAYS[-1])}")
        yield con


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row


def test_adults_are_insured_by_firms_and_institutions(con: duckdb.DuckDBPyConnection) -> None:
    people, fewest, most, records = one(
        con,
        "SELECT count(*), min(kinds), max(kinds), sum(kinds) FROM "
        "(SELECT count(*) AS kinds FROM true_insurance GROUP BY citizen_id)",
    )
    assert 300 < people < 450
    assert (fewest, most) == (2, 4)
    assert 2.3 < records / people < 2.8
    odd = one(
        con,
        "SELECT count(*) FILTER (enrolled_on < citizen_id_birth(citizen_id) + INTERVAL 16 YEAR), "
        "count(*) FILTER (contribution_base NOT BETWEEN 4500 AND 24000), count(*) FILTER (effective_on < enrolled_on), "
        "count(*) FILTER ((status = '3') <> (ended_on IS NOT NULL)), "
        "count(*) FILTER (left(employer_uscc, 2) NOT IN ('91', '12') OR employer_uscc IS NULL) FROM true_insurance",
    )
    assert odd == (0, 0, 0, 0, 0)


def test_every_day_enrols_changes_and_ends(made: Made, con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"CREATE TABLE said AS FROM '{made.files}/truth/insurance-*.parquet'")
    changed = (
        "SELECT day, count(*) FILTER (was IS NULL), count(*) FILTER (employer_uscc <> was.employer_uscc), "
        "count(*) FILTER (contribution_base <> was.contribution_base AND employer_uscc = was.employer_uscc), "
        "count(*) FILTER (status > was.status) FROM (SELECT *, lag(said) OVER (PARTITION BY key ORDER BY day) AS was "
        f"FROM said) WHERE day > DATE '{DAYS[0]}' GROUP BY day ORDER BY day"
    )
    found = con.execute(changed).fetchall()
    assert [row[0] for row in found] == DAYS[1:]
    assert all(count > 0 for row in found for count in row[1:])


def test_the_office_hears_of_ends_late_or_never(con: duckdb.DuckDBPyConnection) -> None:
    dead = "true_insurance i JOIN true_person p ON p.key = i.citizen_id WHERE p.death_date IS NOT NULL"
    heard, unheard, otherwise = one(
        con,
        f"SELECT count(*) FILTER (i.ended_on = p.death_date), count(*) FILTER (i.status <> '3'), "
        f"count(*) FILTER (i.ended_on <> p.death_date) FROM {dead}",
    )
    assert heard > unheard > 0
    assert otherwise <= 0.1 * heard  # had left work before
    ended = "true_insurance i JOIN true_organization o ON o.uscc = i.employer_uscc WHERE o.status IN ('2', '3')"
    never = "i.status = '1' AND coalesce(o.cancelled_on, o.revoked_on) < DATE '2025-11-01'"
    heard, unheard = one(con, f"SELECT count(*) FILTER (i.status <> '1'), count(*) FILTER ({never}) FROM {ended}")
    assert heard > unheard > 0


def test_unions_and_collectives_are_organizations_of_their_kinds(con: duckdb.DuckDBPyConnection) -> None:
    kinds = con.execute(
        "SELECT organization_kind, count(*) FROM true_organization WHERE organization_kind[1] IN ('8', 'N') "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert [kind for kind, _ in kinds] == ["81", "N1", "N2", "N3"]
    assert kinds[0][1] == 100
    assert sum(count for _, count in kinds[1:]) == 40
    wrong = (
        "SELECT count(*) FROM true_organization WHERE organization_kind[1] IN ('8', 'N') AND "
        "(err_uscc(uscc, std_uscc(uscc)) IS NOT NULL OR flag_uscc(uscc, std_uscc(uscc), DATE '2026-01-03') IS NOT NULL)"
    )
    assert one(con, wrong) == (0,)


def test_the_unions_form_drifts_at_the_end_of_a_year(made: Made) -> None:
    """Merged cells, two header rows, a note; the last column has another name than in the other quarters."""
    folder = made.files / "departments"
    sheet = openpyxl.load_workbook(folder / "trade_union_files" / "trade_unions" / "ghfr_202510.xlsx").active
    assert sheet is not None
    rows = list(sheet.values)
    assert str(rows[1][0]).startswith("填表说明")
    assert rows[2][:2] == ("序号", "工会信息")
    assert rows[2][-1] == "年末会员人数"
    assert rows[-2][0] == "合计"
    assert len(sheet.merged_cells.ranges) > 8
    collectives = folder / "agriculture_files" / "village_collectives" / "jtzz_202510.csv"
    assert collectives.read_bytes().decode("gb18030").startswith("统一社会信用代码,组织名称,组织级别,")


def test_they_go_the_whole_path(made: Made) -> None:
    """Day by day: what comes out is what was true, and rules name whom they should and nobody else."""
    with Workspace.open(made.settings) as ws:
        contracts = [ws.catalogue.contracts[name] for name in (*NEW, *BESIDE)]
        for day in DAYS[1:]:
            for contract in contracts:
                if closes_on(contract.update.cycle, day):
                    day_of(ws, contract, first_day(contract.update.cycle, day))
        for registry, name in dict.fromkeys((c.registry, c.entity) for c in contracts):
            fuse(ws, registry, name, "test")
        balance = [row for row in ws.ledger.balance() if row["dataset"] in NEW]
        assert len(balance) == 10 + 2  # ten days and a quarter twice
        assert all(row["balanced"] for row in balance)
        release(ws, "test")
    with readers.connect_release(made.settings) as con:
        for kind in KINDS:
            con.execute(f"CREATE TEMP TABLE true_{kind} AS {truth.as_of(made.settings, kind, DAYS[-1])}")
        con.execute(f"CREATE TEMP TABLE fault AS {truth.faults(made.settings)}")
        assert_golden(con)
        assert_links(con)
        assert_findings(con)
        unions = "SELECT count(members) = count(*), count(*) > 90 FROM current.trade_unions"
        assert one(con, unions) == (True, True)


def assert_golden(con: duckdb.DuckDBPyConnection) -> None:
    """Every item is what is true; a base that cannot be is none."""
    told = ("name", "employer_name", "enrolled_on", "status", "effective_on", "ended_on", "employer_uscc")
    organizations = (
        "name", "organization_kind", "legal_representative", "registration_authority", "established_on", "domicile",
        "status", "supervising_department", "purpose",
    )  # fmt: skip
    compared = {
        "population.insurance": ("SELECT * FROM true_insurance", told),
        "legal_entity.organization": (
            "SELECT * REPLACE (std_text(purpose) AS purpose) FROM true_organization "
            "WHERE organization_kind[1] IN ('8', 'N')",
            organizations,
        ),
    }
    for table, (query, items) in compared.items():
        wrong = ", ".join(f"count(*) FILTER (g.{item} <> t.{item}) AS {item}" for item in items)
        true, missing, *odd = one(
            con,
            f"SELECT count(*), count(*) FILTER (g.entity_key IS NULL), {wrong} "
            f"FROM ({query}) t LEFT JOIN {table} g ON g.entity_key = t.key",
        )
        assert missing <= 0.01 * true, table
        assert odd == [0] * len(items), table
    assert one(con, "SELECT count(*) > count(DISTINCT entity_key) FROM current.social_insurance") == (True,)
    assert one(con, "SELECT count(*) - count(DISTINCT entity_key) FROM population.insurance") == (0,)
    bases = (
        "SELECT count(*) FILTER (contribution_base <> t.base), count(*) FILTER (contribution_base IS NULL) "
        "FROM population.insurance "
        "JOIN (SELECT key, contribution_base AS base FROM true_insurance) t ON key = entity_key"
    )
    wrong, none = one(con, bases)
    assert (wrong, none > 0) == (0, True)


def assert_links(con: duckdb.DuckDBPyConnection) -> None:
    """`employer` leads to the organization; the institutions and most of the insured are in no dataset here."""
    for link, least in (("employer", 0.5), ("insured", 0.01)):
        total, found, wrong = one(
            con,
            "SELECT count(*), count(target_key), count(*) FILTER (target_key <> to_key) "
            f"FROM links.population_insurance_{link} JOIN true_link t ON kind = '{link}' AND from_key = entity_key",
        )
        assert wrong == 0
        assert found > least * total, link


def assert_findings(con: duckdb.DuckDBPyConnection) -> None:
    """Of those that are in the golden records, exactly the true ones."""
    here = "SEMI JOIN population.insurance g ON g.entity_key = i.key"
    true = {
        "insured_after_death": f"SELECT i.key FROM true_insurance i {here} JOIN true_person p ON p.key = i.citizen_id "
        "SEMI JOIN population.person d ON d.entity_key = p.key WHERE p.death_date IS NOT NULL AND i.status <> '3'",
        "insured_by_ended_organization": f"SELECT i.key FROM true_insurance i {here} JOIN true_organization o "
        "ON o.uscc = i.employer_uscc SEMI JOIN legal_entity.organization f ON f.uscc = o.uscc "
        "WHERE o.status IN ('2', '3') AND i.status = '1'",
    }
    for rule, query in true.items():
        findings = f"SELECT entity_key FROM population.insurance_findings WHERE rule = '{rule}'"
        assert set(con.execute(findings).fetchall()) == set(con.execute(query).fetchall()) != set(), rule


COLUMNS = "cbbh, sfzh, xm, xzlx, tyshxydm, dwmc, jfjs, cbrq, cbzt, sxrq, zzrq, gxsj"
Columns = dict[str, str | None]
FIRMS = {"甲": "91320102MA1MK2XQ63", "乙": "92320583MA1N8P6T7N"}


@pytest.fixture
def office(tiny: Tiny) -> Tiny:
    """The contract as it is shipped, with its table in SQLite; the other registries without datasets."""
    catalogue = tiny.folder / "data" / "catalogue"
    for file in (ROOT / "data" / "catalogue").glob("*/_registry.yaml"):
        (catalogue / file.parent.name).mkdir(exist_ok=True)
        shutil.copyfile(file, catalogue / file.parent.name / file.name)
    name = "population/social_insurance.yaml"
    shutil.copyfile(ROOT / "data" / "catalogue" / name, catalogue / name)
    shutil.copyfile(ROOT / "data" / "departments.yaml", tiny.folder / "data" / "departments.yaml")
    urls = {"systems": {"human_resources": {"url": f"sqlite:///{tiny.office}"}}}
    (tiny.folder / "data" / "systems.yaml").write_text(yaml.safe_dump(urls), "utf-8")
    with closing(sqlite3.connect(tiny.office)) as con, con:
        con.execute(f"CREATE TABLE cbxx ({COLUMNS}, PRIMARY KEY (cbbh))")
    return tiny


def booked(tiny: Tiny, on: date, columns: Columns | None = None, number: int = 0) -> None:
    """The office books an insurance on a day; `number` is the person's and the record's."""
    row = {
        "cbbh": str(number), "sfzh": GOOD[number], "xm": "王芳", "xzlx": "医疗保险", "tyshxydm": FIRMS["甲"],
        "dwmc": "甲", "jfjs": "7200", "cbrq": "20251201", "cbzt": "1", "sxrq": "20251201", "zzrq": None,
        "gxsj": f"{on} 09:30:00",
    } | (columns or {})  # fmt: skip
    with closing(sqlite3.connect(tiny.office)) as con, con:
        con.execute(f"INSERT OR REPLACE INTO cbxx ({', '.join(row)}) VALUES ({', '.join('?' * 12)})", [*row.values()])


def test_what_is_booked_late_holds_from_its_own_day(office: Tiny) -> None:
    booked(office, date(2026, 1, 5))
    days = [date(2026, 1, 5), date(2026, 1, 20), date(2026, 2, 20)]
    changes: list[Columns] = [
        {},
        {"tyshxydm": FIRMS["乙"], "dwmc": "乙", "sxrq": "20260108"},
        {"tyshxydm": FIRMS["乙"], "dwmc": "乙", "cbzt": "终止缴费", "sxrq": "20260210", "zzrq": "20260210"},
    ]
    with office.open() as ws:
        contract = ws.catalogue.contracts["social_insurance"]
        for day, changed in zip(days, changes, strict=True):
            booked(office, day, changed)
            day_of(ws, contract, day)
            fuse(ws, "population", "insurance", "test")
        ws.con.execute("USE lake")
        told = "SELECT employer_name, status FROM population.insurance_as_of(?, NULL)"
        held = {day: ws.con.execute(told, [date.fromisoformat(day)]).fetchall() for day in
                ("2025-11-30", "2025-12-01", "2026-01-07", "2026-01-08", "2026-02-09", "2026-02-10")}  # fmt: skip
        assert list(held.values()) == [[], [("甲", "1")], [("甲", "1")], [("乙", "1")], [("乙", "1")], [("乙", "3")]]
        key = ws.con.execute("SELECT entity_key, employer_key FROM population.insurance").fetchall()
        assert key == [(f"{GOOD[0]}|310", FIRMS["乙"][8:17])]


def test_who_is_registered_twice_has_one_record_and_the_newest_counts(office: Tiny) -> None:
    day = date(2026, 1, 5)
    booked(office, day)
    booked(office, day, {"sfzh": GOOD[0], "xzlx": "310", "jfjs": "8000", "gxsj": f"{day} 10:00:00"}, 1)
    booked(office, day, {"sfzh": GOOD[0], "xzlx": "养老"}, 2)
    with office.open() as ws:
        day_of(ws, ws.catalogue.contracts["social_insurance"], day)
        fuse(ws, "population", "insurance", "test")
        found = ws.con.execute(
            "SELECT insurance_kind, CAST(contribution_base AS INTEGER) FROM lake.population.insurance ORDER BY 1"
        ).fetchall()
    assert found == [("110", 7200), ("310", 8000)]


@pytest.mark.parametrize(
    ("columns", "flags", "base"),
    [
        ({"jfjs": "0.72"}, ["rule:plausible_base"], None),
        ({"jfjs": "72000000"}, ["rule:plausible_base"], None),
        ({"jfjs": "99.99"}, ["rule:plausible_base"], None),
        ({"jfjs": "100"}, [], 100),
        ({"jfjs": "200000"}, [], 200000),
        ({"zzrq": "20251130", "cbzt": "3"}, ["rule:ends_after_start"], 7200),
        ({"cbrq": "20060306"}, ["rule:insured_from_sixteen"], 7200),
        ({"cbrq": "20060307"}, [], 7200),
        ({"tyshxydm": "91320102MA1MK2XQ64"}, ["employer_uscc:USCC-03"], 7200),
        ({"cbzt": "3"}, "rule:ended_has_date", 7200),
        ({"sfzh": None}, "citizen_id:REQUIRED", 7200),
        ({"xzlx": None}, "insurance_kind:REQUIRED", 7200),
    ],
)
def test_what_cannot_be_true_is_told(office: Tiny, columns: Columns, flags: list[str] | str, base: int | None) -> None:
    """Flags, and the base that counts; a text is the reason why the row is rejected."""
    day = date(2026, 1, 5)
    booked(office, day, columns)
    booked(office, day, number=1)
    with office.open() as ws:
        contract = ws.catalogue.contracts["social_insurance"].model_copy(update={"checks": ()})
        day_of(ws, contract, day)
        fuse(ws, "population", "insurance", "test")
        found = ws.con.execute("SELECT flags FROM lake.claims.social_insurance WHERE source_key = '0'").fetchall()
        if isinstance(flags, str):
            assert found == []
            files = list((office.settings.home / "quarantine" / "social_insurance").rglob("*.parquet"))
            assert ws.con.execute(f"SELECT reasons FROM '{files[0]}'").fetchall() == [([flags],)]
            return
        assert found == [(flags,)]
        golden = ws.con.execute(
            "SELECT contribution_base FROM lake.population.insurance WHERE citizen_id = ?", [GOOD[0]]
        ).fetchall()
        assert golden == [(base,)]
