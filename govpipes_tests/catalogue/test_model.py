"""What a contract knows about itself: hash, columns, days, defaults."""

from datetime import date, time

import yaml

from govpipes.catalogue import Catalogue, load_catalogue
from govpipes.catalogue.model import Contract, RowCount
from govpipes_tests.catalogue.conftest import Folder


def people(folder: Folder) -> Contract:
    """The contract of the small catalogue."""
    return load_catalogue(folder.path).contracts["people"]


def test_titles_come_from_the_entity_or_the_element(folder: Folder) -> None:
    contract = people(folder)
    titles = {item.name: item.title.zh for item in contract.items}
    assert titles["name"] == "姓名"
    assert titles["longitude"] == "经度"


def test_a_contract_survives_json(folder: Folder) -> None:
    contract = people(folder)
    again = Contract.model_validate_json(contract.model_dump_json())
    assert again.model_dump() == contract.model_dump()
    assert contract.model_dump(mode="json")["items"][1]["from"] == ["xm", "name"]


def test_columns_the_source_has_more(folder: Folder) -> None:
    contract = people(folder)
    there = ["id", "gxsj", "zt", "sfzh", "name", "csrq", "x", "y", "memo", "extra"]
    assert contract.unknown_columns_in(there) == ["extra"]


def test_columns_the_source_lacks(folder: Folder) -> None:
    contract = people(folder)
    assert contract.missing_columns_in(["id", "gxsj", "sfzh", "name"]) == ["zt", "csrq", "x", "y"]
    assert contract.missing_columns_in(["id", "gxsj"], required_only=True) == ["zt", "sfzh"]
    assert contract.missing_columns_in(["id", "gxsj", "zt", "sfzh"], required_only=True) == []


def test_first_day_is_the_first_of_its_period(folder: Folder) -> None:
    folder.change("cycle: daily", "cycle: monthly")
    contract = people(folder)
    assert contract.first_day == date(2026, 1, 1)
    assert contract.update.due_time == time(6, 0)


def test_mode_is_inferred(folder: Folder) -> None:
    assert people(folder).source.mode == "incremental"
    folder.change("table: ry", 'file: "ry_%Y%m%d.csv", format: csv')
    assert people(folder).source.mode == "file"


def test_the_hash_holds_contract_entity_and_standards(folder: Folder) -> None:
    first = people(folder).sha256
    assert people(folder).sha256 == first
    folder.change("min: 0.9", "min: 0.8")
    second = people(folder).sha256
    folder.change("DATE '2008-01-01'", "DATE '2007-01-01'", "_registry.yaml")
    third = people(folder).sha256
    codes = folder.path / "codes" / "sex.csv"
    codes.write_text(codes.read_text(encoding="utf-8").replace("未说明", "没说明"), encoding="utf-8")
    assert len({first, second, third, people(folder).sha256}) == 4


def test_comments_and_order_of_keys_do_not_change_the_hash(folder: Folder) -> None:
    first = people(folder).sha256
    raw = yaml.safe_load(folder.file("people.yaml").read_text(encoding="utf-8"))
    folder.write("people.yaml", "# a comment\n" + yaml.safe_dump(raw, allow_unicode=True, sort_keys=True))
    assert people(folder).sha256 == first


def test_checks_are_of_their_kind(folder: Folder) -> None:
    check = people(folder).checks[0]
    assert isinstance(check, RowCount)
    assert (check.min, check.drop_vs_last, check.severity) == (1, 0.5, "block")


def test_an_entity_knows_its_contracts(folder: Folder) -> None:
    catalogue: Catalogue = load_catalogue(folder.path)
    entity = catalogue.entity("population", "person")
    assert entity.table == "person"
    assert [contract.dataset for contract in catalogue.contracts_of(entity)] == ["people"]
    assert catalogue.entities == (entity,)
