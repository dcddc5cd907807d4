"""Truth and fault list are right: what is scored by them can rely on them.

Every row is standardized by the contract's own SQL: as it should have been, and as it was written.
"""

from datetime import date, datetime

import duckdb
import pytest

from govpipes import duck, standards
from govpipes.catalogue import Catalogue, load_catalogue
from govpipes.pipeline.standardize_sql import standardize_sql
from govpipes.settings import Settings
from govpipes.simulator import truth
from govpipes.simulator.datasets import DATASETS
from govpipes.simulator.faults import FAULTS
from govpipes_tests.simulator.conftest import DAYS, OPENING, Made

EXTRA = "entity, truth_key, what, due, is_new, correction, old_key, fault"
CLOSING = datetime(2026, 1, 4)
# Rules no single row of one dataset can break: two persons on one number, a dead firm alive at the tax office, a point
# outside its county's boundary, somebody insured after death.
ACROSS_ROWS = ("GEO-03", "ID-08", "LEG-02", "POP-05")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(Settings.from_env({}).data_dir)


@pytest.fixture
def con(made: Made) -> duckdb.DuckDBPyConnection:
    con = duck.connect(made.settings)
    standards.install(con, made.settings.codes_dir)
    con.execute(f"CREATE VIEW fault AS {truth.faults(made.settings)}")
    return con


def standardized(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, dataset: str, source: str) -> str:
    """SQL of the standardized rows of `source`, a query with the department's columns and `written_on`.

    The day a row was written comes out as `landing_id`.
    """
    contract = catalogue.contracts[dataset]
    found = con.execute(f"SELECT * FROM ({source}) LIMIT 0").description or []
    as_text = DATASETS[dataset].form != "table"
    types = {column[0]: "VARCHAR" if as_text else str(column[1]) for column in found if column[0] != "written_on"}
    columns = ", ".join(f'"{name}"::VARCHAR AS "{name}"' if as_text else f'"{name}"' for name in types)
    landed = f"SELECT {columns}, written_on AS landing_id, row_number() OVER () AS row_number FROM ({source})"
    entity = catalogue.entity(contract.registry, contract.entity)
    return standardize_sql(contract, entity, landed, types, DAYS[-1], CLOSING)


def rows(made: Made, kind: str, dataset: str, beside: str) -> str:
    """SQL: all rows of a dataset over the days, without the columns `beside` those of the department."""
    place = made.written if kind == "written" else made.files / kind
    return (
        f"SELECT * EXCLUDE ({beside}, filename), right(parse_filename(filename, true), 10) AS written_on "
        f"FROM read_parquet('{place}/{dataset}-2*.parquet', filename = true)"
    )


@pytest.mark.parametrize("dataset", DATASETS)
def test_rows_without_a_fault_are_valid(
    dataset: str, made: Made, con: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    query = standardized(con, catalogue, dataset, rows(made, "delivered", dataset, "truth_key"))
    assert (
        con.execute(
            f"SELECT reasons, any_value(source_key) FROM ({query}) WHERE len(reasons) > 0 GROUP BY ALL"
        ).fetchall()
        == []
    )


@pytest.mark.parametrize("dataset", DATASETS)
def test_faults_do_what_the_list_says(
    dataset: str, made: Made, con: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    """Rejected rows are exactly the listed ones; a flag is given for every listed one; repairs pass."""
    query = standardized(con, catalogue, dataset, rows(made, "written", dataset, EXTRA))
    con.execute(f"CREATE TEMP TABLE result AS {query}")
    con.execute(
        f"CREATE TEMP TABLE listed AS SELECT r.source_key, r.reasons, r.flags, f.* EXCLUDE (source_key) "
        f"FROM result r LEFT JOIN fault f ON f.dataset = '{dataset}' AND f.written_on = r.landing_id::DATE "
        "AND f.source_key = r.source_key"
    )
    wrong = "(coalesce(expected, '') = 'reject') <> (len(reasons) > 0)"
    assert con.execute(f"SELECT * FROM listed WHERE {wrong}").fetchall() == []
    unflagged = f"expected = 'flag' AND len(flags) = 0 AND rule NOT IN {ACROSS_ROWS}"
    assert con.execute(f"SELECT * FROM listed WHERE {unflagged}").fetchall() == []


@pytest.mark.parametrize("dataset", DATASETS)
def test_spelling_faults_are_repairable(
    dataset: str, made: Made, con: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    """The standard value of what was written is that of what should have been written."""
    for item in catalogue.contracts[dataset].items:
        element = item.element
        if element in {"longitude", "latitude"}:
            continue
        for column in item.columns:
            wrong = con.execute(
                f"SELECT fault, raw, clean FROM fault WHERE dataset = ? AND item = ? AND expected = 'repair' "
                f"AND std_{element}(raw) IS DISTINCT FROM std_{element}(clean)",
                [dataset, column],
            ).fetchall()
            assert wrong == []


@pytest.mark.parametrize("dataset", DATASETS)
def test_rejects_stay_below_one_in_a_hundred(dataset: str, made: Made, con: duckdb.DuckDBPyConnection) -> None:
    for file in made.written.glob(f"{dataset}-2*.parquet"):
        row = con.execute(
            f"SELECT (SELECT count(*) FROM '{file}'), count(*) FROM fault "
            f"WHERE dataset = '{dataset}' AND expected = 'reject' AND written_on = DATE '{file.stem[-10:]}'"
        ).fetchone()
        assert row is not None
        assert row[1] <= 0.01 * row[0]


def test_about_half_of_the_rejected_are_corrected_within_three_days(con: duckdb.DuckDBPyConnection) -> None:
    row = con.execute(
        "SELECT count(*) FILTER (WHERE expected = 'reject' AND written_on <= ?), "
        "count(*) FILTER (WHERE expected = 'corrected' AND source_key <> '*' AND fault <> 'D23') FROM fault",
        [DAYS[-4]],
    ).fetchone()
    assert row is not None
    assert 0.25 * row[0] < row[1] < 0.8 * row[0]
    late = con.execute(
        "SELECT c.written_on - r.written_on FROM fault c "
        "JOIN fault r ON r.expected = 'reject' AND r.dataset = c.dataset "
        "AND r.truth_key = c.truth_key AND r.fault = c.fault WHERE c.expected = 'corrected' AND c.source_key <> '*'"
    ).fetchall()
    assert {days for (days,) in late if days > 0} <= {1, 2, 3, 4, 5, 6, 7}


def test_most_kinds_of_fault_occur_in_ten_days(con: duckdb.DuckDBPyConnection) -> None:
    """Even in two thousand people nearly every fault there is occurs; the smallest days leave no room for rejects."""
    found = {(dataset, code) for dataset, code in con.execute("SELECT DISTINCT dataset, fault FROM fault").fetchall()}
    every = {(dataset, fault.code) for dataset, faults in FAULTS.items() for fault in faults}
    assert len(every - found) <= 0.1 * len(every), sorted(every - found)


def test_the_days_of_the_list_are_dataset_days(con: duckdb.DuckDBPyConnection) -> None:
    days = con.execute("SELECT dataset, min(day), max(day) FROM fault GROUP BY dataset").fetchall()
    for dataset, first, last in days:
        cycle = DATASETS[dataset].cycle.value
        expected = {
            "daily": date(2025, 12, 25),
            "weekly": date(2025, 12, 22),
            "monthly": date(2025, 12, 1),
            "quarterly": date(2025, 10, 1),
            "yearly": date(2025, 1, 1),
        }
        assert first >= expected[cycle]
        assert last <= DAYS[-1]


def test_truth_is_known_as_of_every_day(made: Made, con: duckdb.DuckDBPyConnection) -> None:
    people = {}
    for day in (OPENING, DAYS[5], DAYS[-1]):
        row = con.execute(
            f"SELECT count(*), count(DISTINCT key), count(*) FILTER (WHERE death_date > DATE '{day}'), "
            f"count(*) FILTER (WHERE birth_date > DATE '{day}') FROM ({truth.as_of(made.settings, 'person', day)})"
        ).fetchone()
        assert row is not None
        assert row[0] == row[1]
        assert row[2:] == (0, 0)
        people[day] = row[0]
    assert people[OPENING] < people[DAYS[-1]]
    for kind in truth.KINDS:
        row = con.execute(
            f"SELECT count(*), count(DISTINCT key) FROM ({truth.as_of(made.settings, kind, DAYS[-1])})"
        ).fetchone()
        assert row is not None
        assert row[0] == row[1] > 0


def test_true_numbers_are_valid_and_agree_with_their_holder(made: Made, con: duckdb.DuckDBPyConnection) -> None:
    day = DAYS[-1]
    wrong = con.execute(
        f"SELECT key FROM ({truth.as_of(made.settings, 'person', day)}) "
        "WHERE citizen_id_check(left(key, 17)) <> right(key, 1) "
        "OR citizen_id_birth(key) <> birth_date OR citizen_id_sex(key) <> sex"
    ).fetchall()
    assert wrong == []
    row = con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE uscc_check(left(uscc, 17)) = right(uscc, 1)), "
        f"count(*) FILTER (WHERE organization_code_check(left(organization_code, 8)) = right(organization_code, 1)), "
        f"count(*) FILTER (WHERE substr(uscc, 9, 9) = organization_code), "
        f"count(*) FILTER (WHERE key = organization_key(uscc, organization_code, registration_number)) "
        f"FROM ({truth.as_of(made.settings, 'organization', day)}) WHERE uscc IS NOT NULL"
    ).fetchone()
    assert row is not None
    assert set(row) == {row[0]}


def test_links_lead_to_what_is_true(made: Made, con: duckdb.DuckDBPyConnection) -> None:
    day = DAYS[-1]
    for kind, target in (("legal_representative", "person"), ("domicile", "address"), ("hukou_address", "address")):
        row = con.execute(
            f"SELECT count(*), count(t.key) FROM ({truth.as_of(made.settings, 'link', day)}) l "
            f"LEFT JOIN ({truth.as_of(made.settings, target, day)}) t ON t.key = l.to_key WHERE l.kind = '{kind}'"
        ).fetchone()
        assert row is not None
        assert row[1] / row[0] > 0.94, kind  # who moved away may still represent a firm


def test_no_marriage_below_the_age_and_no_two_at_once(made: Made, con: duckdb.DuckDBPyConnection) -> None:
    """Civil Code art. 1047: 22 for men, 20 for women."""
    day = DAYS[-1]
    early = con.execute(
        f"SELECT key FROM ({truth.as_of(made.settings, 'marriage', day)}) WHERE "
        "registration_kind = '结婚' AND (registered_on < citizen_id_birth(husband_citizen_id) + INTERVAL 22 YEAR "
        "OR registered_on < citizen_id_birth(wife_citizen_id) + INTERVAL 20 YEAR)"
    ).fetchall()
    assert early == []
