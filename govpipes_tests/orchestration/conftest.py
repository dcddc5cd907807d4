"""A catalogue of five small datasets, and steps that do nothing but behave: orchestration is tested on its own.

The same definitions over the real steps are tested end to end elsewhere.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from govpipes import pipeline, registries
from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Contract, Registry
from govpipes.errors import GateError, SourceError
from govpipes.orchestration.opened import Opened
from govpipes.pipeline import Candidate, Landing, Publication, Release, Verdict
from govpipes.pipeline.expectations import Outcome
from govpipes.settings import Settings

START = date(2025, 12, 25)


def contract(dataset: str, registry: str, entity: str, **changes: Any) -> Contract:
    """A contract with one identifying item; `cycle`, `due`, `start` and `file` as given."""
    file = changes.get("file")
    source: dict[str, Any] = {"system": "ps", "table": dataset, "cursor": "gxsj", "key": ["id"]}
    if file:
        source = {"system": "files", "file": file, "format": "csv", "key": ["id"]}
    return Contract.model_validate(
        {
            "dataset": dataset,
            "title": {"zh": f"{dataset}信息", "en": dataset},
            "abstract": f"{dataset}：用于测试的一份数据资源说明。",
            "registry": registry,
            "entity": entity,
            "provider": "public_security",
            "share": {"type": "unconditional", "methods": ["table"]},
            "update": {
                "cycle": changes.get("cycle", "daily"),
                "due": changes.get("due", "06:00"),
                "start": changes.get("start", START),
            },
            "source": source,
            "items": [
                {
                    "name": "citizen_id",
                    "from": "id",
                    "element": "citizen_id",
                    "title": {"zh": "公民身份号码", "en": "Citizen ID"},
                    "required": True,
                    "authority": changes.get("authority", 10),
                },
                {"name": "name", "from": "xm", "element": "person_name", "title": {"zh": "姓名", "en": "Name"}},
            ],
            "checks": [{"expect": "row_count", "min": 1, "severity": "block"}],
        }
    )


def registry(name: str, entity: str) -> Registry:
    """A registry with one entity."""
    item = {"name": "citizen_id", "element": "citizen_id", "title": {"zh": "公民身份号码", "en": "Citizen ID"}}
    return Registry.model_validate(
        {
            "registry": name,
            "title": {"zh": f"{name}库", "en": name},
            "description": "用于测试的一个基础库，只有一个实体。",
            "entities": [
                {
                    "entity": entity,
                    "title": {"zh": f"{entity}记录", "en": entity},
                    "key": "citizen_id",
                    "items": [item],
                }
            ],
        }
    )


def catalogue_of(contracts: list[Contract], data_dir: Path) -> Catalogue:
    """A catalogue of these contracts and of the registries and entities they name."""
    named = sorted({(c.registry, c.entity) for c in contracts})
    of_entity = {key: tuple(c for c in contracts if (c.registry, c.entity) == key) for key in named}
    return Catalogue(
        data_dir,
        {name: registry(name, entity) for name, entity in named},
        {c.dataset: c for c in sorted(contracts, key=lambda c: c.dataset)},
        {},
        of_entity,
    )


@dataclass
class Steps:
    """What the steps are to do, and what they were asked to do, in order."""

    held: set[str] = field(default_factory=set)
    held_days: set[date] = field(default_factory=set)
    failed_days: set[date] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    broken_check: set[str] = field(default_factory=set)
    warned: set[str] = field(default_factory=set)
    conflicts: list[dict[str, str | int | None]] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    passed: set[tuple[str, date]] = field(default_factory=set)

    def land(self, _: object, contract: Contract, day: date, run_id: str, read: object = None) -> Landing:
        self.asked.append(("land", contract.dataset, str(day)))
        if contract.dataset in self.unreachable or day in self.failed_days:
            raise SourceError("the host does not answer", dataset=contract.dataset, day=day, next_step="ask them")
        return Landing(
            landing_id=f"l-{run_id[:8]}",
            dataset=contract.dataset,
            day=day,
            rows=10,
            new_rows=10,
            new=True,
            path=Path("landing/part.parquet"),
            unknown_columns=["beizhu"],
            missing_columns=[],
            skipped=[],
            seconds=0.01,
        )

    def standardize(self, _: object, contract: Contract, day: date, run_id: str) -> Candidate:
        self.asked.append(("standardize", contract.dataset, str(day)))
        return Candidate(
            candidate_id=f"c-{run_id[:8]}",
            sha256="ab" * 32,
            contract_sha256=contract.sha256,
            rows_read=10,
            accepted=8,
            quarantined=2,
            flagged=1,
            reasons={"citizen_id:ID-02": 2},
            flags={"name:NM-01": 1},
            path=Path("candidate/c.parquet"),
            quarantine_path=Path("quarantine/c.parquet"),
            reused=False,
            seconds=0.02,
        )

    def verify(self, _: object, contract: Contract, day: date, run_id: str) -> Verdict:
        self.asked.append(("verify", contract.dataset, str(day)))
        good = contract.dataset not in self.held | self.broken_check and day not in self.held_days
        error = "OperationalError: gone" if contract.dataset in self.broken_check else None
        if good:
            self.passed.add((contract.dataset, day))
        outcomes = [
            Outcome("reject_rate", None, "block", good, 0.2, None, None, "at most 0.02", None),
            Outcome(
                "fill_rate", "name", "warn", contract.dataset not in self.warned, 0.5, 5, 0.5, "at least 0.9", None
            ),
        ]
        return Verdict(good, [] if error else outcomes, "ab" * 32, contract.sha256, error, False, 0.03)

    def publish(self, _: object, contract: Contract, day: date, run_id: str) -> Publication:
        self.asked.append(("publish", contract.dataset, str(day)))
        if (contract.dataset, day) not in self.passed:
            raise GateError("this candidate has no verdict", dataset=contract.dataset, day=day)
        return Publication(1, 5, 1, 1, 1, 0, 0, 7, False, 0.04)

    def fuse(self, _: object, registry: str, entity: str, run_id: str) -> SimpleNamespace:
        self.asked.append(("fuse", f"{registry}.{entity}", ""))
        return SimpleNamespace(entities=8, inserted=5, updated=1, unchanged=2, removed=0, versions=7, seconds=0.05)

    def release(self, _: object, run_id: str) -> Release:
        self.asked.append(("release", "", ""))
        return Release("2026-01-03.1", Path("releases/r.ducklake"), 9, 100, [], False, 0.06)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", data_dir=tmp_path / "data")


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Three daily datasets, a weekly file and a monthly file; two registries."""
    return catalogue_of(
        [
            contract("household_register", "population", "person"),
            contract("births", "population", "person", due="06:30", authority=20),
            contract("enterprise_register", "legal_entity", "organization"),
            contract("defaulters", "legal_entity", "organization", cycle="weekly", due="08:00", file="d_%Y%m%d.csv"),
            contract("societies", "legal_entity", "organization", cycle="monthly", due="09:00", file="s_%Y%m.csv"),
        ],
        tmp_path / "data",
    )


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """The pipeline, replaced."""
    steps = Steps()
    for name in ("land", "standardize", "verify", "publish", "release"):
        monkeypatch.setattr(pipeline, name, getattr(steps, name))
    monkeypatch.setattr(pipeline, "preview", lambda *_: "| 姓名 |\n|---|\n| 张* |")
    monkeypatch.setattr(pipeline, "read_together", lambda *_: nullcontext())
    monkeypatch.setattr(registries, "fuse", steps.fuse)
    monkeypatch.setattr(registries, "findings", lambda *_: registries.Findings(steps.conflicts, [], []))
    monkeypatch.setattr(Opened, "workspace", object())
    return steps


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
