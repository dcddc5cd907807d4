"""The catalogue that comes with the project: it loads, is quick to load at full size, and keeps its own rules."""

import re
import shutil
import time
from pathlib import Path

import pytest

from govpipes.catalogue import Catalogue, describe, load_catalogue, pages
from govpipes.catalogue.model import RejectRate
from govpipes.settings import ROOT
from govpipes.standards import ELEMENTS

DATA = ROOT / "data"


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    """The project's own catalogue."""
    return load_catalogue(DATA)


def test_it_has_the_thirty_datasets(shipped: Catalogue) -> None:
    registries = [contract.registry for contract in shipped.contracts.values()]
    counted = {name: registries.count(name) for name in shipped.registries}
    assert counted == {
        "certificates": 2,
        "credit": 5,
        "geospatial": 7,
        "legal_entity": 6,
        "macro_economy": 3,
        "population": 7,
    }


def test_every_contract_limits_rejections(shipped: Catalogue) -> None:
    for contract in shipped.contracts.values():
        assert any(isinstance(c, RejectRate) and c.severity == "block" for c in contract.checks), contract.dataset


def test_every_rule_has_a_title(shipped: Catalogue) -> None:
    for contract in shipped.contracts.values():
        assert all(rule.title for rule in contract.rules), contract.dataset


def test_every_golden_item_has_a_source(shipped: Catalogue) -> None:
    for entity in shipped.entities:
        offered = {item.name for c in shipped.contracts_of(entity) for item in c.items if item.authority is not None}
        in_key_only = {"organization_code"} if entity.name == "organization" else set()
        assert {item.name for item in entity.items} - offered <= in_key_only, entity.name


def test_one_winner_per_item(shipped: Catalogue) -> None:
    for entity in shipped.entities:
        rows = describe.authority_rows(shipped, entity)
        ranks = [(row["item"], row["authority"]) for row in rows]
        assert len(ranks) == len(set(ranks))


def test_nothing_open_is_personal(shipped: Catalogue) -> None:
    for contract in shipped.contracts.values():
        if contract.share.open:
            assert all(ELEMENTS[item.element].sensitivity < 3 for item in contract.items), contract.dataset


def test_it_can_be_described(shipped: Catalogue) -> None:
    rows = describe.list_rows(shipped)
    assert [row["dataset"] for row in rows] == sorted(shipped.contracts)
    for contract in shipped.contracts.values():
        shown = describe.show(contract)
        assert len({tuple(row) for row in shown}) == 1, "every row has the same keys"
        assert [row["name"] for row in shown if row["part"] == "item"] == [item.name for item in contract.items]


def test_the_pages_say_what_the_catalogue_says(shipped: Catalogue) -> None:
    """After a change of the catalogue: `govpipes catalogue pages`."""
    folder = DATA.parent / "docs" / "registries"
    made = {f"{name}.md": pages.page(shipped, registry) for name, registry in shipped.registries.items()}
    made["README.md"] = pages.index(shipped)
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == made


def test_thirteen_hundred_contracts_load_in_ten_seconds(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    contracts = [path for path in (data / "catalogue").glob("*/*.yaml") if not path.name.startswith("_")]
    for path in contracts:
        # without authorities: a rank may be given only once
        text = re.sub(r", authority: \d+", "", path.read_text(encoding="utf-8"))
        for n in range(1300 // len(contracts) + 1):
            copy = text.replace(f"dataset: {path.stem}", f"dataset: {path.stem}_{n}", 1)
            copy = copy.replace("title: {zh: ", f"title: {{zh: 第{n}个", 1)
            path.with_stem(f"{path.stem}_{n}").write_text(copy, encoding="utf-8")
    started = time.process_time()
    catalogue = load_catalogue(data)
    assert len(catalogue.contracts) >= 1300
    assert time.process_time() - started < 10
