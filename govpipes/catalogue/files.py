"""Reading the catalogue's YAML, keeping the line of everything.

Here: one file as data and as a tree with line numbers. What the data means belongs to `model` and `loader`.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""A place in a YAML file: keys and list positions from the root."""


class YamlError(Exception):
    """A file that is not readable YAML; `line` is where reading stopped."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class _Loader(yaml.CSafeLoader):
    """Safe loading that refuses a key given twice (YAML would silently keep the last one)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        made = super().construct_mapping(node, deep=deep)
        if len(made) != len(node.value):
            seen: set[str] = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise YamlError(f"the key {key.value!r} is given twice", key.start_mark.line + 1)
                seen.add(key.value)
        return made


class YamlFile:
    """A YAML file: `data` is its content, `shown` its name for people.

    The tree with the line numbers is read again when a line is asked for: only files with problems pay for it.
    """

    def __init__(self, path: Path, shown: str, data: Any, inside: Place = ()) -> None:
        self.path = path
        self.shown = shown
        self.data = data
        self._inside = inside

    @classmethod
    def read(cls, path: Path, root: Path) -> "YamlFile":
        """Read a file; `root` is what its name is shown relative to. Raises YamlError."""
        try:
            data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise YamlError(f"this is not YAML: {error.problem}", mark.line + 1 if mark else 1) from error
        except yaml.YAMLError as error:
            raise YamlError(f"this is not YAML: {error}", 1) from error
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise YamlError("this is not UTF-8 text", line) from error
        except OSError as error:
            raise YamlError(f"this cannot be read: {error.strerror}", 1) from error
        return cls(path, shown(path, root), data)

    def below(self, key: str) -> "YamlFile":
        """The part of the file below a key of its root."""
        return YamlFile(self.path, self.shown, self.data[key], (*self._inside, key))

    def line(self, where: Place) -> int:
        """The line (from 1) of a place, or of the nearest place above it that exists."""
        node, line = self._tree, 1
        for part in (*self._inside, *where):
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line

    def without_tags(self, where: Place) -> Place:
        """A place as pydantic names it, without the tags of unions (the `expect` of a check, after its position)."""
        node = self._tree
        kept: list[str | int] = []
        before: str | int = ""
        for part in (*self._inside, *where):
            if not (isinstance(before, int) and _is_tag(node, part)):
                kept.append(part)
                found = _child(node, part)
                node = found[1] if found else None
            before = part
        return tuple(kept[len(self._inside) :])

    @cached_property
    def _tree(self) -> yaml.Node | None:
        tree: yaml.Node | None = yaml.compose(self.path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        return tree


def shown(path: Path, root: Path) -> str:
    """The name of a file for people: relative to `root` where it lies below it."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _is_tag(node: yaml.Node | None, part: str | int) -> bool:
    expect = _child(node, "expect")
    return expect is not None and isinstance(expect[1], yaml.ScalarNode) and expect[1].value == part


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """The line and the node of a key or list position below `node`."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        value = node.value[part]
        return value.start_mark.line + 1, value
    return None
