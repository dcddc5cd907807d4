"""JSON lines: keys over all lines, text values, and the line that is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govpipes.errors import SourceError

Make = Callable[..., Any]


@pytest.fixture
def jsonl(folder: Path, reader: Make) -> Callable[..., Any]:
    def make(content: str) -> Any:
        (folder / "x.jsonl").write_text(content, encoding="utf-8")
        return reader(f"file:{folder}", file="x.jsonl", format="jsonl", key=("case_no",))

    return make


def test_every_key_is_a_text_column(jsonl: Make) -> None:
    source = jsonl(
        '{"case_no": "(2026)苏01执1号", "age": 41, "id/no": 320102199003074018}\n\n'
        '{"case_no": "2", "behaviour": {"a": [1]}, "age": null, "fulfilled": true}\n'
    )
    got = source.read()
    assert [column.name for column in got.columns] == ["case_no", "age", "id/no", "behaviour", "fulfilled"]
    assert source.rows() == [
        ("(2026)苏01执1号", "41", "320102199003074018", None, None),
        ("2", None, None, '{"a":[1]}', "true"),
    ]
    assert source.count() == got.rows == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"case_no": "1"}\n{"case_no": \n', "line 2"),
        ('{"case_no": "1"}\n{"case_no": "2"', "no line end"),
        ('{"case_no": "1"}\n[1]\n', "line 2: .1."),
        ('{"case": "1"}\n', "has no column case_no"),
    ],
)
def test_a_wrong_line_lands_nothing(jsonl: Make, content: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        jsonl(content).read()


def test_no_objects_is_a_period_without_changes(jsonl: Make) -> None:
    got = jsonl("\n").read()
    assert (got.rows, [column.name for column in got.columns]) == (0, ["case_no"])
