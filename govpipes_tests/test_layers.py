"""The layers of DESIGN.md §2: data flows down the list, and a module imports only from layers below its own."""

import ast
from pathlib import Path

import pytest

import govpipes

PACKAGE = Path(govpipes.__file__).parent

# Lowest first. What is on one line may import what is on lines above, and itself; not its neighbours.
LAYERS = (
    ("errors", "sql", "days"),
    ("settings", "files"),
    ("duck",),
    ("standards", "postgres"),
    ("catalogue",),
    ("sources", "ledger", "warehouse"),
    ("pipeline",),
    ("registries", "sharing", "operations"),
    ("orchestration",),
    ("definitions",),
    ("cli",),
)
# Beside the tower: what the simulator may use, and who may use it. Its score asks the catalogue who is the authority.
SIMULATOR_USES = {"errors", "sql", "days", "settings", "duck", "standards", "postgres", "catalogue"}
SIMULATOR_USED_BY = {"simulator", "cli"}
DAGSTER_ALLOWED = {"orchestration", "definitions"}

MODULES = sorted(PACKAGE.rglob("*.py"))
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def part_of(module: Path) -> str:
    """The layer part a file belongs to: `pipeline` for govpipes/pipeline/land.py."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> set[str]:
    """The dotted names a file imports, anywhere in it, also within functions and for types only."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "govpipes"}
    return found


def parts_used(module: Path) -> set[str]:
    """The parts of govpipes that a file imports from."""
    names = {name.split(".")[1] for name in imported(module) if name.startswith("govpipes.")}
    return {name for name in names if not name.startswith("__")}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_from_below(module: Path) -> None:
    own = part_of(module)
    used = parts_used(module) - {own}
    if own == "__init__":
        assert not used
    elif own == "simulator":
        assert used <= SIMULATOR_USES
    else:
        assert own in RANK, f"{own} is in no layer: say in DESIGN where it belongs, then here"
        if own in SIMULATOR_USED_BY:
            used.discard("simulator")
        above = {name for name in used if RANK.get(name, len(LAYERS)) >= RANK[own]}
        assert not above, f"{own} imports {sorted(above)}, which is not below it"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_orchestration_knows_dagster(module: Path) -> None:
    if part_of(module) not in DAGSTER_ALLOWED:
        assert not {name for name in imported(module) if name.split(".")[0].startswith("dagster")}


def test_the_rule_finds_a_breach(tmp_path: Path) -> None:
    module = tmp_path / "bad.py"
    module.write_text("def f():\n    from govpipes import cli\n    import dagster.core\n", encoding="utf-8")
    assert parts_used(module) == {"cli"}
    assert "dagster.core" in imported(module)
