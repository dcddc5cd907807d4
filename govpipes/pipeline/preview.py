"""A few rows of a candidate as a Markdown table for people, personal values masked."""

from pathlib import Path

from govpipes.catalogue.model import Contract
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import ident
from govpipes.warehouse.readers import masked, masks_of


def preview(ws: Workspace, contract: Contract, candidate: Path, rows: int = 5) -> str:
    """The first rows of a candidate: item titles in Chinese as the head, values cut at 40 characters."""
    masks = masks_of(contract.items)
    shown = [item for item in contract.items if item.value is None]
    inner = ", ".join(f"{ident(item.name)}" for item in shown)
    texts = ", ".join(f"CAST({ident(item.name)} AS VARCHAR) AS {ident(item.name)}" for item in shown)
    columns = ", ".join(masked(item.name, "VARCHAR", masks) for item in shown)
    found = ws.con.execute(
        f"SELECT {columns} FROM (SELECT {texts} FROM (SELECT {inner} FROM read_parquet(?) LIMIT {int(rows)}))",
        [str(candidate)],
    ).fetchall()
    head = "| " + " | ".join(item.title.zh for item in shown) + " |"
    rule = "|" + "---|" * len(shown)
    return "\n".join([head, rule, *("| " + " | ".join(_cell(value) for value in row) + " |" for row in found)])


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    text = text.replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= 40 else text[:39] + "…"
