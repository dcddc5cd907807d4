"""A small catalogue to break: one registry, one contract, the real code lists."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from govpipes.catalogue import Problem, load_catalogue
from govpipes.errors import CatalogueError
from govpipes.settings import ROOT

REGISTRY = """\
registry: population
title: {zh: 人口库, en: Population}
description: 一个很小的人口基础信息库。
entities:
  - entity: person
    title: {zh: 自然人, en: Person}
    key: citizen_id
    items:
      - {name: citizen_id, element: citizen_id, title: {zh: 公民身份号码, en: Citizen ID}}
      - {name: name, element: person_name, title: {zh: 姓名, en: Name}}
      - {name: birth_date, element: date, title: {zh: 出生日期, en: Date of birth}}
    derived:
      - {name: is_adult, type: BOOLEAN, sql: birth_date < DATE '2008-01-01', title: {zh: 是否成年, en: Adult}}
"""

CONTRACT = """\
dataset: people
title: {zh: 人员信息, en: People}
abstract: 用于测试的人员基本信息数据集。
registry: population
entity: person
provider: police
share: {type: conditional, condition: 依申请, methods: [table]}
update: {cycle: daily, due: "06:00", start: 2026-01-05}
source: {system: office, table: ry, cursor: gxsj, key: [id], deletes: {column: zt, value: "0"}}
unknown_columns: {ignore: [memo]}
items:
  - {name: citizen_id, from: sfzh, element: citizen_id, required: true, authority: 10}
  - {name: name, from: [xm, name], element: person_name, authority: 10}
  - {name: birth_date, from: csrq, element: date, authority: 10}
  - {name: longitude, from: x, element: longitude, options: {datum: gcj02, paired_with: y}}
  - {name: origin, value: office, element: text}
rules:
  - {name: born, sql: "birth_date > DATE '1880-01-01'", on_fail: reject}
checks:
  - {expect: row_count, min: 1, drop_vs_last: 0.5, severity: block}
  - {expect: fill_rate, item: name, min: 0.9, severity: warn}
  - {expect: sql, name: no_cursor, sql: "SELECT * FROM {batch} p WHERE cursor IS NULL", severity: warn}
"""

DEPARTMENTS = """\
police:
  title: {zh: 公安局, en: Police}
"""


class Folder:
    """A data folder whose files a test rewrites."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, name: str) -> Path:
        """The path of a registry's or contract's file in the folder of the population registry."""
        return self.path / "catalogue" / "population" / name

    def write(self, name: str, text: str) -> None:
        """Write a registry or contract."""
        self.file(name).write_text(text, encoding="utf-8")

    def change(self, old: str, new: str, name: str = "people.yaml") -> None:
        """Replace text that is there exactly once."""
        text = self.file(name).read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        self.write(name, text.replace(old, new))

    def problems(self) -> list[Problem]:
        """What is wrong with the catalogue; a test that expects problems fails when there are none."""
        with pytest.raises(CatalogueError) as caught:
            load_catalogue(self.path)
        return [problem for problem in caught.value.problems if isinstance(problem, Problem)]

    def problem(self) -> Problem:
        """The only thing wrong with the catalogue."""
        found = self.problems()
        assert len(found) == 1, [str(problem) for problem in found]
        return found[0]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """A valid data folder with one registry and one contract."""
    data = tmp_path / "data"
    (data / "catalogue" / "population").mkdir(parents=True)
    shutil.copytree(ROOT / "data" / "codes", data / "codes")
    (data / "departments.yaml").write_text(DEPARTMENTS, encoding="utf-8")
    made = Folder(data)
    made.write("_registry.yaml", REGISTRY)
    made.write("people.yaml", CONTRACT)
    yield made
