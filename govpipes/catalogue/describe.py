"""The catalogue for people: flat rows for lists, tables and data dictionaries.

Here: what to say about a dataset, as lists of flat dicts with one set of keys each. How it looks belongs to the CLI.
"""

from collections.abc import Mapping

from govpipes.catalogue.loader import Catalogue
from govpipes.catalogue.model import Check, Contract, Entity, Rule, SqlCheck
from govpipes.standards import ELEMENTS

Row = dict[str, object]


def list_rows(catalogue: Catalogue) -> list[Row]:
    """One row per dataset: what it is, who provides it, when it comes, from what kind of source."""
    return [_dataset_row(contract, catalogue) for contract in catalogue.contracts.values()]


def show(contract: Contract) -> list[Row]:
    """One contract as rows: first the dataset's own facts, then its items, rules and checks.

    Every row has part, name, title, source, element, type, authority, on_fail and detail.
    """
    return [*_fact_rows(contract), *_item_rows(contract), *_rule_rows(contract), *_check_rows(contract)]


def authority_rows(catalogue: Catalogue, entity: Entity) -> list[Row]:
    """Which dataset wins for each item of an entity (一数一源): item, rank from 1, dataset, department, authority."""
    rows: list[Row] = []
    for golden in entity.items:
        ranked = sorted(
            (item.authority, contract.dataset, contract.provider)
            for contract in catalogue.contracts_of(entity)
            for item in contract.items
            if item.name == golden.name and item.authority is not None
        )
        rows += [
            {
                "registry": entity.registry,
                "entity": entity.name,
                "item": golden.name,
                "title": golden.title.zh,
                "rank": rank,
                "dataset": dataset,
                "department": provider,
                "authority": authority,
            }
            for rank, (authority, dataset, provider) in enumerate(ranked, start=1)
        ]
    return rows


def check_text(check: Check) -> str:
    """What a check expects, in one line: `row_count min 1, drop_vs_last 0.5`."""
    said = check.model_dump(mode="json", exclude={"expect", "severity", "title", "sql"}, exclude_none=True)
    return f"{check.expect} " + ", ".join(f"{key} {_plain(value)}" for key, value in said.items())


def _dataset_row(contract: Contract, catalogue: Catalogue) -> Row:
    department = catalogue.departments[contract.provider]
    return {
        "dataset": contract.dataset,
        "title": contract.title.zh,
        "title_en": contract.title.en,
        "registry": contract.registry,
        "entity": contract.entity,
        "department": contract.provider,
        "department_title": department.title.zh,
        "cycle": contract.update.cycle.value,
        "due": contract.update.due,
        "system": contract.source.system,
        "source": contract.source.format or "table",
        "mode": contract.source.mode,
        "share": contract.share.type,
        "open": contract.share.open,
        "items": len(contract.items),
        "rules": len(contract.rules),
        "checks": len(contract.checks),
    }


def _row(part: str, name: str, title: str = "", **more: object) -> Row:
    rest = dict.fromkeys(("source", "element", "type", "authority", "on_fail", "detail"))
    return {"part": part, "name": name, "title": title, **rest, **more}


def _fact_rows(contract: Contract) -> list[Row]:
    source, update, share = contract.source, contract.update, contract.share
    facts: Mapping[str, object] = {
        "title": f"{contract.title.zh} · {contract.title.en}",
        "abstract": contract.abstract,
        "entity": f"{contract.registry}.{contract.entity}",
        "provider": contract.provider,
        "share": f"{share.type}{': ' + share.condition if share.condition else ''}",
        "methods": ", ".join(share.methods),
        "open": "yes" if share.open else "no",
        "update": f"{update.cycle.value}, due {update.due}, late after {update.grace_hours} h, since {update.start}",
        "source": f"{source.system}: {source.table or source.file} ({source.format or 'table'}, {source.mode})",
        "key": ", ".join(source.key),
        "cursor": source.cursor or "the period's end",
        "deletes": f"{source.deletes.column} = {source.deletes.value}" if source.deletes else "not marked",
        "sha256": contract.sha256,
    }
    located = contract.located_by
    told = {"located_by": f"{located.entity}.{located.matches} = {located.key}"} if located else {}
    return [_row("dataset", name, detail=value) for name, value in {**facts, **told}.items()]


def _item_rows(contract: Contract) -> list[Row]:
    return [
        _row(
            "item",
            item.name,
            item.title.zh,
            source=" / ".join(item.columns) if item.columns else f"constant {item.value}",
            element=item.element,
            type=ELEMENTS[item.element].sql_type,
            authority=item.authority,
            on_fail=item.on_error,
            detail=", ".join(filter(None, ("required" if item.required else "", _options(item.options)))),
        )
        for item in contract.items
    ]


def _rule_rows(contract: Contract) -> list[Row]:
    return [
        _row("rule", rule.name, rule.title.zh if rule.title else "", on_fail=_on_fail(rule), detail=rule.sql)
        for rule in contract.rules
    ]


def _on_fail(rule: Rule) -> str:
    return f"{rule.on_fail}, doubts {', '.join(rule.doubts)}" if rule.doubts else rule.on_fail


def _check_rows(contract: Contract) -> list[Row]:
    rows = []
    for check in contract.checks:
        written = check.sql if isinstance(check, SqlCheck) else check_text(check)
        title = check.title.zh if isinstance(check, SqlCheck) and check.title else ""
        name = check.name if isinstance(check, SqlCheck) else check.expect
        rows.append(_row("check", name, title, on_fail=check.severity, detail=written))
    return rows


def _options(options: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in options.items())


def _plain(value: object) -> str:
    return " ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
