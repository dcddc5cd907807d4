"""Whom a record is about that gives no number: small worlds of golden records, the shipped link and its thresholds."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import yaml

from govpipes import standards
from govpipes.catalogue import Catalogue, load_catalogue
from govpipes.catalogue.model import MATCHABLE, Matching
from govpipes.errors import CatalogueError
from govpipes.registries import matching, subjects
from govpipes.settings import ROOT
from govpipes.standards import ELEMENTS
from govpipes_tests.tiny import REGISTRY, Tiny

TABLES = {
    "": "credit.record",
    "population.person": "population.person",
    "legal_entity.organization": "legal_entity.organization",
}
MORE = {
    "former_citizen_id": "citizen_id",
    "former_name": "person_name",
    "sex": "sex",
    "birth_date": "date",
    "hukou_region": "region_code",
    "residence_region": "region_code",
}
"""What is compared of a person beside the tiny registry's items."""

NUMBER = "320102199003074018"
OTHER = "320602198506151022"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "data")


@pytest.fixture
def con(catalogue: Catalogue) -> Iterator[duckdb.DuckDBPyConnection]:
    """A registry of 400 persons and 200 organizations whom no test is about, and no record."""
    made = duckdb.connect(":memory:")
    standards.install(made, ROOT / "data" / "codes")
    for name in ("population.person", "legal_entity.organization", "credit.record"):
        entity = catalogue.entity(*name.split("."))
        columns = ", ".join(f"{item.name} {ELEMENTS[item.element].sql_type}" for item in entity.items)
        made.execute(
            f"CREATE SCHEMA {entity.registry}; CREATE TABLE {entity.registry}.given (entity_key VARCHAR, {columns})"
        )
        derived = "".join(f", ({column.sql}\n) AS {column.name}" for column in entity.derived)
        made.execute(f"CREATE VIEW {name} AS SELECT *{derived} FROM {entity.registry}.given")
    made.execute(
        "INSERT INTO population.given (entity_key, name, sex, birth_date, hukou_region) SELECT "
        "printf('32010219%02d0101%04d', n % 60 + 40, n), '周' || chr(20000 + 3 * n::INTEGER), if(n % 2 = 0, '1', '2'), "
        "make_date(1940 + n % 60, 1, 1), '320102' FROM range(400) r(n)"
    )
    made.execute(
        "INSERT INTO legal_entity.given (entity_key, uscc, name, registration_region, legal_representative) SELECT "
        "printf('K%08d', n), printf('913201020%08dX', n), '南京市' || chr(20000 + 5 * n::INTEGER) || "
        "chr(31000 - 7 * n::INTEGER) || '物流有限公司', '320102', '周' || chr(20000 + 3 * n::INTEGER) "
        "FROM range(200) r(n)"
    )
    yield made
    made.close()


def put(con: duckdb.DuckDBPyConnection, schema: str, **row: Any) -> None:
    marks = ", ".join("?" for _ in row)
    con.execute(f"INSERT INTO {schema}.given ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def person(con: duckdb.DuckDBPyConnection, key: str, name: str, born: str, sex: str = "2", **more: Any) -> None:
    put(con, "population", entity_key=key, name=name, birth_date=born, sex=sex, hukou_region="320102", **more)


def company(con: duckdb.DuckDBPyConnection, key: str, name: str, head: str = "李伟", region: str = "320102") -> None:
    put(con, "legal_entity", entity_key=key, name=name, legal_representative=head, registration_region=region)


def defaulter(con: duckdb.DuckDBPyConnection, key: str, name: str, age: int | None = None, **more: Any) -> None:
    """A person in a list of a court of 玄武区, published on 2026-01-05."""
    told = {"entity_key": key, "subject_name": name, "subject_kind": "2", "subject_age": age, "subject_sex": "2"}
    put(con, "credit", **told, decision_date="2026-01-05", document_number="（2026）苏0102执1号", **more)


def penalty(con: duckdb.DuckDBPyConnection, key: str, name: str, head: str | None = "李伟", **more: Any) -> None:
    """A penalty of an organization by an organ of 玄武区."""
    told = {"entity_key": key, "subject_name": name, "subject_kind": "1", "legal_representative": head}
    put(con, "credit", **told, organ_code="11320102MB1234567X", **more)


def shipped(catalogue: Catalogue) -> Matching:
    (link,) = catalogue.entity("credit", "record").links
    assert link.matching is not None
    return link.matching


def found(
    con: duckdb.DuckDBPyConnection, said: Matching, decided: dict[str, str] | None = None, kept: str | None = None
) -> dict[str, tuple[str | None, str | None]]:
    """Record -> whom it is linked to, and by what; `review` has the pairs."""
    subjects.find(con, "subject_key", said, TABLES, decided or {}, kept)
    return {
        key: (subject, by)
        for key, subject, by in con.execute("SELECT entity_key, subject_key, linked_by FROM links").fetchall()
    }


def pairs(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return con.execute("SELECT entity_key, subject_key, state FROM review ORDER BY ALL").fetchall()


def pair_of(con: duckdb.DuckDBPyConnection, record: str, subject: str) -> str:
    query = "SELECT pair FROM review WHERE entity_key = ? AND subject_key = ?"
    row = con.execute(query, [record, subject]).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("南京市恆盛商貿有限公司", "名称一致"),  # traditional
        ("南京市恒盛商贸有限责任公司", "字号一致"),  # legal form
        ("南京市横胜商贸有限公司", "名称同音"),
        ("南京市恒□商贸有限公司", "名称缺损部分之外一致"),
        ("南京市恒\ue290商贸有限公司", "名称缺损部分之外一致"),
        ("南京市恒商贸有限公司", "名称差一字"),  # forgotten
        ("南京市恒盛商业有限公司", "名称差一字"),
    ],
)
def test_a_name_as_it_was_typed_finds_its_organization(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, written: str, reason: str
) -> None:
    company(con, "A", "南京市恒盛商贸有限公司")
    penalty(con, "1", written)
    assert found(con, shipped(catalogue)) == {"1": ("A", "match")}
    row = con.execute("SELECT state, reasons, probability FROM review WHERE entity_key = '1'").fetchone()
    assert row is not None
    assert row[0] == "linked"
    assert reason in row[1]
    assert 0.99 <= row[2] < 1


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("欧阳燕", "姓名一致"),
        ("歐陽燕", "姓名一致"),
        ("欧阳艳", "姓名同音"),
        ("欧阳□", "姓名缺损部分之外一致"),
        ("欧阳\ue290", "姓名缺损部分之外一致"),
        ("欧燕", "姓名差一字"),
        ("欧阳小红", "与曾用名一致"),
    ],
)
def test_a_name_as_it_was_typed_finds_its_person(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue, written: str, reason: str
) -> None:
    person(con, NUMBER, "欧阳燕", "1990-03-07", former_name="欧阳小红")
    defaulter(con, "1", written, age=35, subject_number_shown="3201**********4018")
    subject, by = found(con, shipped(catalogue))["1"]
    assert subject == NUMBER
    assert by == ("masked_number" if written == "欧阳燕" else "match")
    if by == "match":
        row = con.execute("SELECT reasons FROM review").fetchone()
        assert row is not None
        assert reason in row[0]


def test_a_name_with_sex_and_age_is_enough_where_one_person_has_it(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    person(con, NUMBER, "欧阳燕", "1990-03-07")
    defaulter(con, "1", "欧阳燕", age=35)
    defaulter(con, "2", "欧阳燕", age=60)
    said = found(con, shipped(catalogue))
    assert said["1"] == (NUMBER, "match")
    assert said["2"] == (None, None)


def test_a_common_name_is_reviewed_and_not_linked(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    for n in range(40):
        person(con, f"32010219{50 + n}03074018", "王芳", f"{1950 + n}-03-07")
    person(con, NUMBER, "王芳", "1990-06-07")
    defaulter(con, "one of her age", "王芳", age=40)
    defaulter(con, "no age", "王芳")
    person(con, "a", "王丽", "1990-03-07")
    person(con, "b", "王丽", "1990-05-07")
    defaulter(con, "two of her age", "王丽", age=35)
    said = found(con, shipped(catalogue))
    assert {subject for subject, _ in said.values()} == {None}
    waiting = [row for row in pairs(con) if row[2] == "waiting"]
    assert [row[:2] for row in waiting if row[0] == "one of her age"] == [("one of her age", "320102198503074018")]
    assert [row for row in waiting if row[0] == "no age"] == []


def test_nobody_is_found_where_nobody_is(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    defaulter(con, "a person", "司马昭", age=35)
    penalty(con, "an organization", "苏州市昆仑山餐饮有限公司")
    defaulter(con, "a number of nobody", "周" + chr(20000), age=35, subject_certificate_number=NUMBER)
    said = found(con, shipped(catalogue))
    assert set(said.values()) == {(None, None)}
    assert pairs(con) == []


def test_what_is_left_of_a_name_must_be_enough(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    person(con, NUMBER, "欧阳燕", "1990-03-07")
    company(con, "A", "南京市恒盛商贸有限公司")
    defaulter(con, "one character", "□□燕", age=35)
    defaulter(con, "none", "□□□", age=35)
    defaulter(con, "none and a number", "□□□", age=35, subject_number_shown="3201**********4018")
    penalty(con, "legal form", "□□□□□□□有限公司", head="另有其人")
    penalty(con, "masked", "南京市**商贸有限公司", head="李伟")
    said = found(con, shipped(catalogue))
    assert said.pop("masked") == ("A", "match")
    assert said.pop("none and a number") == (NUMBER, "match")
    assert set(said.values()) == {(None, None)}


def test_rules_come_first_and_the_rest_decides_among_namesakes(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    company(con, "A", "南京市恒盛商贸有限公司")
    company(con, "B", "江苏永远商贸有限公司", head="张伟")
    company(con, "C", "江苏永远商贸有限公司", head="李伟", region="320602")
    penalty(con, "by name", "南京市恒盛商贸有限公司", head=None)
    penalty(con, "by representative", "江苏永远商贸有限公司", head="李伟")
    penalty(con, "by nothing", "江苏永远商贸有限公司", head=None)
    penalty(con, "by number", "别的名称", subject_organization_code="B")
    con.execute(
        "UPDATE credit.given SET subject_registration_number = '320100000000001' WHERE entity_key = 'by number'"
    )
    con.execute("UPDATE legal_entity.given SET registration_number = '320100000000001' WHERE entity_key = 'B'")
    person(con, NUMBER, "王芳", "1990-03-07", former_citizen_id=OTHER)
    defaulter(con, "by former number", "王方", subject_citizen_id=OTHER)
    said = found(con, shipped(catalogue))
    assert said["by former number"] == (NUMBER, "former_number")
    assert said["by name"] == ("A", "name")
    assert said["by representative"] == ("C", "match")
    assert said["by nothing"] == (None, None)
    assert said["by number"][0] == "B"
    hows = con.execute("SELECT DISTINCT how FROM links WHERE linked_by LIKE '%number'").fetchall()
    assert hows == [("number",)]


def test_thresholds_say_what_is_linked_and_what_is_asked(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    person(con, NUMBER, "欧阳燕", "1990-03-07")
    defaulter(con, "1", "欧阳燕", age=35)
    said = shipped(catalogue)
    states = {}
    for link, review in ((0.99, 0.5), (1.0, 0.5), (1.0, 1.0)):
        found(con, said.model_copy(update={"link": link, "review": review}))
        states[link, review] = [state for *_, state in pairs(con)]
    assert states == {(0.99, 0.5): ["linked"], (1.0, 0.5): ["waiting"], (1.0, 1.0): []}


def test_decisions_are_obeyed_and_undone_without_a_trace(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    said = shipped(catalogue)
    person(con, "a", "王丽", "1990-03-07")
    person(con, "b", "王丽", "1990-05-07")
    defaulter(con, "1", "王丽", age=35)
    assert found(con, said) == {"1": (None, None)}
    before = pairs(con)
    assert before == [("1", "a", "waiting"), ("1", "b", "waiting")] or before == []
    found(con, said.model_copy(update={"review": 0.1}))
    a, b = pair_of(con, "1", "a"), pair_of(con, "1", "b")

    assert found(con, said, {a: "accept"}) == {"1": ("a", "match")}
    assert pairs(con) == [("1", "a", "accepted")]
    assert con.execute("SELECT how FROM links").fetchall() == [("decided",)]
    assert found(con, said, {a: "reject"}) == {"1": ("b", "match")}, "the only one left"
    assert pairs(con) == [("1", "a", "rejected"), ("1", "b", "linked")]
    assert found(con, said, {a: "reject", b: "reject"}) == {"1": (None, None)}
    assert found(con, said, {a: "accept", b: "accept"}) == {"1": (None, None)}, "it is about one of them"
    assert found(con, said, {a: "undo", b: "undo"}) == {"1": (None, None)}
    assert pairs(con) == before


def test_a_link_by_name_can_be_rejected_and_restored(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    said = shipped(catalogue)
    company(con, "A", "南京市恒盛商贸有限公司")
    penalty(con, "1", "南京市恒盛商贸有限公司", head="另有其人")
    assert found(con, said) == {"1": ("A", "name")}
    pair = pair_of(con, "1", "A")
    assert found(con, said, {pair: "reject"}) == {"1": (None, None)}
    assert pairs(con) == [("1", "A", "rejected")]
    assert found(con, said, {pair: "undo"}) == {"1": ("A", "name")}


def test_a_decision_outlives_what_led_to_it_but_not_a_number(
    con: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    said = shipped(catalogue)
    person(con, NUMBER, "欧阳燕", "1990-03-07")
    person(con, OTHER, "欧阳静", "1985-06-15")
    defaulter(con, "1", "欧阳燕", age=35)
    found(con, said)
    pair = pair_of(con, "1", NUMBER)
    found(con, said, {pair: "accept"})
    con.execute("CREATE TABLE was AS FROM review")
    con.execute(
        "UPDATE population.given SET name = '完全不同', birth_date = '1950-01-01' WHERE entity_key = ?", [NUMBER]
    )
    assert found(con, said, {pair: "accept"}, "was")["1"] == (NUMBER, "match")
    con.execute("UPDATE credit.given SET subject_certificate_number = ?", [OTHER])
    assert found(con, said, {pair: "accept"}, "was")["1"] == (OTHER, "number")
    assert pairs(con) == []
    con.execute("UPDATE credit.given SET subject_certificate_number = NULL")
    con.execute("DELETE FROM population.given WHERE entity_key = ?", [NUMBER])
    assert found(con, said, {pair: "accept"}, "was")["1"] == (None, None), "nobody is linked to who is gone"


def test_what_arrived_first_does_not_matter(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    said = shipped(catalogue)
    for n in range(30):
        person(con, f"32010219{50 + n}03074018", "王芳", f"{1950 + n}-03-07")
        defaulter(con, f"d{n}", "王芳" if n % 3 else "王□", age=46 + n)
        company(con, f"C{n}", f"南京市东{chr(30000 + n)}{chr(26000 - 2 * n)}商贸有限公司", head=f"王{chr(25000 + n)}")
        penalty(
            con,
            f"p{n}",
            f"南京市東{chr(30000 + n)}{chr(26000 - 2 * n)}商貿公司",
            head=f"王{chr(25000 + n)}" if n % 2 else None,
        )
    found(con, said)
    first = (
        con.execute("SELECT * FROM review ORDER BY ALL").fetchall(),
        con.execute("FROM links ORDER BY ALL").fetchall(),
    )
    for schema in ("population", "legal_entity", "credit"):
        con.execute(f"CREATE TABLE {schema}.again AS SELECT * FROM {schema}.given ORDER BY md5(entity_key)")
        con.execute(f"DELETE FROM {schema}.given; INSERT INTO {schema}.given FROM {schema}.again")
    found(con, said)
    second = (
        con.execute("SELECT * FROM review ORDER BY ALL").fetchall(),
        con.execute("FROM links ORDER BY ALL").fetchall(),
    )
    assert first == second
    assert {state for *_, state in first[0]} >= {"linked"}


def test_every_entity_that_may_be_matched_has_a_model() -> None:
    assert matching.MODELS.keys() == MATCHABLE.keys()
    for model in matching.MODELS.values():
        for comparison in model.comparisons:
            m, u = comparison.otherwise
            assert m + sum(level.m for level in comparison.levels) == pytest.approx(1, abs=1e-9)
            assert u + sum(level.u for level in comparison.levels) == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"review": 0.995}, "review must not be above link"),
        ({"review": 0}, "greater than 0"),
        ({"link": 1.2}, "less than or equal to 1"),
        ({"says": {"person": "true", "name": "nam"}}, 'Referenced column "nam" not found'),
        ({"says": {"person": "true", "name": "name", "age": "no_such(name)"}}, "no_such"),
        ({"says": {"name": "name"}}, "person"),
        ({}, "cannot be matched without former_citizen_id, former_name, sex"),
    ],
)
def test_a_matching_that_means_nothing_is_named(tiny: Tiny, change: dict[str, Any], message: str) -> None:
    made = {"link": 0.99, "review": 0.5, "says": {"person": "true", "name": "name"}} | change
    title = {"zh": "本人", "en": "Self"}
    link = {"name": "self", "item": "citizen_id", "to": ["population.person"], "title": title, "matching": made}
    person = REGISTRY["entities"][0]
    items = [{"name": name, "element": element, "title": title} for name, element in MORE.items() if change]
    registry = REGISTRY | {"entities": [{**person, "items": [*person["items"], *items], "links": [link]}]}
    path = tiny.folder / "data" / "catalogue" / "population" / "_registry.yaml"
    path.write_text(yaml.safe_dump(registry, allow_unicode=True), encoding="utf-8")
    tiny.add("people")
    with pytest.raises(CatalogueError) as caught:
        tiny.catalogue()
    assert message in str(caught.value)
