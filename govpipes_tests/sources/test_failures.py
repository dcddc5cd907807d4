"""Failures that need a whole situation: a full disk, a file that changes under the reader."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govpipes.errors import SourceError
from govpipes.sources import decode, files

_FULL = """
import resource, signal, sys
from datetime import date, datetime
from pathlib import Path
from govpipes.catalogue.model import Source
from govpipes.duck import connect
from govpipes.errors import SourceError
from govpipes.settings import Settings
from govpipes.sources import System, Window, extract
folder = Path(sys.argv[1])
con = connect(Settings(home=folder / "home"))
source = Source(system="s", file="x.csv", format="csv", key=("a",))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
window = Window(None, datetime(2026, 1, 4))
try:
    extract(con, System("s", f"file:{folder}"), source, window, date(2026, 1, 3), folder / "p")
except SourceError as error:
    print(error)
"""


def test_a_file_that_cannot_be_written_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{n},{n * 7919}\n" for n in range(5000)), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path)], capture_output=True, text=True, check=True, env=env
    )
    assert "the disk is full; nothing was landed" in run.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "x.csv"]


def test_a_full_disk(folder: Path, reader: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "x.csv").write_text("a\n1\n", encoding="utf-8")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "decode", full)
    with pytest.raises(SourceError, match=r"disk is full; nothing was landed\n  found: [\d,]+ bytes free"):
        reader(f"file:{folder}", file="x.csv", format="csv", key=("a",)).read()


def test_a_file_written_while_it_is_read(
    folder: Path, reader: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = folder / "x.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    original = decode.decode

    def slow(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        path.write_text("a\n1\n2\n", encoding="utf-8")
        return result

    monkeypatch.setattr(files, "decode", slow)
    with pytest.raises(SourceError, match="changed while it was read"):
        reader(f"file:{folder}", file="x.csv", format="csv", key=("a",)).read()
    assert not (tmp_path / "part.parquet").exists()
