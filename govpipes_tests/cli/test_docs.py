"""The pages name only commands and options that there are."""

import re
from pathlib import Path

import pytest
import typer.main

from govpipes.cli.app import app
from govpipes.settings import ROOT

PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_COMMAND = re.compile(r"(?:^ {4,}|`|\.venv/bin/|\$\()govpipes ([a-z]+)(?: ([a-z]+))?([^`\n#;]*)", re.MULTILINE)


def known() -> dict[tuple[str, ...], set[str]]:
    """Every command with its options."""
    found: dict[tuple[str, ...], set[str]] = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        for words, one in [((name,), command)] if inner is None else [((name, n), c) for n, c in inner.items()]:
            found[words] = {option for parameter in one.params for option in parameter.opts} | {"--help"}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_pages_exist(page: Path) -> None:
    commands = known()
    for first, second, rest in _COMMAND.findall(page.read_text(encoding="utf-8")):
        words = (first, second) if (first, second) in commands else (first,)
        assert words in commands or first in {name for name, *_ in commands}, f"govpipes {first} {second}"
        options = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest))
        if words in commands:
            assert options <= commands[words], f"govpipes {' '.join(words)}: {options - commands[words]}"
