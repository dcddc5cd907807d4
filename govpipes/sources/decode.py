"""Bytes to UTF-8, in streaming chunks, with the encoding proved (DOMAIN D7, D8; rules ENC-01, ENC-02).

The declared encoding counts; a file in another one is refused with what was declared, what it looks like and where
the first wrong byte is. Line ends outside quotes become newlines. What the text says is for the readers.
"""

import codecs
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from govpipes.errors import SourceError
from govpipes.sources.model import FileRead

_CHUNK = 1 << 22
_LF, _CR, _QUOTE = b'\n\r"'
_Bytes = npt.NDArray[np.uint8]
_Flags = npt.NDArray[np.bool_]
_MOJIBAKE = "锟斤拷"
_GB = frozenset({"gb2312", "gbk", "gb18030", "cp936"})
# GB 18030-2022 gave 18 characters code points of their own; Python's codec still has the private ones of 2005.
_GB18030_2022 = str.maketrans(
    "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
)
_PRIVATE = re.compile("[\ue78d-\ue864]")
_MAGIC = (
    (b"PK\x03\x04", "a ZIP archive or Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls) or a protected Office file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
)


class Decoding(NamedTuple):
    """What decoding found: the file, its non-blank records (also headers), whether quotes span lines, notes."""

    file: FileRead
    records: int
    quoted_lines: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text file; `path` is the UTF-8 copy. See Decoding."""

    path: Path
    file: FileRead
    records: int
    quoted_lines: bool
    notes: tuple[str, ...]


class _Decoder(Protocol):
    def decode(self, data: bytes, final: bool = False) -> str: ...

    def getstate(self) -> tuple[bytes, int]: ...


def decode(path: Path, name: str, encoding: str, sink: BinaryIO, *, quotes: bool) -> Decoding:
    """Write the file's text to `sink` as UTF-8 without a byte order mark.

    quotes: whether line ends between double quotes belong to the text (CSV).
    Raises SourceError for another encoding, a file cut off, or no text at all.
    """
    declared = _canonical(encoding)
    _refuse_binary(path, name, declared)
    decoder = codecs.getincrementaldecoder("utf-8-sig" if declared == "utf-8" else declared)("strict")
    lines = _Lines(quotes=quotes)
    utf8 = _Utf8Witness() if declared in _GB else None
    digest, size, garbage = hashlib.sha256(), 0, _Garbage()
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK)
            text = _text(decoder, chunk, size, path, name, encoding)
            digest.update(chunk)
            size += len(chunk)
            if utf8 is not None:
                utf8.see(chunk, final=not chunk)
                text = text.translate(_GB18030_2022) if _PRIVATE.search(text) else text
            garbage.see(text)
            sink.write(lines.feed(text.encode("utf-8"), final=not chunk))
            if not chunk:
                break
    if utf8 is not None and utf8.certain:
        raise _wrong(name, encoding, "utf-8", "every byte is valid UTF-8 and some characters need three")
    lines.refuse_half(name)
    return Decoding(FileRead(name, digest.hexdigest(), size), lines.records, lines.quoted_lines, garbage.notes())


def looks_like(path: Path) -> str | None:
    """The encoding a whole file is valid in, of those departments use; None when it is damaged in all."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    for encoding in ("utf-8", "gb18030", "big5"):
        if _valid(path, encoding):
            return encoding
    return None


def unscrambled(text: str) -> str | None:
    """What `text` was before it was decoded with the wrong encoding and saved again; None when it was not."""
    for wrong in ("gb18030", "latin-1", "cp1252"):
        try:
            original = text.encode(wrong).decode("utf-8")
        except UnicodeError:
            continue
        if original != text and re.search("[\u4e00-\u9fff]", original):
            return original
    return None


def _canonical(encoding: str) -> str:
    name = codecs.lookup(encoding).name
    if name in ("gb2312", "gbk"):
        return "gb18030"  # a superset of both; departments say GBK and write what their program can
    return {"utf-8-sig": "utf-8"}.get(name, name)


def _text(decoder: _Decoder, chunk: bytes, read: int, path: Path, name: str, encoding: str) -> str:
    pending = len(decoder.getstate()[0])
    try:
        return decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError as error:
        offset = read - pending + error.start
        if not chunk:
            raise _cut(name, f"the last character is incomplete (byte {offset})") from None
        found = looks_like(path)
        raise _wrong(name, encoding, found, f"byte {offset} (0x{error.object[error.start]:02x})") from None
    except UnicodeError as error:
        raise _wrong(name, encoding, looks_like(path), str(error)) from None


def _wrong(name: str, declared: str, found: str | None, evidence: str) -> SourceError:
    looks = f"it is valid {found}" if found else "it is valid in no encoding departments use: damaged"
    return SourceError(
        f"the file {name} is not {declared}",
        found=f"{looks}; first evidence: {evidence}",
        allowed=f"{declared}, as the contract declares",
        next_step=(
            f"ask the department what changed; if it delivers {found} from now on, change `encoding` in the contract"
            if found
            else "ask the department to deliver the file again"
        ),
    )


def _cut(name: str, found: str) -> SourceError:
    return SourceError(
        f"the file {name} is only half there",
        found=found,
        allowed="a file whose last line is complete and ends with a line end",
        next_step="wait until it is written completely or ask the department for it again, then run the day again",
    )


def _refuse_binary(path: Path, name: str, declared: str) -> None:
    with path.open("rb") as stream:
        start = stream.read(1024)
    for magic, what in _MAGIC:
        if start.startswith(magic):
            raise SourceError(
                f"the file {name} is no text file",
                found=what,
                next_step="correct `format` in the contract, or ask the department for the text file",
            )
    is_utf16 = start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if is_utf16 and not declared.startswith("utf-16"):
        raise _wrong(name, declared, "utf-16", "its byte order mark")
    if b"\0" in start and not declared.startswith("utf-16"):
        raise _wrong(name, declared, None, f"byte {start.index(0)} (0x00)")


def _valid(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


class _Utf8Witness:
    """Whether bytes declared as GB 18030 are certainly UTF-8.

    UTF-8 text often decodes as GB 18030 without an error, to nonsense; GB 18030 text with Chinese characters
    practically never is valid UTF-8.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._valid = True
        self._wide = False

    def see(self, chunk: bytes, *, final: bool) -> None:
        """Look at the next bytes."""
        if not self._valid:
            return
        try:
            text = self._decoder.decode(chunk, final=final)
        except UnicodeError:
            self._valid = False
            return
        self._wide = self._wide or re.search("[\u0800-\U0010ffff]", text) is not None

    @property
    def certain(self) -> bool:
        """The verdict, after the last byte."""
        return self._valid and self._wide


@dataclass(slots=True)
class _Garbage:
    """Counts characters that were lost before the file was made."""

    tail: str = ""
    counts: dict[str, int] = field(default_factory=lambda: {_MOJIBAKE: 0, "\ufffd": 0})

    def see(self, text: str) -> None:
        joined = self.tail + text
        for token in self.counts:
            self.counts[token] += joined.count(token)
        self.tail = joined[-2:] if len(joined) >= 2 and _MOJIBAKE not in joined[-4:] else ""

    def notes(self) -> tuple[str, ...]:
        return tuple(
            f"{found} × {token}: characters the department's system has lost (ENC-01)"
            for token, found in self.counts.items()
            if found
        )


@dataclass(slots=True)
class _Lines:
    """Uniform line ends, and a count of records that owes nothing to a CSV parser.

    A record ends at a line end with an even number of double quotes before it, also where quotes are doubled.
    Whole chunks at a time: a file may hold millions of lines.
    """

    quotes: bool
    records: int = 0
    quoted_lines: bool = False
    _inside: bool = False
    _pending: bytes = b""
    _at_start: bool = True

    def feed(self, data: bytes, *, final: bool) -> bytes:
        """The next bytes with uniform line ends."""
        data = self._pending + data
        self._pending = b""
        if data.endswith(b"\r") and not final:
            data, self._pending = data[:-1], b"\r"
        if not data:
            return data
        text = np.frombuffer(data, np.uint8)
        inside = self._quoted(text)
        if b"\r" in data:
            text, inside = _uniform(text, inside)
        self._count(text, inside)
        return text.tobytes()

    def _quoted(self, text: _Bytes) -> _Flags:
        """Which bytes stand between double quotes."""
        if not self.quotes:
            return np.zeros(len(text), np.bool_)
        # Sums of bytes overflow, and stay odd or even as they must.
        inside = ((np.cumsum(text == _QUOTE, dtype=np.uint8) + np.uint8(self._inside)) & 1).astype(np.bool_)
        self._inside = bool(inside[-1])
        return inside

    def _count(self, text: _Bytes, inside: _Flags) -> None:
        ends = text == _LF
        self.quoted_lines = self.quoted_lines or bool((ends & inside).any())
        ends &= ~inside
        blank = int((ends[1:] & ends[:-1]).sum()) + (self._at_start and bool(ends[0]))
        self.records += int(ends.sum()) - blank
        self._at_start = bool(ends[-1])

    def refuse_half(self, name: str) -> None:
        """Raise SourceError when the last line is not complete."""
        if self._inside:
            raise _cut(name, "a double quote is opened and never closed")
        if not self._at_start:
            raise _cut(name, "the last line has no line end")


def _uniform(text: _Bytes, inside: _Flags) -> tuple[_Bytes, _Flags]:
    """CR LF and CR outside quotes become LF."""
    returns = (text == _CR) & ~inside
    before_lf = returns.copy()
    before_lf[:-1] &= text[1:] == _LF
    before_lf[-1] = False
    text = np.where(returns, np.uint8(_LF), text)[~before_lf]
    return text, inside[~before_lf]
