"""A new dataset is one new file under data/catalogue (DESIGN.md §2): everything else follows from it."""

import dagster as dg

from govpipes.catalogue import describe
from govpipes.orchestration import runs
from govpipes.orchestration.build import build_definitions
from govpipes.warehouse import readers
from govpipes_tests.tiny import DAY, GOOD, Tiny


def keys(tiny: Tiny) -> tuple[set[str], set[str]]:
    """Asset keys and check names of the definitions as the catalogue is now."""
    graph = build_definitions(tiny.settings, tiny.catalogue()).resolve_asset_graph()
    checks = {f"{key.asset_key.to_user_string()}:{key.name}" for key in graph.asset_check_keys}
    return {key.to_user_string() for key in graph.get_all_asset_keys()}, checks


def test_a_contract_and_its_input_are_all_a_new_dataset_needs(tiny: Tiny, exported: None) -> None:
    tiny.add("people")
    tiny.put("people", [("1", GOOD[0], "王芳", "13812345678", "0", f"{DAY} 09:00:00")])
    assets, checks = keys(tiny)

    drop = tiny.folder / "drop"
    drop.mkdir()
    (drop / f"volunteers_{DAY:%Y%m%d}.csv").write_text(
        f"编号,身份证号,姓名,电话,更新时间\nV1,{GOOD[1]},李雷,13912345670,{DAY} 10:00:00\n", encoding="utf-8"
    )
    tiny.settings.ensure_home()
    tiny.settings.systems_file.write_text(f"systems: {{drop: {{url: 'file:{drop}'}}}}\n", encoding="utf-8")
    tiny.settings.systems_file.chmod(0o600)
    items = [
        {"name": "citizen_id", "from": "身份证号", "element": "citizen_id", "required": True, "authority": 30},
        {"name": "name", "from": "姓名", "element": "person_name", "required": True, "authority": 30},
        {"name": "phone", "from": "电话", "element": "phone", "authority": 30},
    ]
    source = {
        "system": "drop",
        "file": "volunteers_%Y%m%d.csv",
        "format": "csv",
        "mode": "file",
        "cursor": "更新时间",
        "key": ["编号"],
    }
    tiny.write("volunteers", authority=30, source=source, items=items)

    new_assets, new_checks = keys(tiny)
    assert new_assets - assets == {"landing/volunteers", "candidate/volunteers", "claims/volunteers"}
    assert new_checks - checks == {"candidate/volunteers:gate", "candidate/volunteers:warnings"}

    result = runs.run_sync(tiny.settings, DAY, instance=dg.DagsterInstance.get())
    assert {found.dataset: found.state for found in result.dataset_days} == {
        "people": "published",
        "volunteers": "published",
    }
    claims = readers.query(tiny.settings, "SELECT name, phone FROM claims.volunteers", unmasked=True)[1]
    assert claims == [("李雷", "13912345670")]
    golden = readers.query(tiny.settings, "SELECT citizen_id FROM population.person ORDER BY 1", unmasked=True)[1]
    assert golden == [(number,) for number in sorted(GOOD[:2])]

    catalogue = tiny.catalogue()
    assert "volunteers" in {row["dataset"] for row in describe.list_rows(catalogue)}
    documented = {row["name"] for row in describe.show(catalogue.contracts["volunteers"]) if row["part"] == "item"}
    assert documented == {"citizen_id", "name", "phone"}
