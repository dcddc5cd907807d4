"""Many small departments in one installation, each with a dataset and an entity of its own: a history takes one.

A `Town` is what a department holds and what has been read of it, in plain Python: nothing here knows how it is done.
"""

import sqlite3
import tempfile
import uuid
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import yaml

from govpipes import postgres
from govpipes.catalogue.model import Contract
from govpipes.pipeline import Workspace
from govpipes.settings import Settings
from govpipes_tests.tiny import BAD_CHECK, DAY, GOOD, REGISTRY, Tiny

DAYS = tuple(DAY + timedelta(days=n) for n in range(3))
KEYS = range(4)
NAMES = ("王芳", "李娜", "张伟")
_TOWNS = 50


@dataclass(frozen=True, order=True)
class Row:
    """A department's record as it stands now. number: a place in GOOD, or None for a citizen number that is wrong."""

    key: int
    cursor: datetime
    name: str
    number: int | None
    deleted: bool

    @property
    def accepted(self) -> bool:
        """Whether standardizing lets it through: of a deletion only key and time matter."""
        return self.deleted or self.number is not None


@dataclass
class Town:
    """A department, and what was read of it: per day and key the newest row that a reading of the day gave."""

    ws: Workspace
    contract: Contract
    office: sqlite3.Connection
    table: dict[int, Row] = field(default_factory=dict)
    landed: dict[date, dict[int, Row]] = field(default_factory=dict)

    def write(self, row: Row) -> None:
        """The department inserts or changes a record."""
        self.table[row.key] = row
        citizen = BAD_CHECK if row.number is None else GOOD[row.number]
        values = (str(row.key), citizen, row.name, "", "1" if row.deleted else "0", str(row.cursor))
        self.office.execute(f"INSERT OR REPLACE INTO {self.contract.dataset} VALUES (?, ?, ?, ?, ?, ?)", values)
        self.office.commit()

    def erase(self, key: int) -> None:
        """The department deletes a record without a trace."""
        self.table.pop(key, None)
        self.office.execute(f"DELETE FROM {self.contract.dataset} WHERE id = ?", [str(key)])
        self.office.commit()

    def read(self, day: date) -> None:
        """A reading of the day has been landed."""
        start, end = datetime.combine(day, time.min), datetime.combine(day + timedelta(days=1), time.min)
        opening = day == DAY  # the first day takes everything older
        reading = {key: row for key, row in self.table.items() if (opening or start <= row.cursor) and row.cursor < end}
        self.landed.setdefault(day, {}).update(reading)

    def claims(self) -> set[tuple[date, Row]]:
        """What the warehouse must hold when everything landed is published: day and row."""
        return {(day, row) for day, rows in self.landed.items() for row in rows.values() if row.accepted}


class Towns:
    """An endless supply of towns; every fifty of them are one installation with a database of its own."""

    def __init__(self, server: Settings) -> None:
        self._server = server
        self._towns = self._made()

    def __next__(self) -> Town:
        return next(self._towns)

    def close(self) -> None:
        """Close the installation in use."""
        self._towns.close()

    def _made(self) -> Generator[Town]:
        while True:
            with tempfile.TemporaryDirectory() as folder:
                url = postgres.create_database(self._server, f"towns_{uuid.uuid4().hex[:12]}")
                installation = _installation(Path(folder), url)
                with installation.open() as ws, closing(sqlite3.connect(installation.office)) as office:
                    for contract in ws.catalogue.contracts.values():
                        yield Town(ws, contract, office)


def _installation(folder: Path, url: str) -> Tiny:
    tiny = Tiny(folder, url).make()
    person = REGISTRY["entities"][0]
    entities = [{**person, "entity": f"person_{n}"} for n in range(_TOWNS)]
    file = folder / "data" / "catalogue" / "population" / "_registry.yaml"
    file.write_text(yaml.safe_dump(REGISTRY | {"entities": entities}, allow_unicode=True), encoding="utf-8")
    for n in range(_TOWNS):
        tiny.add(f"town_{n}", entity=f"person_{n}", checks=[{"expect": "row_count", "min": 0, "severity": "block"}])
    return tiny
