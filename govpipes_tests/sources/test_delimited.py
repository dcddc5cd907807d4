"""CSV files: encodings proved, quotes, halves, headers, and rows that must add up."""

import csv as csvlib
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govpipes.catalogue.model import Source
from govpipes.duck import connect
from govpipes.errors import SchemaError, SourceError
from govpipes.settings import Settings
from govpipes.sources import Column, FileRead, System, decode, extract
from govpipes_tests.sources.conftest import DAY, WINDOW

Make = Callable[..., Any]
HEADER = "登记证字号,男方姓名,更新时间\n"
ROWS = "J1,王伟,2026-01-03\nJ2,李㛃,2026-01-03\n"


@pytest.fixture
def csv(folder: Path, reader: Make) -> Callable[..., Any]:
    def make(content: bytes | str, encoding: str = "utf-8", **fields: Any) -> Any:
        raw = content if isinstance(content, bytes) else content.encode(encoding)
        (folder / "hydj_20260103.csv").write_bytes(raw)
        defaults = {"file": "hydj_%Y%m%d.csv", "format": "csv", "key": ("登记证字号",), "encoding": encoding}
        return reader(f"file:{folder}", **{**defaults, **fields})

    return make


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_encoding_a_contract_may_declare_reads_the_same(csv: Make, encoding: str) -> None:
    source = csv(HEADER + ROWS, encoding)
    got = source.read()
    assert source.rows() == [("J1", "王伟", "2026-01-03"), ("J2", "李㛃", "2026-01-03")]
    assert got.rows == 2 == source.count()
    assert got.columns == tuple(Column(name, "VARCHAR") for name in ("登记证字号", "男方姓名", "更新时间"))


def test_the_file_is_identified_by_its_own_bytes(csv: Make, folder: Path) -> None:
    got = csv(HEADER + ROWS, "gb18030").read()
    raw = (folder / "hydj_20260103.csv").read_bytes()
    assert got.files == (FileRead("hydj_20260103.csv", hashlib.sha256(raw).hexdigest(), len(raw)),)


def test_nothing_is_left_beside_the_parquet_file(csv: Make, tmp_path: Path) -> None:
    csv(HEADER + ROWS).read()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["delivered", "home", "part.parquet"]


def test_utf8_declared_as_gb18030_is_refused_with_what_it_is(csv: Make) -> None:
    with pytest.raises(SourceError, match=r"is not gb18030\n.*utf-8"):
        csv((HEADER + ROWS).encode(), "gb18030").read()


def test_gb18030_declared_as_utf8_is_refused_with_the_first_wrong_byte(csv: Make) -> None:
    raw = b"id,name\n" + ROWS.encode("gb18030")
    with pytest.raises(SourceError, match=r"valid gb18030; first evidence: byte 11 "):
        csv(raw, "utf-8", key=("id",)).read()


def test_the_wrong_byte_is_found_beyond_the_first_chunk(csv: Make) -> None:
    good = HEADER.encode() + "J1,王伟,2026-01-03\n".encode() * 300_000
    with pytest.raises(SourceError, match=f"byte {len(good) + 3} "):
        csv(good + b"J1,\xff,\n").read()


def test_utf16_declared_as_utf8_is_refused(csv: Make) -> None:
    with pytest.raises(SourceError, match=r"utf-16"):
        csv((HEADER + ROWS).encode("utf-16"), "utf-8").read()


def test_text_decoded_wrongly_and_saved_again_is_recognised(csv: Make) -> None:
    scrambled = (HEADER + ROWS).encode().decode("latin-1").encode()
    with pytest.raises(SourceError, match=r"saved again"):
        csv(scrambled).read()


def test_lost_characters_are_noted_and_the_rows_kept(csv: Make) -> None:
    got = csv(HEADER + "J1,锟斤拷,2026-01-03\n").read()
    assert got.rows == 1
    assert got.notes == ("1 × 锟斤拷: characters the department's system has lost (ENC-01)",)


def test_gb18030_of_2005_becomes_the_characters_of_2022(csv: Make) -> None:
    source = csv("登记证字号,男方姓名\n".encode("gb18030") + b"J1,\xfe\x59\xa6\xd9\n", "gb18030")
    source.read()
    assert source.rows() == [("J1", "\u9fb4\ufe10")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_line_breaks_in_quotes(csv: Make, end: str) -> None:
    text = "登记证字号,备注" + end + 'J1,"一\n二"' + end + 'J2,"a ""b"", c"' + end + end + "J3," + end
    source = csv(text)
    source.read()
    assert source.rows() == [("J1", "一\n二"), ("J2", 'a "b", c'), ("J3", None)]
    assert source.count() == 3


def test_other_delimiters(csv: Make) -> None:
    source = csv("登记证字号|a\nJ1|x,y\n", delimiter="|")
    source.read()
    assert source.rows() == [("J1", "x,y")]


def test_a_file_with_a_header_only_is_a_day_without_changes(csv: Make) -> None:
    got = csv(HEADER).read()
    assert (got.rows, len(got.columns)) == (0, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (HEADER + "J1,王伟,2026-01-03\nJ2,李", "no line end"),
        (HEADER + 'J1,"王伟,2026-01-03\n', "never closed"),
        ((HEADER + "J1,王").encode()[:-1], "last character is incomplete"),
        (
            HEADER + "J1,王伟,2026-01-03\nJ2,李,四,2026-01-03\nJ3,x\n",
            "line 3: too many columns; line 4: missing columns",
        ),
        (b"PK\x03\x04....", "ZIP archive or Excel"),
        ("登记证字号,a,a\nJ1,1,2\n", "columns of one name"),
        ('登记证字号 ,a\n5" 管,6\n6" 管,7\n', "does not add up|do not fit"),
    ],
)
def test_a_file_that_cannot_be_read_completely_lands_nothing(
    csv: Make, content: bytes | str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=message):
        csv(content).read()
    assert not (tmp_path / "part.parquet").exists()


def test_a_missing_key_column_names_the_columns_there(csv: Make) -> None:
    with pytest.raises(SchemaError, match=r"has no column 证号\n  found: 3 columns: 登记证字号"):
        csv(HEADER + ROWS, key=("证号",)).read()


def test_a_file_not_delivered_names_what_is_there(reader: Make, folder: Path) -> None:
    (folder / "hydj_20260102.csv").write_text(HEADER, encoding="utf-8")
    source = reader(f"file:{folder}", file="hydj_%Y%m%d.csv", format="csv", key=("a",))
    with pytest.raises(SourceError, match=r"has not delivered hydj_20260103.csv\n.*nearest: hydj_20260102.csv"):
        source.read()
    source = reader(f"file:{folder}/nowhere", file="x.csv", format="csv", key=("a",))
    with pytest.raises(SourceError, match=r"folder of a_system is not there"):
        source.read()


def test_a_pattern_cannot_leave_the_folder(reader: Make, folder: Path) -> None:
    source = reader(f"file:{folder}", file="../%Y.csv", format="csv", key=("a",))
    with pytest.raises(SourceError, match=r"outside the folder"):
        source.read()


@settings(max_examples=30)
@given(
    rows=st.lists(st.tuples(*[st.text(st.sampled_from('a甲", \r\n\t')).map(str.strip)] * 2), max_size=20),
    end=st.sampled_from(["\n", "\r\n"]),
    chunk=st.integers(1, 9),
)
def test_what_a_csv_writer_writes_is_read_back_whatever_the_chunks(
    rows: list[tuple[str, str]], end: str, chunk: int
) -> None:
    written = io.StringIO(newline="")
    writer = csvlib.writer(written, lineterminator=end, quoting=csvlib.QUOTE_ALL)
    writer.writerows([("a", "b"), *rows])
    with TemporaryDirectory() as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "_CHUNK", chunk)
        (Path(made) / "x.csv").write_text(written.getvalue(), encoding="gb18030", newline="")
        with connect(Settings(home=Path(made) / "home")) as con:
            source = Source(system="s", file="x.csv", format="csv", mode="file", key=("a",), encoding="gb18030")
            extract(con, System("s", f"file:{made}"), source, WINDOW, DAY, Path(made) / "p")
            got = con.execute("SELECT coalesce(a, ''), coalesce(b, '') FROM read_parquet(?)", [f"{made}/p"]).fetchall()
    assert got == rows
