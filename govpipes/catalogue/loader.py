"""Loading the catalogue: every file read, every rule that spans files checked, every problem named at once.

Here: finding files, putting defaults in, checks across contracts, entities, departments and data elements.
What one file may say is in `model`; what its SQL means is asked in `binding`.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from govpipes import standards
from govpipes.catalogue.binding import Binder
from govpipes.catalogue.contract_checks import check_contract, check_elements, check_located, check_sql
from govpipes.catalogue.entity_checks import check_entity_sql, check_links, check_matching, check_registry, check_rules
from govpipes.catalogue.files import YamlError, YamlFile
from govpipes.catalogue.model import Contract, Department, Entity, Registry
from govpipes.catalogue.problems import Problem, Problems
from govpipes.errors import CatalogueError

__all__ = ["Catalogue", "Problem", "load_catalogue"]

_Model = TypeVar("_Model", bound=BaseModel)
_REGISTRY_FILE = "_registry.yaml"


@dataclass(frozen=True)
class Catalogue:
    """The whole catalogue: registries by name, contracts by dataset (sorted), departments by code."""

    data_dir: Path
    registries: Mapping[str, Registry]
    contracts: Mapping[str, Contract]
    departments: Mapping[str, Department]
    _of_entity: Mapping[tuple[str, str], tuple[Contract, ...]] = field(repr=False)

    @property
    def codes_dir(self) -> Path:
        """The code lists."""
        return self.data_dir / "codes"

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Every entity, by registry and in the order of its file."""
        return tuple(entity for registry in self.registries.values() for entity in registry.entities)

    def entity(self, registry: str, name: str) -> Entity:
        """An entity of a registry. Raises KeyError when there is none."""
        for entity in self.registries[registry].entities:
            if entity.name == name:
                return entity
        raise KeyError(f"{registry}.{name}")

    def contracts_of(self, entity: Entity) -> tuple[Contract, ...]:
        """The contracts whose datasets say something about an entity, sorted by dataset."""
        return self._of_entity.get((entity.registry, entity.name), ())


def load_catalogue(data_dir: Path) -> Catalogue:
    """Read `departments.yaml` and `catalogue/<registry>/*.yaml` below a data folder.

    Raises CatalogueError with every problem there is (a list of Problem), not just the first.
    """
    return _Loading(data_dir.absolute()).load()


class _Loading:
    """One loading: what has been read so far and what is wrong with it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.problems = Problems()
        self.departments: dict[str, Department] = {}
        self.registries: dict[str, tuple[Registry, YamlFile]] = {}
        self.contracts: dict[str, tuple[Contract, YamlFile]] = {}

    def load(self) -> Catalogue:
        self._load_departments()
        folder = self.data_dir / "catalogue"
        folders = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
        if not folders:
            self._note(folder, "there is no registry here; a registry is a folder with a _registry.yaml")
        for registry_dir in folders:
            self._load_registry(registry_dir)
        for registry_dir in folders:
            for path in sorted(registry_dir.glob("*.y*ml")):
                if path.name != _REGISTRY_FILE:
                    self._load_contract(path)
        self._check_across()
        self._check_sql()
        if self.problems:
            raise CatalogueError(
                self.problems.sorted(), next_step="mend the files; `govpipes catalogue validate` checks again"
            )
        return self._catalogue()

    def _catalogue(self) -> Catalogue:
        registries = {name: registry for name, (registry, _) in self.registries.items()}
        contracts = {name: self.contracts[name][0] for name in sorted(self.contracts)}
        fingerprint = standards.fingerprint(self.data_dir / "codes")
        definitions = {(e.registry, e.name): e for registry in registries.values() for e in registry.entities}
        of_entity: dict[tuple[str, str], tuple[Contract, ...]] = defaultdict(tuple)
        # what is linked to an entity decides nothing about a row
        texts = {key: entity.model_dump_json(exclude={"links"}) for key, entity in definitions.items()}
        for contract in contracts.values():
            key = (contract.registry, contract.entity)
            contract.bind_hash(texts[key], fingerprint)
            of_entity[key] += (contract,)
        return Catalogue(self.data_dir, registries, contracts, dict(self.departments), dict(of_entity))

    def _load_departments(self) -> None:
        file = self._read(self.data_dir / "departments.yaml")
        if file is None:
            return
        if not isinstance(file.data, dict) or not all(isinstance(v, dict) for v in file.data.values()):
            self.problems.add(file, (), "this must be a mapping of department code to {title: {zh, en}}")
            return
        for code, raw in file.data.items():
            department = self._valid(Department, file.below(code), {"code": code, **raw})
            if department is not None:
                self.departments[department.code] = department

    def _load_registry(self, folder: Path) -> None:
        file = self._read(folder / _REGISTRY_FILE)
        if file is None:
            return
        registry = self._valid(Registry, file, file.data)
        if registry is None:
            return
        if registry.registry != folder.name:
            message = "the registry must be named like its folder"
            self.problems.add(file, ("registry",), message, found=registry.registry, allowed=folder.name)
        check_registry(registry, file, self.problems)
        self.registries[registry.registry] = (registry, file)

    def _load_contract(self, path: Path) -> None:
        file = self._read(path)
        if file is None:
            return
        contract = self._valid(Contract, file, _with_titles(file.data, self._entity_of(file.data)))
        if contract is None:
            self._look_further(file)
            return
        if contract.dataset != path.stem:
            message = "the dataset must be named like its file"
            self.problems.add(file, ("dataset",), message, found=contract.dataset, allowed=path.stem)
        if contract.registry != path.parent.name:
            message = "the registry must be the folder the contract lies in"
            self.problems.add(file, ("registry",), message, found=contract.registry, allowed=path.parent.name)
        if contract.dataset in self.contracts:
            other = self.contracts[contract.dataset][1].shown
            message = f"this dataset is already defined in {other}"
            self.problems.add(file, ("dataset",), message, found=contract.dataset)
            return
        self.contracts[contract.dataset] = (contract, file)

    def _entity_of(self, raw: Any) -> Entity | None:
        """The entity a contract's YAML speaks of, when it is there."""
        if not isinstance(raw, dict) or str(raw.get("registry")) not in self.registries:
            return None
        registry, _ = self.registries[str(raw["registry"])]
        return next((entity for entity in registry.entities if entity.name == raw.get("entity")), None)

    def _look_further(self, file: YamlFile) -> None:
        """Say what else is wrong with a contract whose shape is wrong, so that all can be mended at once."""
        if isinstance(file.data, dict):
            self._check_names(file.data, file)
            check_elements(file, self.problems)

    def _check_across(self) -> None:
        registries = {name: registry for name, (registry, _) in self.registries.items()}
        for registry, file in self.registries.values():
            check_links(registry, registries, file, self.problems)
        entities = {f"{r.registry}.{e.name}": e for r in registries.values() for e in r.entities}
        for contract, file in self.contracts.values():
            self._check_names(file.data, file)
            check_located(contract, entities, file, self.problems)
            entity = self._entity_of({"registry": contract.registry, "entity": contract.entity})
            check_contract(contract, entity, file, self.problems)
        self._check_authorities()
        self._check_titles()

    def _check_names(self, raw: Mapping[str, Any], file: YamlFile) -> None:
        provider, registry, entity = (raw.get(key) for key in ("provider", "registry", "entity"))
        if isinstance(provider, str) and provider not in self.departments:
            message = "there is no such department in departments.yaml"
            allowed = list(self.departments)
            self.problems.add(file, ("provider",), message, found=provider, allowed=allowed, near=True)
        if str(registry) not in self.registries or not isinstance(entity, str):
            return  # the registry's own file has the problem, or the entity is missing
        known = [each.name for each in self.registries[str(registry)][0].entities]
        if entity not in known:
            message = f"the registry {registry} has no such entity"
            self.problems.add(file, ("entity",), message, found=entity, allowed=known, near=True)

    def _check_authorities(self) -> None:
        """Two datasets with one rank for one item of an entity leave its golden value undecided (一数一源)."""
        first: dict[tuple[str, str, str, int], str] = {}
        for contract, file in self.contracts.values():
            for n, item in enumerate(contract.items):
                if item.authority is None:
                    continue
                rank = (contract.registry, contract.entity, item.name, item.authority)
                other = first.setdefault(rank, contract.dataset)
                if other != contract.dataset:
                    message = f"{other} has the same authority for {item.name} of {contract.entity}; give each its own"
                    self.problems.add(file, ("items", n, "authority"), message, found=item.authority)

    def _check_titles(self) -> None:
        """One provider's datasets have different titles, punctuation and spaces aside (编制指南 CAT-02)."""
        first: dict[tuple[str, str], str] = {}
        for contract, file in self.contracts.values():
            folded = "".join(c for c in contract.title.zh if c.isalnum())
            other = first.setdefault((contract.provider, folded), contract.dataset)
            if other != contract.dataset:
                message = f"{other} of the same department has this title already"
                self.problems.add(file, ("title", "zh"), message, found=contract.title.zh)

    def _asks_spatial(self) -> bool:
        entities = [entity for registry, _ in self.registries.values() for entity in registry.entities]
        return any(rule.spatial for entity in entities for rule in entity.rules)

    def _check_sql(self) -> None:
        codes = self.data_dir / "codes"
        if not codes.is_dir():
            self._note(codes, "there are no code lists here; the standards need them")
            return
        try:
            binder = Binder(codes, spatial=self._asks_spatial())
        except CatalogueError as error:  # the code lists themselves have problems
            for problem in error.problems:
                self._note(codes, str(problem))
            return
        with binder:
            for registry, file in self.registries.values():
                check_entity_sql(registry, binder, file, self.problems)
                check_matching(registry, binder, file, self.problems)
                check_rules(registry, [r for r, _ in self.registries.values()], binder, file, self.problems)
            for contract, file in self.contracts.values():
                check_sql(contract, binder, file, self.problems)

    def _read(self, path: Path) -> YamlFile | None:
        try:
            file = YamlFile.read(path, self.data_dir.parent)
        except YamlError as error:
            self._note(path, error.message, error.line)
            return None
        if file.data is None:
            self.problems.add(file, (), "the file is empty")
            return None
        return file

    def _valid(self, model: type[_Model], file: YamlFile, data: Any) -> _Model | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self.problems.add_invalid(file, model, error)
            return None

    def _note(self, path: Path, message: str, line: int = 1) -> None:
        self.problems.add_at(path, self.data_dir.parent, line, message)


def _with_titles(raw: Any, entity: Entity | None) -> Any:
    """A contract's YAML with the titles its items take over from the entity or the data element."""
    if not isinstance(raw, dict) or not isinstance(raw.get("items"), list):
        return raw
    return {**raw, "items": [_with_title(item, entity) for item in raw["items"]]}


def _with_title(item: Any, entity: Entity | None) -> Any:
    if not isinstance(item, dict) or "title" in item:
        return item
    name = str(item.get("name"))
    known = entity.item(name) if entity else None
    if known is not None:
        return {**item, "title": known.title}
    element = standards.ELEMENTS.get(str(item.get("element")))
    title = {"zh": element.title_zh, "en": element.title_en} if element else {"zh": name, "en": name}
    return {**item, "title": title}
