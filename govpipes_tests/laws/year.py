"""A year of five departments, each with another way of telling what changed; for the year's backfill.

An `Office` writes what its departments have at the end of a day; it decides nothing about what should come of it.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from govpipes_tests.tiny import GOOD, Tiny, contract

Row = tuple[str, str, str, str, str, str]
COLUMNS = ("id", "sfzh", "xm", "dh", "zxbs", "gxsj")

KEEPS_HISTORY = ("changes", "forms", "dumps")
"""Datasets whose past days can be read as they were: each change a row of its own, a file a day."""

OVERWRITES = ("register", "leavers")
"""Datasets that have only the newest version of a row; the second marks rows as deleted."""

DATASETS = (*KEEPS_HISTORY, *OVERWRITES)


@dataclass
class Office:
    """Five departments from `first` on, `rows` changes a day each, the same for the same seed."""

    tiny: Tiny
    first: date
    rows: int = 6
    seed: int = 20261123

    def open(self) -> "Office":
        """Write the contracts and the empty tables."""
        drop = self.tiny.folder / "drop"
        drop.mkdir()
        self.tiny.settings.ensure_home()
        self.tiny.settings.systems_file.write_text(f"systems: {{drop: {{url: 'file:{drop}'}}}}", encoding="utf-8")
        self.tiny.settings.systems_file.chmod(0o600)
        for authority, dataset in enumerate(DATASETS, 1):
            update = {"cycle": "daily", "due": "06:00", "start": self.first}
            if dataset in ("forms", "dumps"):
                mode = "file" if dataset == "forms" else "snapshot"
                named = {"system": "drop", "file": f"{dataset}_%Y%m%d.csv", "format": "csv", "mode": mode}
                source = {**named, "cursor": "gxsj", "key": ["id"], "max_vanished": 1.0}
                self.tiny.write(dataset, authority, update=update, source=source)
            else:
                key = ["id", "gxsj"] if dataset == "changes" else ["id"]
                source = contract(dataset)["source"] | {"key": key}
                self.tiny.add(dataset, authority, update=update, source=source)
        return self

    def pass_day(self, number: int) -> None:
        """What the departments do on day `number`, counted from 0."""
        day = self.first + timedelta(days=number)
        made = list(self._made(number))
        self.tiny.put("changes", [(f"{row[0]}-{number}", *row[1:]) for row in made])
        self.tiny.put("register", made)
        self.tiny.put("leavers", [(*row[:4], "1" if n == 0 else "0", row[5]) for n, row in enumerate(made)])
        self._file("forms", day, made)
        self._file(
            "dumps", day, [(str(n), GOOD[n % 5], f"王{number // 7}", "", "0", f"{day} 08:00:00") for n in range(4)]
        )

    def _made(self, number: int) -> Iterator[Row]:
        random = Random(self.seed * 1000 + number)
        for who in random.sample(range(3 * self.rows), self.rows):
            day = self.first + timedelta(days=number)
            at = f"{day} {random.randrange(24):02}:{random.randrange(60):02}:00"
            yield str(who), GOOD[who % 5], f"王{chr(0x4E00 + number)}", f"138{number:08}", "0", at

    def _file(self, dataset: str, day: date, rows: list[Row]) -> None:
        file = self.tiny.folder / "drop" / f"{dataset}_{day:%Y%m%d}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([COLUMNS, *rows])
