"""What can be wrong with a registry's entities beyond the shape of their file.

Here: names, data elements, the SQL of keys and derived columns. Contracts are checked in `contract_checks`.
"""

import re
from collections.abc import Iterable, Mapping

from govpipes.catalogue.binding import Binder
from govpipes.catalogue.files import Place, YamlFile
from govpipes.catalogue.model import MATCHABLE, Entity, Registry
from govpipes.catalogue.problems import Problems
from govpipes.standards import ELEMENTS

_SPATIAL = re.compile(r"\bST_[A-Za-z]+ *\(", re.IGNORECASE)
"""A function of DuckDB's spatial extension: only a rule that says so may ask it."""


def check_registry(registry: Registry, file: YamlFile, problems: Problems) -> None:
    """Names given once, data elements that exist."""
    given_once(file, ("entities",), "entity", (e.name for e in registry.entities), problems)
    given_once(file, ("entities",), "table", (e.table for e in registry.entities), problems)
    for n, entity in enumerate(registry.entities):
        at: Place = ("entities", n)
        names = [item.name for item in entity.items] + [derived.name for derived in entity.derived]
        given_once(file, (*at, "items"), "name", names, problems)
        given_once(file, (*at, "aliases"), "name", (alias.name for alias in entity.aliases), problems)
        for m, item in enumerate(entity.items):
            if item.element not in ELEMENTS:
                unknown_element(file, (*at, "items", m, "element"), item.element, problems)


def check_entity_sql(registry: Registry, binder: Binder, file: YamlFile, problems: Problems) -> None:
    """Keys, aliases and derived columns bind, and derived columns can have the type they are given."""
    for n, entity in enumerate(registry.entities):
        types = entity_types(entity)
        casts = [f"CAST(({derived.sql}\n) AS {derived.type})" for derived in entity.derived]
        if binder.types([entity.key, *(alias.key for alias in entity.aliases), *casts], types) is not None:
            continue
        reason = binder.why_not(entity.key, types)
        if reason:
            problems.add(file, ("entities", n, "key"), f"the key does not bind: {reason}", found=entity.key)
        for m, alias in enumerate(entity.aliases):
            reason = binder.why_not(alias.key, types)
            if reason:
                message = f"the alias {alias.name} does not bind: {reason}"
                problems.add(file, ("entities", n, "aliases", m, "key"), message, found=alias.key)
        for m, (derived, cast) in enumerate(zip(entity.derived, casts, strict=True)):
            reason = binder.why_not(cast, types)
            if reason:
                message = f"the column {derived.name} does not bind as {derived.type}: {reason}"
                problems.add(file, ("entities", n, "derived", m, "sql"), message, found=derived.sql)


def check_matching(registry: Registry, binder: Binder, file: YamlFile, problems: Problems) -> None:
    """What a matching compares binds over the golden record."""
    for n, entity in enumerate(registry.entities):
        types = _golden_types(entity)
        for m, link in enumerate(entity.links):
            said = link.matching.says.columns if link.matching else {}
            for name, (kind, sql) in said.items():
                reason = binder.why_not(f"CAST(({sql}\n) AS {kind})", types)
                if reason:
                    at: Place = ("entities", n, "links", m, "matching", "says", name)
                    problems.add(file, at, f"what is said of the {name} does not bind as {kind}: {reason}", found=sql)


def check_rules(
    registry: Registry, registries: Iterable[Registry], binder: Binder, file: YamlFile, problems: Problems
) -> None:
    """Rules read entities that are there, in whatever registry, and bind."""
    tables = {f"{r.registry}.{e.name}": _golden_types(e) for r in registries for e in r.entities}
    for n, entity in enumerate(registry.entities):
        given_once(file, ("entities", n, "rules"), "name", (rule.name for rule in entity.rules), problems)
        for m, rule in enumerate(entity.rules):
            at: Place = ("entities", n, "rules", m, "sql")
            unknown = [name for name in rule.reads if name not in tables]
            for name in unknown:
                problems.add(file, at, "there is no such entity", found=name, allowed=list(tables), near=True)
            if _SPATIAL.search(rule.sql) and not rule.spatial:
                message = f"the rule {rule.name} asks the spatial extension, which readers need not have"
                problems.add(file, at, message, found=rule.sql, allowed="`spatial: true` beside it")
                continue
            reason = None if unknown else binder.why_not_rule(rule, tables)
            if reason:
                problems.add(file, at, f"the rule {rule.name} does not bind: {reason}", found=rule.sql)


def check_links(registry: Registry, registries: Mapping[str, Registry], file: YamlFile, problems: Problems) -> None:
    """Links name a column that is there, and entities that are there, in whatever registry."""
    entities = {f"{r.registry}.{e.name}": e for r in registries.values() for e in r.entities}
    for n, entity in enumerate(registry.entities):
        given_once(file, ("entities", n, "links"), "name", (link.name for link in entity.links), problems)
        for m, link in enumerate(entity.links):
            at: Place = ("entities", n, "links", m)
            mine = columns_of(entity)
            if link.item not in mine:
                problems.add(file, (*at, "item"), "there is no such column", found=link.item, allowed=mine, near=True)
            for target in link.to:
                if target not in entities:
                    message = "there is no such entity"
                    problems.add(file, (*at, "to"), message, found=target, allowed=list(entities), near=True)
                elif link.matches not in columns_of(entities[target]):
                    allowed = columns_of(entities[target])
                    problems.add(
                        file, (*at, "matches"), f"{target} has no such column", found=link.matches, allowed=allowed
                    )
                elif link.matching:
                    lacking = [name for name in MATCHABLE[target] if name not in columns_of(entities[target])]
                    if lacking:
                        message = f"{target} cannot be matched without {', '.join(lacking)}"
                        problems.add(file, (*at, "matching"), message, found=target)


def columns_of(entity: Entity) -> list[str]:
    """The columns of an entity's golden records that links may name."""
    return ["entity_key", *(item.name for item in entity.items), *(derived.name for derived in entity.derived)]


def entity_types(entity: Entity) -> Mapping[str, str]:
    """The DuckDB type of each item; text for unknown elements (they have a problem of their own)."""
    return {i.name: ELEMENTS[i.element].sql_type if i.element in ELEMENTS else "VARCHAR" for i in entity.items}


def _golden_types(entity: Entity) -> Mapping[str, str]:
    derived = {column.name: column.type for column in entity.derived}
    return {"entity_key": "VARCHAR", **entity_types(entity), **derived, "valid_from": "DATE"}


def given_once(file: YamlFile, at: Place, key: str, names: Iterable[str], problems: Problems) -> None:
    """Note every name that is given a second time in a list of the file."""
    seen: set[str] = set()
    for n, name in enumerate(names):
        if name in seen:
            problems.add(file, (*at, n, key), "this name is given twice", found=name)
        seen.add(name)


def unknown_element(file: YamlFile, at: Place, found: str, problems: Problems) -> None:
    """Note a data element that does not exist."""
    message = "there is no such data element"
    problems.add(file, at, message, found=found, allowed=sorted(ELEMENTS), near=True)
