"""What is wrong with the catalogue, in words a person can act on.

Here: one problem, the list being collected, and pydantic's findings turned into problems. What is looked for belongs to
`loader` and `binding`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from govpipes.catalogue.files import Place, YamlFile, shown

_PLAIN = {
    "missing": "this is missing",
    "extra_forbidden": "there is no such key",
    "union_tag_not_found": "`expect` is missing",
    "too_short": "at least one is needed",
    "string_type": "this must be text (put it in quotes)",
    "tuple_type": "this must be a list",
    "dict_type": "this must be a mapping (key: value)",
    "model_type": "this must be a mapping (key: value)",
    "model_attributes_type": "this must be a mapping (key: value)",
    "date_from_datetime_parsing": "this must be a date such as 2026-01-03",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the catalogue.

    file: shown relative to the data folder's parent. line: from 1. where: the path in the YAML, `items[3].element`.
    found, allowed, nearest: empty when they would say nothing.
    """

    file: str
    line: int
    where: str
    message: str
    found: str = ""
    allowed: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        extra = [f"found: {self.found}"] if self.found else []
        extra += [f"nearest: {self.nearest}"] if self.nearest else []
        extra += [f"allowed: {self.allowed}"] if self.allowed else []
        place = f"{self.file}:{self.line}: " + (f"{self.where}: " if self.where else "")
        return place + self.message + (f" ({'; '.join(extra)})" if extra else "")


class Problems:
    """The problems found so far; nothing is raised until everything has been looked at."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(
        self,
        file: YamlFile,
        where: Place,
        message: str,
        *,
        found: object = None,
        allowed: Iterable[str] | str = (),
        near: bool = False,
    ) -> None:
        """Note a problem at a place of a file. near: also name the allowed value nearest to the one found."""
        choices = [] if isinstance(allowed, str) else list(allowed)
        nearest = get_close_matches(str(found), choices, n=1, cutoff=0.4) if near else []
        self._found.append(
            Problem(
                file=file.shown,
                line=file.line(where),
                where=_text(where),
                message=message,
                found="" if found is None else _short(found),
                allowed=allowed if isinstance(allowed, str) else _some(choices),
                nearest=nearest[0] if nearest else "",
            )
        )

    def add_at(self, path: Path, root: Path, line: int, message: str) -> None:
        """Note a problem of a file or folder that could not be read."""
        self._found.append(Problem(shown(path, root), line, "", message))

    def add_invalid(self, file: YamlFile, model: type[BaseModel], error: ValidationError) -> None:
        """Note everything pydantic found in a file."""
        for detail in error.errors(include_url=False):
            self._add_detail(file, model, detail)

    def sorted(self) -> list[Problem]:
        """Every problem once, by file and line."""
        return sorted(set(self._found), key=lambda p: (p.file, p.line, p.where, p.message))

    def __len__(self) -> int:
        return len(self._found)

    def _add_detail(self, file: YamlFile, model: type[BaseModel], detail: ErrorDetails) -> None:
        kind, context = detail["type"], detail.get("ctx", {})
        where = _in_yaml(file, detail["loc"], context)
        message = _PLAIN.get(kind, detail["msg"].removeprefix("Value error, "))
        match kind:
            case "extra_forbidden":
                allowed = _keys(_model_at(model, detail["loc"][:-1]))
                self.add(file, where, message, found=detail["loc"][-1], allowed=allowed, near=True)
            case "missing":
                self.add(file, where, message)
            case "literal_error" | "enum" | "union_tag_invalid":
                allowed = _quoted(str(context.get("expected") or context.get("expected_tags")))
                found = context.get("tag", detail["input"])
                self.add(file, where, "this value is not allowed", found=found, allowed=allowed, near=True)
            case "consistency" | "reserved" | "batch" | "due":
                found = None if isinstance(detail["input"], dict) else detail["input"]
                self.add(file, where, message, found=found)
            case _:
                found = None if isinstance(detail["input"], dict | list) else detail["input"]
                self.add(file, where, message, found=found, allowed=str(context.get("allowed", "")))


def _in_yaml(file: YamlFile, loc: Sequence[str | int], context: dict[str, Any]) -> Place:
    """A place pydantic names, as it is in the YAML: without the tags of unions, down to the field that is meant."""
    here = file.without_tags(tuple(loc))
    field = context.get("field")
    return (*here, str(field)) if field else here


def _model_at(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel]:
    """The model that describes a place; follows fields, list items and the tags of unions."""
    choices = [model]
    for part in loc:
        if isinstance(part, int):
            continue
        tagged = [m for m in choices if part in _tags(m)]
        inside = [f.annotation for m in choices for n, f in m.model_fields.items() if part in (n, f.alias)]
        choices = tagged or [m for annotation in inside for m in _models(annotation)] or choices
    return choices[0]


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    """What `expect` says for a model of the union of checks; nothing for other models."""
    field = model.model_fields.get("expect")
    return get_args(field.annotation) if field else ()


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models an annotation is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, tuple, Annotated):
        return [model for argument in get_args(annotation) for model in _models(argument)]
    return []


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _quoted(text: str) -> list[str]:
    """pydantic's `'a', 'b' or 'c'` as a list."""
    return [part.strip(" '") for part in text.replace(" or ", ", ").split(",")]


def _text(where: Place) -> str:
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 120 else text[:117] + "…"


def _some(choices: list[str], most: int = 40) -> str:
    more = f", … ({len(choices)} in all)" if len(choices) > most else ""
    return ", ".join(choices[:most]) + more
