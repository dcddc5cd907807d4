"""What can be wrong with one contract beyond the shape of its file.

Here: its items against data elements and its entity, its checks against its items, its SQL.
What spans several contracts is in `loader`; the shape of the file is in `model`.
"""

import re
from collections.abc import Mapping

from govpipes.catalogue.binding import Binder
from govpipes.catalogue.entity_checks import columns_of, given_once, unknown_element
from govpipes.catalogue.files import Place, YamlFile
from govpipes.catalogue.model import CANDIDATE_COLUMNS, Contract, Entity, Item, SqlCheck
from govpipes.catalogue.problems import Problems
from govpipes.standards import ELEMENTS
from govpipes.standards.elements import ONE_DATUM

_PERSONAL = 3
"""Sensitivity from which an item is personal data that must not be open (CAT-10; GB/T 43697-2024 levels 1-4)."""


def check_elements(file: YamlFile, problems: Problems) -> None:
    """Data elements that do not exist, in a file of any shape."""
    items = file.data.get("items") if isinstance(file.data, dict) else None
    for n, item in enumerate(items if isinstance(items, list) else []):
        element = item.get("element") if isinstance(item, dict) else None
        if isinstance(element, str) and element not in ELEMENTS:
            unknown_element(file, ("items", n, "element"), element, problems)


def check_contract(contract: Contract, entity: Entity | None, file: YamlFile, problems: Problems) -> None:
    """Everything that needs no SQL. entity: None when it does not exist (which is a problem of its own)."""
    check_elements(file, problems)
    given_once(file, ("items",), "name", (item.name for item in contract.items), problems)
    given_once(file, ("rules",), "name", (rule.name for rule in contract.rules), problems)
    for n, item in enumerate(contract.items):
        _check_item(item, entity, file, ("items", n), problems)
    _check_datums(contract, file, problems)
    _check_doubts(contract, file, problems)
    _check_valid(contract, file, problems)
    _check_check_items(contract, file, problems)
    _check_open(contract, file, problems)
    if entity is not None:
        _check_entity_key(contract, entity, file, problems)


def check_located(contract: Contract, entities: Mapping[str, Entity], file: YamlFile, problems: Problems) -> None:
    """What tells the datum of a day's points is an entity that has points. entities: by `registry.entity`."""
    located = contract.located_by
    if located is None:
        return
    if located.entity not in entities:
        at: Place = ("located_by", "entity")
        problems.add(file, at, "there is no such entity", found=located.entity, allowed=list(entities), near=True)
        return
    there = columns_of(entities[located.entity])
    if not {"longitude", "latitude"} <= set(there):
        placed = [name for name, entity in entities.items() if {"longitude", "latitude"} <= set(columns_of(entity))]
        message = f"{located.entity} has no longitude and latitude"
        problems.add(file, ("located_by", "entity"), message, found=located.entity, allowed=placed)
    if located.matches not in there:
        message = f"{located.entity} has no such column"
        problems.add(file, ("located_by", "matches"), message, found=located.matches, allowed=there, near=True)


def check_sql(contract: Contract, binder: Binder, file: YamlFile, problems: Problems) -> None:
    """Rules bind to a boolean, SQL checks bind to a query, the key of the place to a value."""
    types = _types(contract)
    if contract.located_by is not None:
        key = contract.located_by.key
        reason = binder.why_not(key, types)
        if reason:
            problems.add(file, ("located_by", "key"), f"the key does not bind: {reason}", found=key)
    rows = {**types, "cursor": "TIMESTAMP"}
    found = binder.types([rule.sql for rule in contract.rules], rows)
    for n, rule in enumerate(contract.rules):
        kind = found[n] if found is not None else None
        reason = None if kind else binder.why_not(rule.sql, rows)
        at: Place = ("rules", n, "sql")
        if reason:
            problems.add(file, at, f"the rule does not bind: {reason}", found=rule.sql)
        elif kind and kind != "BOOLEAN":
            problems.add(file, at, "a rule must be true or false", found=f"{rule.sql} is {kind}", allowed="BOOLEAN")
    for n, check in enumerate(contract.checks):
        if isinstance(check, SqlCheck):
            reason = binder.why_not_query(check.sql, {**types, **CANDIDATE_COLUMNS})
            if reason:
                problems.add(file, ("checks", n, "sql"), f"the check does not bind: {reason}", found=check.sql)


def _check_item(item: Item, entity: Entity | None, file: YamlFile, at: Place, problems: Problems) -> None:
    element = ELEMENTS.get(item.element)
    if element is not None:
        _check_options(item, file, at, problems)
    if entity is None:
        return
    golden = entity.item(item.name)
    if golden is not None and element is not None and golden.element != item.element:
        message = f"{item.name} of {entity.name} has another data element"
        problems.add(file, (*at, "element"), message, found=item.element, allowed=golden.element)
    if golden is None and item.authority is not None:
        message = f"an item with an authority must be an item of {entity.name}"
        names = [known.name for known in entity.items]
        problems.add(file, (*at, "name"), message, found=item.name, allowed=names, near=True)


def _check_options(item: Item, file: YamlFile, at: Place, problems: Problems) -> None:
    element = ELEMENTS[item.element]
    known = list(dict.fromkeys([*element.options, *element.column_options]))
    for option, value in item.options.items():
        here: Place = (*at, "options", option)
        values = element.options.get(option)
        if option not in known:
            message = f"{item.element} has no such option"
            problems.add(file, here, message, found=option, allowed=known or "no options", near=bool(known))
        elif isinstance(value, tuple) and option not in element.told_options:
            found = ", ".join(map(str, value))
            problems.add(file, here, f"{item.element} takes one value of {option}, not a list", found=found)
        elif values is not None:
            message = f"{item.element} does not allow this value of {option}"
            for one in value if isinstance(value, tuple) else (value,):
                if str(one) not in values:
                    problems.add(file, here, message, found=one, allowed=values, near=True)


def _check_datums(contract: Contract, file: YamlFile, problems: Problems) -> None:
    """A list of datums: of two at least that points tell apart, of one point, with what tells which it is."""
    listed = [(n, item) for n, item in enumerate(contract.items) if isinstance(item.options.get("datum"), tuple)]
    if not listed and contract.located_by is not None:
        message = "this tells one of several datums, and no item lists several"
        problems.add(file, ("located_by",), message, allowed="options: {datum: [gcj02, bd09], …} of a point's items")
    elements = sorted(item.element for _, item in listed)
    for n, item in listed:
        at: Place = ("items", n, "options", "datum")
        found = ", ".join(item.datums)
        if len(set(item.datums)) < 2:
            problems.add(file, at, "a list names two datums at least", found=found, allowed="one datum, not in a list")
        elif len({"" if datum in ONE_DATUM else datum for datum in item.datums}) < len(item.datums):
            problems.add(file, at, "points do not tell these datums apart", found=found)
        if elements != ["latitude", "longitude"] or item.datums != contract.datums:
            message = "one longitude and one latitude have the same list of datums"
            problems.add(file, at, message, found=found, allowed=", ".join(contract.datums))
        if contract.located_by is None:
            message = "nothing says by what the datum of a day is told"
            problems.add(file, at, message, found=found, allowed="`located_by: {entity, matches, key}` in the contract")


def _check_doubts(contract: Contract, file: YamlFile, problems: Problems) -> None:
    names = [item.name for item in contract.items]
    for n, rule in enumerate(contract.rules):
        for m, item in enumerate(rule.doubts):
            if item not in names:
                at: Place = ("rules", n, "doubts", m)
                problems.add(file, at, "there is no such item", found=item, allowed=names, near=True)


def _check_valid(contract: Contract, file: YamlFile, problems: Problems) -> None:
    for key, name in contract.valid or ():
        kinds = _types(contract)
        days = [item for item, kind in kinds.items() if kind in ("DATE", "TIMESTAMP")]
        if name is not None and name not in days:
            message = "a version begins to hold on a day: name an item that is a date or time"
            problems.add(file, ("valid", key), message, found=name, allowed=days or "none here", near=True)


def _check_check_items(contract: Contract, file: YamlFile, problems: Problems) -> None:
    names = [item.name for item in contract.items]
    for n, check in enumerate(contract.checks):
        at: Place = ("checks", n)
        item = getattr(check, "item", None)
        if item is not None and item not in names:
            problems.add(file, (*at, "item"), "there is no such item", found=item, allowed=names, near=True)
        for m, item in enumerate(getattr(check, "items", ())):
            if item not in names:
                problems.add(file, (*at, "items", m), "there is no such item", found=item, allowed=names, near=True)


def _check_open(contract: Contract, file: YamlFile, problems: Problems) -> None:
    if not contract.share.open:
        return
    elements = [(item, ELEMENTS.get(item.element)) for item in contract.items]
    personal = [item.name for item, element in elements if element and element.sensitivity >= _PERSONAL]
    if personal:
        message = "personal data cannot be open to the public"
        problems.add(file, ("share", "open"), message, found=", ".join(personal), allowed="open: false")


def _check_entity_key(contract: Contract, entity: Entity, file: YamlFile, problems: Problems) -> None:
    """A dataset with none of the items of its entity's key would say nothing about any entity."""
    in_key = [item.name for item in entity.items if re.search(rf"\b{item.name}\b", entity.key)]
    if in_key and not any(item.name in in_key for item in contract.items):
        message = f"the key of {entity.name} needs at least one of its items"
        problems.add(file, ("items",), message, allowed=in_key)


def _types(contract: Contract) -> dict[str, str]:
    elements = {item.name: ELEMENTS.get(item.element) for item in contract.items}
    return {name: element.sql_type if element else "VARCHAR" for name, element in elements.items()}
