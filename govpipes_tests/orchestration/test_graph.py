"""The graph of the committed catalogue, as a text a reviewer can read, and the one naming rule for assets."""

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from govpipes.catalogue import Catalogue, load_catalogue
from govpipes.orchestration.build import build_definitions
from govpipes.orchestration.names import STAGES
from govpipes.settings import ROOT, Settings

SNAPSHOT = Path(__file__).with_name("graph.txt")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "data")


@pytest.fixture(scope="module")
def graph(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("graph") / "home"
    definitions = build_definitions(Settings(home=home), catalogue)
    assert not home.exists(), "loading definitions must not open or make anything"
    return definitions.resolve_asset_graph()


def drawn(graph: Any) -> str:
    """One line per asset: group, key, partitions, what it is made from; one per check."""
    lines = []
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    for node in sorted(nodes, key=_place):
        key = node.key
        partitions = node.partitions_def
        when = "-"
        if isinstance(partitions, dg.TimeWindowPartitionsDefinition):
            when = f"{partitions.cron_schedule} from {partitions.start:%Y-%m-%d} {partitions.timezone}"
        parents = " ".join(sorted(parent.to_user_string() for parent in node.parent_keys)) or "-"
        lines.append(f"{node.group_name}: {key.to_user_string()} [{when}] <- {parents}")
        lines += [f"  check {check.name}" for check in sorted(node.check_keys)]
    return "\n".join(lines) + "\n"


def _place(node: Any) -> tuple[str, str, int]:
    """By group and dataset, its stages in the order of the rows' path."""
    stage = node.key.path[0]
    return node.group_name, node.key.path[-1], STAGES.index(stage) if stage in STAGES else len(STAGES)


def test_the_graph_is_as_committed(graph: Any) -> None:
    """After a meant change: delete graph.txt, run the test twice, and read the difference."""
    if not SNAPSHOT.exists():
        SNAPSHOT.write_text(drawn(graph), encoding="utf-8")
        pytest.fail("graph.txt was missing and has been written: read it, then run again")
    assert drawn(graph) == SNAPSHOT.read_text(encoding="utf-8")


def test_every_asset_key_follows_the_rule(graph: Any, catalogue: Catalogue) -> None:
    tables = {(entity.registry, entity.table) for entity in catalogue.entities}
    for key in graph.get_all_asset_keys():
        path = tuple(key.path)
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", part) for part in path)
        of_dataset = len(path) == 2 and path[0] in STAGES and path[1] in catalogue.contracts
        assert of_dataset or path in tables or path == ("release",)


def test_every_dataset_has_all_stages_and_checks(graph: Any, catalogue: Catalogue) -> None:
    for name in catalogue.contracts:
        for stage in STAGES:
            assert graph.has(dg.AssetKey([stage, name]))
        checks = {check.name for check in graph.get(dg.AssetKey(["candidate", name])).check_keys}
        assert checks == {"gate", "warnings"}


def test_people_can_read_what_a_dataset_is(graph: Any, catalogue: Catalogue) -> None:
    for name, contract in catalogue.contracts.items():
        node = graph.get(dg.AssetKey(["claims", name]))
        assert contract.title.zh in (node.description or "")
        assert contract.abstract in (node.description or "")
        assert list(node.owners) == [f"team:{contract.provider}"]
        schema = node.metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == [item.name for item in contract.items]
        assert schema.columns[0].description.startswith(contract.items[0].title.zh)
