"""House rules that a machine can hold: docstrings, one reader of the environment, nothing left unfinished."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import govpipes
from govpipes.settings import ROOT

PACKAGE = Path(govpipes.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "govpipes_tests").rglob("*.py"))
# Written so that this file does not find itself.
UNFINISHED = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|N[o]tImplementedError)\b")
OF_ONE_MACHINE = re.compile(r"(?<![\w.])/(root|tmp|home/[a-z]+)/")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES + TESTS, ids=relative)
def test_every_module_says_what_belongs_in_it(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    if module in TESTS and not text.strip():
        return  # an empty __init__ of a test package
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "a module begins with what belongs in it"


@pytest.mark.parametrize("package", [path for path in MODULES if path.name == "__init__.py"], ids=relative)
def test_every_package_says_what_does_not_belong_in_it(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse(package.read_text(encoding="utf-8"))) or ""
    assert len(docstring.splitlines()) >= 3
    assert re.search(r"\b(not|nothing|only)\b", docstring, re.IGNORECASE), "say what does not belong here"


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_public_things_are_documented(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    bare = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not bare


def environment_reads(source: str) -> list[int]:
    """Lines that read os.environ or call getenv; writing it for child processes is allowed."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr="getenv")):
                found.append(node.lineno)
            case ast.Subscript(value=ast.Attribute(attr="environ"), ctx=ast.Load()):
                found.append(node.lineno)
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="environ"), attr="get" | "items" | "keys")):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize("module", [path for path in MODULES if path.name != "settings.py"], ids=relative)
def test_only_settings_reads_the_environment(module: Path) -> None:
    assert not environment_reads(module.read_text(encoding="utf-8"))


def test_environment_reads_are_found() -> None:
    assert environment_reads("import os\nos.environ['A']\nos.environ.get('A')\nos.getenv('A')\n") == [2, 3, 4]
    assert environment_reads("import os\nos.environ['A'] = 'b'\nos.environ.update(A='b')\n") == []


@pytest.mark.parametrize("module", MODULES + TESTS, ids=relative)
def test_nothing_is_left_unfinished(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert not UNFINISHED.search(text)
    assert not OF_ONE_MACHINE.search(text), "a path of one machine"


def test_the_lock_is_plain_and_has_every_dependency() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    locked = {_normal(line.split("==")[0]) for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    missing = {_normal(re.split(r"[\[<>=~! ]", name)[0]) for name in wanted} - locked
    assert not missing


def test_files_name_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert named <= targets, page


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
