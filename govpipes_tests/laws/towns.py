"""Many small departments in one installation, each with a dataset and an entity of its own: a history takes one.

A `Town` is what a department holds and what has been read of it, in plain Python: nothing here knows how it is done.
"""

import csv
import sqlite3
import tempfile
import uuid
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from govpipes import postgres
from govpipes.catalogue.model import Contract
from govpipes.days import SHANGHAI
from govpipes.ledger import tables as t
from govpipes.pipeline import Workspace, sweep
from govpipes.settings import Settings
from govpipes_tests.tiny import BAD_CHECK, DAY, GOOD, REGISTRY, Tiny, contract

DAYS = tuple(DAY + timedelta(days=n) for n in range(3))
KEYS = range(4)
NAMES = ("王芳", "李娜", "张伟")
FUTURE = date(2099, 1, 1)
"""What a department's wrong clock says."""

KINDS = ("marked", "tombstones", "swept", "files", "dumps", "present")
"""Tables that mark deleted rows, list them in a table of their own, or delete without a trace; a file of changes a day,
a full dump a day as a file, and a table that is dumped as it stands.
"""

_COLUMNS = ("id", "sfzh", "xm", "dh", "zxbs", "gxsj")
_TOWNS = 20

Said = tuple[int, datetime, bool, str | None, str | None]
"""Of a record: key, time of change, whether it is deleted, name, citizen number."""


@dataclass(frozen=True)
class Row:
    """A department's record as it stands now. number: a place in GOOD, or None for a citizen number that is wrong;
    cursor: None is a row without a time of change.
    """

    key: int
    cursor: datetime | None
    name: str
    number: int | None
    deleted: bool

    @property
    def texts(self) -> tuple[str, str, str, str, str, str]:
        """As the department stores it."""
        return str(self.key), self.citizen, self.name, "", "1" if self.deleted else "0", str(self.cursor or "")

    @property
    def citizen(self) -> str:
        """Its citizen number."""
        return BAD_CHECK if self.number is None else GOOD[self.number]


@dataclass
class Town:
    """A department, and what was read of it.

    landed: per day and key what the newest reading of the day that had something of the key said, as far as it can be
    used. A file or dump states its whole day, so that its newest reading counts alone.
    """

    ws: Workspace
    contract: Contract
    office: sqlite3.Connection
    kind: str
    drop: Path
    table: dict[int, Row] = field(default_factory=dict)
    dead: set[tuple[int, datetime]] = field(default_factory=set)
    files: dict[date, list[Row]] = field(default_factory=dict)
    landed: dict[date, dict[int, set[Said]]] = field(default_factory=dict)

    def write(self, rows: Iterable[Row], day: date) -> None:
        """The department inserts or changes records, or delivers the file of a day (again)."""
        if self.kind in ("files", "dumps"):
            self._deliver(day, list(rows))
            return
        for row in rows if self.kind in ("marked", "present") else [replace(row, deleted=False) for row in rows]:
            self.table[row.key] = row
            self.office.execute(f"INSERT OR REPLACE INTO {self.contract.dataset} VALUES (?, ?, ?, ?, ?, ?)", row.texts)
        self.office.commit()

    def erase(self, key: int, at: datetime) -> None:
        """The department deletes a record, or delivers the file of that day without it."""
        if self.kind in ("files", "dumps"):
            self._deliver(at.date(), [row for row in self.files.get(at.date(), []) if row.key != key])
            return
        self.table.pop(key, None)
        self.office.execute(f"DELETE FROM {self.contract.dataset} WHERE id = ?", [str(key)])
        if self.kind == "tombstones":
            self.dead.add((key, at))
            self.office.execute(f"INSERT INTO dead_{self.contract.dataset} VALUES (?, ?)", [str(key), str(at)])
        self.office.commit()

    def readable(self, day: date) -> bool:
        """Whether the day can be read: its file is there; a table that shows only the present has no newer dump."""
        if self.kind in ("files", "dumps"):
            return day in self.files
        return self.kind != "present" or day in self.landed or not any(later > day for later in self.landed)

    def read(self, day: date) -> None:
        """A reading of the day has been landed."""
        if self.kind == "present" and any(later > day for later in self.landed):
            return  # what was landed in its time stands
        found: dict[int, set[Said]] = {}
        for key, said in self._reading(day):
            found.setdefault(key, set()).update(said)
        earlier = {} if self.whole else self.landed.get(day, {})
        self.landed[day] = earlier | found

    @property
    def whole(self) -> bool:
        """Whether a reading states all of its day."""
        return self.kind in ("files", "dumps", "present")

    def sweep(self, day: date) -> None:
        """Sweep the keys at one o'clock after the day."""
        with pytest.MonkeyPatch.context() as patch:
            noon = datetime.combine(day + timedelta(days=1), time(13), SHANGHAI)
            patch.setattr("govpipes.days.now", lambda: noon)
            sweep(self.ws, self.contract, day, "law")

    def claims(self) -> set[tuple[date, *Said]]:
        """What the warehouse must hold when everything landed is published: day and what is said."""
        said = {(day, *one) for day, keys in self.landed.items() for found in keys.values() for one in found}
        return said.union(*(self._swept(day) for day in self.landed if self.kind == "swept"))

    def _reading(self, day: date) -> Iterator[tuple[int, set[Said]]]:
        """Key and what can be used of it, for each row that belongs to the day."""
        rows = self.files[day] if self.kind in ("files", "dumps") else self.table.values()
        for row in rows:
            cursor = datetime.combine(day, time(23, 59, 59)) if self.kind == "dumps" else row.cursor
            if cursor and (self.whole or _within(day, cursor)):
                usable = row.deleted or row.number is not None
                yield row.key, {(row.key, cursor, row.deleted, row.name, row.citizen)} if usable else set()
        for key, at in self.dead:
            if _within(day, at):
                yield key, {(key, at, True, None, None)}

    def _swept(self, day: date) -> set[tuple[date, *Said]]:
        """What the day's newest sweep says."""
        newest = self.ws.ledger.latest(t.sweeps, self.contract.dataset, day)
        if newest is None:
            return set()
        columns = {column["name"] for column in newest["detail"]["columns"]}
        back = "id, swept_at, FALSE, xm, sfzh" if "id" in columns else "NULL, NULL, NULL, NULL, NULL"
        rows = self.ws.con.execute(
            "SELECT swept_key::INTEGER, swept_at, TRUE, NULL, NULL "
            "FROM read_parquet($file) WHERE swept_key IS NOT NULL "
            f"UNION ALL SELECT {back} FROM read_parquet($file) WHERE swept_key IS NULL",
            {"file": newest["path"]},
        ).fetchall()
        return {(day, *row) for row in rows}

    def _deliver(self, day: date, rows: list[Row]) -> None:
        self.files[day] = rows
        with (self.drop / f"{self.contract.dataset}_{day:%Y%m%d}.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([_COLUMNS, *(row.texts for row in rows)])


def _within(day: date, cursor: datetime) -> bool:
    """Whether a time of change is the day's; the first day takes everything older."""
    return cursor.date() == day or (day == DAY and cursor.date() < day)


class Towns:
    """An endless supply of towns of a kind; every twenty of them are one installation with a database of its own."""

    def __init__(self, server: Settings, kind: str) -> None:
        self._server, self._kind = server, kind
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
                tiny = _installation(Path(folder), url, self._kind)
                with tiny.open() as ws, closing(sqlite3.connect(tiny.office)) as office:
                    office.execute("PRAGMA synchronous = OFF")
                    for made in ws.catalogue.contracts.values():
                        yield Town(ws, made, office, self._kind, tiny.folder / "drop")


def _installation(folder: Path, url: str, kind: str) -> Tiny:
    tiny = Tiny(folder, url).make()
    (folder / "drop").mkdir()
    tiny.settings.ensure_home()
    tiny.settings.systems_file.write_text(f"systems: {{drop: {{url: 'file:{folder}/drop'}}}}", encoding="utf-8")
    tiny.settings.systems_file.chmod(0o600)
    person = REGISTRY["entities"][0]
    entities = [{**person, "entity": f"person_{n}"} for n in range(_TOWNS)]
    file = folder / "data" / "catalogue" / "population" / "_registry.yaml"
    file.write_text(yaml.safe_dump(REGISTRY | {"entities": entities}, allow_unicode=True), encoding="utf-8")
    for n in range(_TOWNS):
        checks = [{"expect": "row_count", "min": 0, "severity": "block"}]
        tiny.add(f"town_{n}", entity=f"person_{n}", checks=checks, source=_source(f"town_{n}", kind))
        if kind == "tombstones":
            tiny.sql(f"CREATE TABLE dead_town_{n} (id TEXT, died_at TEXT)")
    return tiny


def _source(dataset: str, kind: str) -> dict[str, Any]:
    """The contract's source; a sweep or dump may find everybody gone."""
    table: dict[str, Any] = contract(dataset)["source"] | {"max_vanished": 1.0}
    traceless = {name: value for name, value in table.items() if name != "deletes"}
    file = {name: table[name] for name in ("key", "deletes", "max_vanished")} | {
        "system": "drop",
        "file": f"{dataset}_%Y%m%d.csv",
        "format": "csv",
    }
    return {
        "marked": table,
        "tombstones": traceless | {"tombstones": {"table": f"dead_{dataset}", "cursor": "died_at"}},
        "swept": traceless | {"sweep": "daily"},
        "files": file | {"mode": "file", "cursor": "gxsj"},
        "dumps": file | {"mode": "snapshot"},
        "present": table | {"mode": "snapshot"},
    }[kind]
