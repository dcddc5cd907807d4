"""A page per base registry, in Markdown: entities and how they are tied, items with their authorities, rules, datasets.

Everything on a page is the catalogue's; `govpipes catalogue pages` writes them, and a test holds them up to date.
"""

from collections.abc import Iterable, Iterator, Sequence

from govpipes.catalogue.describe import authority_rows
from govpipes.catalogue.loader import Catalogue
from govpipes.catalogue.model import Entity, Registry
from govpipes.standards import ELEMENTS

_MADE = "Made from the catalogue by `govpipes catalogue pages`."


def page(catalogue: Catalogue, registry: Registry) -> str:
    """The page of a registry."""
    parts = [
        f"# {registry.title.zh} · {registry.title.en}",
        f"{_MADE} How to use what is here: [registries.md](../registries.md).",
        registry.description,
        _diagram(registry),
    ]
    for entity in registry.entities:
        parts += _entity(catalogue, entity)
    return "\n\n".join(parts) + "\n"


def index(catalogue: Catalogue) -> str:
    """The page that leads to the registries' pages."""
    rows = [
        (f"[{r.title.zh}]({r.registry}.md)", r.title.en, ", ".join(f"`{r.registry}.{e.table}`" for e in r.entities))
        for r in catalogue.registries.values()
    ]
    return "\n\n".join(["# 基础库 · Base registries", _MADE, _table(("基础库", "registry", "tables"), rows)]) + "\n"


def _diagram(registry: Registry) -> str:
    lines = ["```mermaid", "erDiagram"]
    for entity in registry.entities:
        lines += [f"  {entity.name} {{", f'    text entity_key PK "{entity.title.zh}"']
        linked = {link.item for link in entity.links}
        lines += [f'    text {item.name} FK "{item.title.zh}"' for item in entity.items if item.name in linked]
        lines.append("  }")
        for link in entity.links:
            for target in link.to:
                there, name = target.split(".")
                other = name if there == registry.registry else f"{there}_{name}"
                lines.append(f'  {entity.name} }}o--o| {other} : "{link.title.zh}"')
    return "\n".join([*lines, "```"])


def _entity(catalogue: Catalogue, entity: Entity) -> Iterator[str]:
    yield f"## {entity.title.zh} · {entity.title.en}"
    yield f"`{entity.registry}.{entity.table}`. {entity.description or ''}".strip()
    yield f"Key: `{' '.join(entity.key.split())}`."
    yield _table(
        ("item", "信息项", "data element", "standard", "一数一源: who counts, first to last"), _items(catalogue, entity)
    )
    if entity.derived:
        derived = [(f"`{d.name}`", d.title.zh, f"`{' '.join(d.sql.split())}`") for d in entity.derived]
        yield _table(("derived", "派生项", "from"), derived)
    if entity.aliases:
        yield _table(
            ("alias", "其他编号", "meaning"), [(f"`{a.name}`", a.title.zh, a.title.en) for a in entity.aliases]
        )
    if entity.links:
        links = [
            (f"`{k.name}`", k.title.zh, ", ".join(f"`{to}`" for to in k.to), k.item + ", matched" * bool(k.matching))
            for k in entity.links
        ]
        yield _table(("link", "关联", "to", "by"), links)
    if entity.rules:
        yield _table(("rule", "规则核查", "meaning"), [(f"`{r.name}`", r.title.zh, r.title.en) for r in entity.rules])
    datasets = [
        (f"`{c.dataset}`", c.title.zh, catalogue.departments[c.provider].title.zh, c.update.cycle.value)
        for c in catalogue.contracts_of(entity)
    ]
    yield _table(("dataset", "信息资源", "department", "cycle"), datasets)


def _items(catalogue: Catalogue, entity: Entity) -> Iterator[Sequence[str]]:
    ranked: dict[str, list[str]] = {}
    for row in authority_rows(catalogue, entity):
        ranked.setdefault(str(row["item"]), []).append(f"`{row['dataset']}`")
    for item in entity.items:
        element = ELEMENTS[item.element]
        yield (
            f"`{item.name}`",
            item.title.zh,
            element.title_zh,
            element.standard,
            ", ".join(ranked.get(item.name, ["—"])),
        )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
