"""Each way a catalogue can be wrong, and what is said about it: file, line, found, allowed, nearest."""

import pytest

from govpipes.catalogue import load_catalogue
from govpipes_tests.catalogue.conftest import CONTRACT, REGISTRY, Folder


def line_of(text: str, part: str) -> int:
    """The line (from 1) on which `part` first occurs."""
    return text[: text.index(part)].count("\n") + 1


def test_the_small_catalogue_is_valid(folder: Folder) -> None:
    assert list(load_catalogue(folder.path).contracts) == ["people"]


# what is replaced, by what, and what the message must have: where, found, nearest, part of the message
WRONG = [
    ("entity: person", "entitty: person", "entity", "", "", "this is missing"),
    ("on_fail: reject", "on_fial: reject", "rules[0].on_fial", "on_fial", "on_fail", "no such key"),
    ("cursor: gxsj,", "cursr: gxsj,", "source.cursr", "cursr", "cursor", "no such key"),
    ("office, element: text", "office, elment: text", "items[4].elment", "elment", "element", "no such key"),
    ("drop_vs_last", "drop_vs_first", "checks[0].drop_vs_first", "drop_vs_first", "drop_vs_last", "no such key"),
    ("element: person_name", "element: persn_name", "items[1].element", "persn_name", "person_name", "data element"),
    ("datum: gcj02", "datum: gcj2", "items[3].options.datum", "gcj2", "gcj02", "does not allow"),
    ("{datum: gcj02", "{datm: gcj02", "items[3].options.datm", "datm", "datum", "no such option"),
    ("cycle: daily", "cycle: dayly", "update.cycle", "dayly", "daily", "not allowed"),
    ("expect: fill_rate", "expect: fil_rate", "checks[1]", "fil_rate", "fill_rate", "not allowed"),
    ('due: "06:00"', "due: 10:30", "update.due", "630", "", "in quotes"),
    ('due: "06:00"', 'due: "25:00"', "update.due", "25:00", "", "pattern"),
    ("start: 2026-01-05", "start: soon", "update.start", "soon", "", "date"),
    ("provider: police", "provider: polise", "provider", "polise", "police", "no such department"),
    ("entity: person", "entity: persons", "entity", "persons", "person", "no such entity"),
    ("dataset: people", "dataset: peoples", "dataset", "peoples", "", "named like its file"),
    ("registry: population", "registry: populace", "registry", "populace", "", "folder"),
    ("item: name,", "item: nam,", "checks[1].item", "nam", "name", "no such item"),
    ("name: origin", "name: name", "items[4].name", "name", "", "given twice"),
    ("name: origin", "name: cursor", "items[4].name", "cursor", "", "pipeline itself"),
    ("name: origin", "name: Origin", "items[4].name", "Origin", "", "pattern"),
    ("value: office, element: text", "element: text", "items[4].name", "", "", "either `from` or `value`"),
    ("element: text}", "element: text, authority: 5}", "items[4].name", "origin", "", "must be an item of person"),
    ("element: person_name", "element: text", "items[1].element", "text", "", "another data element"),
    ("condition: 依申请, ", "", "share.condition", "", "", "needs a condition"),
    ("methods: [table]", "methods: [table], open: true", "share.open", "citizen_id, name", "", "personal data"),
    ("cursor: gxsj, ", "", "source.mode", "", "", "needs `table` and `cursor`"),
    ("table: ry,", "table: ry, file: a.csv,", "source.system", "", "", "either `table` or `file`"),
    ("table: ry,", "file: a.csv, format: csv, encoding: gb18300,", "source.encoding", "gb18300", "", "encoding"),
    ("min: 1, ", "", "checks", "", "", "no row floor"),
    ("sql: \"birth_date > DATE", "sql: \"birthdate > DATE", "rules[0].sql", "birthdate >", "", "birth_date"),
    ("> DATE '1880-01-01'", "", "rules[0].sql", "birth_date  is DATE", "", "true or false"),
    ("on_fail: reject", "on_fail: flag, doubts: [nam]", "rules[0].doubts[0]", "nam", "name", "no such item"),
    ("on_fail: reject", "on_fail: reject, doubts: [birth_date]", "rules[0].doubts", "", "", "on_fail: flag"),
    ("WHERE cursor IS", "WHERE curser IS", "checks[2].sql", "curser", "", "does not bind"),
    ("FROM {batch} p", "FROM people p", "checks[2].sql", "people", "", "must read {batch}"),
    ("dataset: people", "dataset: people\ndataset: persons", "", "", "", "given twice"),
    ("dataset: people", "dataset: [people", "", "", "", "not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "found", "nearest", "message"), WRONG, ids=[w[1][:30] for w in WRONG])
def test_a_mistake_is_named(
    folder: Folder, old: str, new: str, where: str, found: str, nearest: str, message: str
) -> None:
    changed = CONTRACT.replace(old, new, 1)
    assert changed != CONTRACT
    folder.write("people.yaml", changed)
    said = [problem for problem in folder.problems() if message in problem.message]
    assert len(said) == 1, [str(problem) for problem in folder.problems()]
    problem = said[0]
    assert problem.file == "data/catalogue/population/people.yaml"
    assert problem.where == where
    assert found in problem.found
    assert nearest in problem.nearest
    assert str(problem).startswith(f"{problem.file}:{problem.line}: ")


@pytest.mark.parametrize("part", ["on_fial: reject", "persn_name", "gcj2", "dayly"])
def test_the_line_is_that_of_the_mistake(folder: Folder, part: str) -> None:
    right = {"on_fial: reject": "on_fail: reject", "persn_name": "person_name", "gcj2": "gcj02", "dayly": "daily"}[part]
    changed = CONTRACT.replace(right, part, 1)
    folder.write("people.yaml", changed)
    assert part in changed.splitlines()[folder.problems()[0].line - 1]


IN_REGISTRY = [
    ("key: citizen_id", "key: citizenid", "entities[0].key", "does not bind"),
    ("sql: birth_date <", "sql: birthdate <", "entities[0].derived[0].sql", "does not bind"),
    ("type: BOOLEAN", "type: BOLEAN", "entities[0].derived[0].sql", "does not bind"),
    ("element: date", "element: datum", "entities[0].items[2].element", "data element"),
    ("name: is_adult", "name: name", "entities[0].items[3].name", "given twice"),
    ("registry: population", "registry: populace", "registry", "folder"),
    ("title: {zh: 人口库", "titel: {zh: 人口库", "titel", "no such key"),
]


@pytest.mark.parametrize(("old", "new", "where", "message"), IN_REGISTRY, ids=[w[1] for w in IN_REGISTRY])
def test_a_mistake_in_a_registry_is_named(folder: Folder, old: str, new: str, where: str, message: str) -> None:
    changed = REGISTRY.replace(old, new, 1)
    assert changed != REGISTRY
    folder.write("_registry.yaml", changed)
    said = [p for p in folder.problems() if p.where == where and message in p.message]
    assert len(said) == 1, [str(problem) for problem in folder.problems()]
    assert said[0].file == "data/catalogue/population/_registry.yaml"


PLACES = (
    REGISTRY
    + """\
  - entity: place
    title: {zh: 地点, en: Place}
    key: id
    items:
      - {name: id, element: identifier, title: {zh: 标识, en: Key}}
      - {name: longitude, element: longitude, title: {zh: 经度, en: Longitude}}
      - {name: latitude, element: latitude, title: {zh: 纬度, en: Latitude}}
"""
)
TOLD = CONTRACT.replace(
    "{datum: gcj02, paired_with: y}}",
    "{datum: [gcj02, bd09], paired_with: y}}\n"
    "  - {name: latitude, from: y, element: latitude, options: {datum: [gcj02, bd09], paired_with: x}}",
).replace("\nrules:", "\nlocated_by: {entity: population.place, matches: id, key: origin || name}\nrules:")
IN_LIST = [
    ("datum: [gcj02, bd09]", "datum: [gcj02, bd9]", "items[3].options.datum", "bd9", "bd09", "does not allow"),
    ("datum: [gcj02, bd09]", "datum: [bd09]", "items[3].options.datum", "bd09", "", "two datums at least"),
    ("datum: [gcj02, bd09]", "datum: []", "items[3].options.datum", "", "", "two datums at least"),
    ("datum: [gcj02, bd09]", "datum: [bd09, bd09]", "items[3].options.datum", "bd09", "", "two datums at least"),
    ("datum: [gcj02, bd09]", "datum: [wgs84, gcj02, gk_zone]", "items[3].options.datum", "wgs84", "", "not tell these"),
    ("datum: [gcj02, bd09]", "datum: [bd09, bd09, gcj02]", "items[3].options.datum", "bd09", "", "not tell these"),
    ("y, element: latitude, options: {datum: [gcj02, bd09]", "y, element: latitude, options: {datum: [bd09, gcj02]",
     "items[4].options.datum", "bd09, gcj02", "", "have the same list"),
    ("y, element: latitude, options: {datum: [gcj02, bd09]", "y, element: latitude, options: {datum: gcj02",
     "items[3].options.datum", "gcj02, bd09", "", "have the same list"),
    ("paired_with: y", "paired_with: [y, z]", "items[3].options.paired_with", "y, z", "", "one value of paired_with"),
    ("element: date", "element: date, options: {form: [ymd, dmy]}", "items[2].options.form", "ymd", "", "one value of"),
    ("entity: population.place", "entity: population.plaice", "located_by.entity", "plaice", "place", "no such entity"),
    ("entity: population.place", "entity: place", "located_by.entity", "place", "", "pattern"),
    ("entity: population.place, matches: id", "entity: population.person, matches: name", "located_by.entity",
     "population.person", "", "no longitude and latitude"),
    ("matches: id", "matches: idd", "located_by.matches", "idd", "id", "no such column"),
    ("key: origin || name", "key: origine", "located_by.key", "origine", "", "does not bind"),
    (", key: origin || name", "", "located_by.key", "", "", "this is missing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "where", "found", "nearest", "message"), IN_LIST, ids=[f"{n}-{w[5]}" for n, w in enumerate(IN_LIST)]
)
def test_a_mistake_in_a_list_of_datums_is_named(
    folder: Folder, old: str, new: str, where: str, found: str, nearest: str, message: str
) -> None:
    folder.write("_registry.yaml", PLACES)
    folder.write("people.yaml", TOLD)
    assert load_catalogue(folder.path).contracts["people"].datums == ("gcj02", "bd09")
    changed = TOLD.replace(old, new, 1)
    assert changed != TOLD
    folder.write("people.yaml", changed)
    said = [problem for problem in folder.problems() if message in problem.message and problem.where == where]
    assert len(said) == 1, [str(problem) for problem in folder.problems()]
    assert found in said[0].found
    assert nearest in said[0].nearest
    assert str(said[0]).startswith(f"data/catalogue/population/people.yaml:{said[0].line}: ")
    assert found.split(", ")[0] in changed.splitlines()[said[0].line - 1]


def test_a_list_of_datums_and_what_tells_them_go_together(folder: Folder) -> None:
    folder.write("_registry.yaml", PLACES)
    located = next(line for line in TOLD.splitlines() if line.startswith("located_by"))
    folder.write("people.yaml", TOLD.replace(located + "\n", ""))
    assert {(p.where, "by what" in p.message) for p in folder.problems()} == {
        ("items[3].options.datum", True),
        ("items[4].options.datum", True),
    }
    folder.write("people.yaml", TOLD.replace("[gcj02, bd09]", "gcj02"))
    assert folder.problem().where == "located_by"
    assert "no item lists several" in folder.problem().message


def test_all_problems_are_named_at_once(folder: Folder) -> None:
    folder.change("provider: police", "provider: polise")
    folder.change("element: text", "element: txt")
    folder.change("item: name,", "item: nam,")
    folder.write("other.yaml", "dataset: other\n")
    messages = [str(problem) for problem in folder.problems()]
    assert any("polise" in m for m in messages)
    assert any("txt" in m for m in messages)
    assert any("nam" in m for m in messages)
    assert any("other.yaml" in m and "missing" in m for m in messages)


def test_a_contract_of_a_wrong_shape_is_looked_at_further(folder: Folder) -> None:
    folder.change("cursor: gxsj,", "cursr: gxsj,")
    folder.change("element: text", "element: txt")
    folder.change("provider: police", "provider: polise")
    assert {problem.found for problem in folder.problems()} == {"cursr", "txt", "polise"}


def test_two_datasets_with_one_authority_for_one_item(folder: Folder) -> None:
    folder.write("people2.yaml", CONTRACT.replace("people", "people2").replace("人员信息", "另外的人员信息"))
    clashes = folder.problems()
    assert {p.where for p in clashes} == {f"items[{n}].authority" for n in (0, 1, 2)}
    assert all("people has the same authority" in p.message for p in clashes)


def test_one_title_twice_at_one_department(folder: Folder) -> None:
    again = CONTRACT.replace("people", "people2").replace("authority: 10", "authority: 20")
    folder.write("people2.yaml", again.replace("人员信息", "人员 信息"))
    assert folder.problem().where == "title.zh"


def test_one_dataset_in_two_registries(folder: Folder) -> None:
    other = folder.path / "catalogue" / "other"
    other.mkdir()
    (other / "_registry.yaml").write_text(REGISTRY.replace("population", "other", 1), encoding="utf-8")
    text = CONTRACT.replace("registry: population", "registry: other")
    (other / "people.yaml").write_text(text, encoding="utf-8")
    problem = folder.problem()
    assert "already defined" in problem.message
    assert problem.line == line_of(CONTRACT, "dataset:")


def test_a_file_that_is_not_utf8(folder: Folder) -> None:
    folder.file("people.yaml").write_bytes(CONTRACT.encode("gb18030"))
    problem = folder.problem()
    assert "UTF-8" in problem.message
    assert problem.line == 2


def test_an_empty_file(folder: Folder) -> None:
    folder.write("people.yaml", "")
    assert "empty" in folder.problem().message


def test_a_folder_without_its_registry(folder: Folder) -> None:
    folder.file("_registry.yaml").unlink()
    assert any("_registry.yaml" in problem.file for problem in folder.problems())


def test_no_catalogue_at_all(folder: Folder) -> None:
    folder.file("people.yaml").unlink()
    folder.file("_registry.yaml").unlink()
    (folder.path / "catalogue" / "population").rmdir()
    assert "no registry" in folder.problem().message


def test_no_code_lists(folder: Folder) -> None:
    (folder.path / "codes").rename(folder.path / "code")
    assert "code lists" in folder.problem().message


def test_sql_of_a_contract_cannot_read_files(folder: Folder) -> None:
    folder.change("birth_date > DATE '1880-01-01'", "EXISTS (FROM '/etc/passwd')")
    assert "does not bind" in folder.problem().message


def test_sql_of_a_contract_is_one_expression(folder: Folder) -> None:
    folder.change("birth_date > DATE '1880-01-01'", "true); DROP TABLE x; SELECT (true")
    assert "does not bind" in folder.problem().message


def test_a_mistake_in_a_department(folder: Folder) -> None:
    path = folder.path / "departments.yaml"
    path.write_text("police:\n  title: {zh: 公安局, en: Police}\n  usc: 1\n", encoding="utf-8")
    problem = next(problem for problem in folder.problems() if "departments" in problem.file)
    assert (problem.line, problem.found, problem.nearest) == (3, "usc", "uscc")


def test_a_broken_code_list_is_a_problem_like_others(folder: Folder) -> None:
    (folder.path / "codes" / "sex.csv").write_text("code,name\n", encoding="utf-8")
    folder.change("provider: police", "provider: polise")
    messages = [str(problem) for problem in folder.problems()]
    assert any("sex" in message for message in messages)
    assert any("polise" in message for message in messages)


@pytest.mark.parametrize("text", ["- police\n", "police: Police\n", "police: {title: {zh: 公安局}}\n"])
def test_departments_of_a_wrong_shape(folder: Folder, text: str) -> None:
    (folder.path / "departments.yaml").write_text(text, encoding="utf-8")
    assert any(problem.file == "data/departments.yaml" for problem in folder.problems())


@pytest.mark.parametrize(
    "text",
    [
        "- a\n",
        "a\n",
        "1: 2\n",
        "items: 3\n",
        "items: [3]\n",
        "checks: {a: b}\nitems: []\n",
        "registry: [a]\nentity: {}\n",
    ],
)
def test_contracts_of_a_wrong_shape(folder: Folder, text: str) -> None:
    folder.write("people.yaml", text)
    assert all(problem.line >= 1 for problem in folder.problems())
