"""A tiny installation: one registry, a department in SQLite, the real code lists; for tests that go the whole path.

`Tiny` writes contracts and rows and opens workspaces; it decides nothing about what should come of them.
"""

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from govpipes.catalogue import Catalogue, load_catalogue
from govpipes.catalogue.model import Contract
from govpipes.pipeline import Workspace, land, publish, release, standardize, sweep, verify
from govpipes.registries import fuse
from govpipes.settings import ROOT, Settings

DAY = date(2026, 1, 5)
"""The first day of the tiny contracts."""

GOOD = ("320102199003074018", "320602198506151022", "320613202010050031", "810000199001010019", "11010519491231002X")
"""Valid citizen numbers (DOMAIN §1.1: test vectors)."""

BAD_CHECK = "320102199003074081"
"""A citizen number whose check character is wrong (a transposition)."""

REGISTRY: dict[str, Any] = {
    "registry": "population",
    "title": {"zh": "人口库", "en": "Population"},
    "description": "一个很小的人口基础信息库，用于测试。",
    "entities": [
        {
            "entity": "person",
            "title": {"zh": "自然人", "en": "Person"},
            "key": "citizen_id",
            "items": [
                {"name": "citizen_id", "element": "citizen_id", "title": {"zh": "公民身份号码", "en": "Citizen ID"}},
                {"name": "name", "element": "person_name", "title": {"zh": "姓名", "en": "Name"}},
                {"name": "phone", "element": "phone", "title": {"zh": "电话", "en": "Phone"}},
            ],
        }
    ],
}


def contract(dataset: str, authority: int = 10, **changes: Any) -> dict[str, Any]:
    """A contract over the SQLite table of its own name: citizen_id, name, phone; `changes` replace top-level fields."""
    made: dict[str, Any] = {
        "dataset": dataset,
        "title": {"zh": f"{dataset}信息", "en": dataset},
        "abstract": "用于测试的一个很小的数据集。",
        "registry": "population",
        "entity": "person",
        "provider": "public_security",
        "share": {"type": "conditional", "condition": "依申请", "methods": ["table"]},
        "update": {"cycle": "daily", "due": "06:00", "start": DAY},
        "source": {
            "system": "office",
            "table": dataset,
            "mode": "incremental",
            "cursor": "gxsj",
            "key": ["id"],
            "deletes": {"column": "zxbs", "value": "1"},
        },
        "items": [
            {"name": "citizen_id", "from": "sfzh", "element": "citizen_id", "required": True, "authority": authority},
            {"name": "name", "from": "xm", "element": "person_name", "required": True, "authority": authority},
            {"name": "phone", "from": "dh", "element": "phone", "authority": authority, "on_error": "flag"},
        ],
        "checks": [
            {"expect": "row_count", "min": 0, "severity": "block"},
            {"expect": "reject_rate", "max": 0.5, "severity": "block"},
        ],
    }
    return made | changes


@dataclass
class Tiny:
    """The tiny installation in a folder of its own, over a PostgreSQL database of its own."""

    folder: Path
    postgres_url: str
    contracts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return Settings(
            home=self.folder / "home", data_dir=self.folder / "data", postgres_url=self.postgres_url, threads=1
        )

    @property
    def office(self) -> Path:
        """The department's SQLite file."""
        return self.folder / "office.db"

    def make(self) -> "Tiny":
        """Write registry, departments and code lists; the contracts come with `add`."""
        data = self.folder / "data"
        shutil.copytree(ROOT / "data" / "codes", data / "codes")
        (data / "catalogue" / "population").mkdir(parents=True)
        _write(data / "catalogue" / "population" / "_registry.yaml", REGISTRY)
        title = {"zh": "公安厅", "en": "Public security"}
        _write(data / "departments.yaml", {"public_security": {"title": title}})
        _write(data / "systems.yaml", {"systems": {"office": {"url": f"sqlite:///{self.office}"}}})
        return self

    def add(self, dataset: str, authority: int = 10, **changes: Any) -> None:
        """Write a contract, and make its table where it is missing."""
        self.write(dataset, authority, **changes)
        with closing(sqlite3.connect(self.office)) as con, con:
            columns = "id TEXT PRIMARY KEY, sfzh TEXT, xm TEXT, dh TEXT, zxbs TEXT, gxsj TEXT"
            con.execute(f'CREATE TABLE IF NOT EXISTS "{dataset}" ({columns})')

    def write(self, dataset: str, authority: int = 10, **changes: Any) -> None:
        """Write a contract alone."""
        self.contracts[dataset] = contract(dataset, authority, **changes)
        _write(self.folder / "data" / "catalogue" / "population" / f"{dataset}.yaml", self.contracts[dataset])

    def put(self, dataset: str, rows: Iterable[tuple[str, str, str, str, str, str]]) -> None:
        """Insert or replace rows (id, citizen number, name, phone, deleted, time of change)."""
        with closing(sqlite3.connect(self.office)) as con, con:
            con.executemany(f'INSERT OR REPLACE INTO "{dataset}" VALUES (?, ?, ?, ?, ?, ?)', list(rows))

    def sql(self, statement: str) -> None:
        """Do something else to the department's database."""
        with closing(sqlite3.connect(self.office)) as con, con:
            con.execute(statement)

    def open(self) -> Workspace:
        """A workspace; close it."""
        return Workspace.open(self.settings)

    def catalogue(self) -> Catalogue:
        """The catalogue as it is now."""
        return load_catalogue(self.folder / "data")


def day_of(ws: Workspace, contract: Contract, day: date, run: str = "test") -> Any:
    """All steps of a dataset-day; the publication. Raises GateError when the day is held."""
    land(ws, contract, day, run)
    sweep(ws, contract, day, run)
    standardize(ws, contract, day, run)
    verify(ws, contract, day, run)
    return publish(ws, contract, day, run)


def finish(ws: Workspace) -> Any:
    """Fuse every entity and make a release; returns the release."""
    for entity in ws.catalogue.entities:
        fuse(ws, entity.registry, entity.entity, "test")
    return release(ws, "test")


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
