"""Make `sql/unicode.sql` from Python's Unicode tables: `python -m govpipes.standards.build_unicode`.

DuckDB normalizes to NFC only. The committed file holds what makes NFKC of it: what each compatibility character
stands for. Run it only to move to a newer Unicode; the result is
committed so that the same standards do not depend on the Python they run on.
"""

import sys
import unicodedata
from pathlib import Path

SEPARATOR = "␟"  # U+241F; no character stands for it
# Characters that show nothing: format characters, controls, variation selectors.
HIDDEN = (
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x180B, 0x180E), (0x200B, 0x200F),
    (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE0FFF),
)  # fmt: skip
# What counts as space: all of it becomes one U+0020.
SPACES = (
    (0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
    (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
)  # fmt: skip


def _characters() -> list[str]:
    return [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]


def _regex(ranges: list[tuple[int, int]]) -> str:
    return "".join(f"\\x{{{a:X}}}" if a == b else f"\\x{{{a:X}}}-\\x{{{b:X}}}" for a, b in ranges)


def _inside(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(a <= code <= b for a, b in ranges)


def _compatibility(characters: list[str]) -> dict[str, str]:
    """Compatibility characters and what they stand for; canonical ones are left to nfc_normalize."""
    table = {}
    for character in characters:
        if _inside(ord(character), HIDDEN) or _inside(ord(character), SPACES):
            continue
        full = unicodedata.normalize("NFKD", character)
        if full != unicodedata.normalize("NFD", character):
            table[character] = unicodedata.normalize("NFC", full)
    return table


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def render() -> str:
    """The text of `sql/unicode.sql`."""
    characters = _characters()
    table = _compatibility(characters)
    values = _text("".join(SEPARATOR + key + value for key, value in table.items()) + SEPARATOR)
    return f"""-- Unicode tables, made by build_unicode.py (Unicode {unicodedata.unidata_version}); do not edit.
-- The rules that use them are in text.sql.

-- Characters that show nothing; characters that count as space.
CREATE TEMP MACRO unicode_hidden() AS '[{_regex(list(HIDDEN))}]+';
CREATE TEMP MACRO unicode_spaces() AS '[{_regex(list(SPACES))}]+';
CREATE TEMP MACRO unicode_hidden_or_space() AS '[{_regex([*HIDDEN, *SPACES])}]+';

-- Compatibility characters and what they stand for: {SEPARATOR}, the character, its plain form, and so on.
CREATE TEMP MACRO unicode_compatible() AS {values};
"""


if __name__ == "__main__":
    (Path(__file__).parent / "sql" / "unicode.sql").write_text(render(), encoding="utf-8")
