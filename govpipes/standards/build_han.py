"""Make `han.csv`, what matching knows of Chinese characters: `python -m govpipes.standards.build_han`.

Of each ideograph: the simplified character it is a variant of (OpenCC's table t2s, Apache-2.0), and its commonest
reading in pinyin without the tone (pypinyin, MIT). Run it only to move to newer tables, in an environment that has
`pypinyin==0.55.0` and `opencc-python-reimplemented==0.1.7`; the result is committed, so that the same names match
wherever govpipes runs, and running it needs neither.
"""

import csv
from importlib import import_module
from pathlib import Path

IDEOGRAPHS = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))
"""CJK Unified Ideographs and their extension A: what names are written with; a rarer character stands for itself."""


def main() -> None:
    """Write the file: `character`, `simplified`, `pinyin`, for every ideograph that has a reading."""
    pypinyin = import_module("pypinyin")
    simplify = import_module("opencc").OpenCC("t2s").convert
    with (Path(__file__).parent / "han.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("character", "simplified", "pinyin"))
        for character in (chr(code) for block in IDEOGRAPHS for code in block):
            # v_to_u: ü as v, as input methods write it
            readings = pypinyin.pinyin(character, style=pypinyin.Style.NORMAL, v_to_u=False, errors="ignore")
            if readings:
                out.writerow((character, simplify(character), readings[0][0]))


if __name__ == "__main__":
    main()
