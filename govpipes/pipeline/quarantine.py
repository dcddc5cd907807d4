"""The quarantine as people see it: rejected rows with their reasons and the department's own values, masked by default.

Writing it is standardize's; what became of a row is in corrections.py, a department's worklist in worklist.py.
"""

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from govpipes.catalogue import Catalogue
from govpipes.catalogue.model import Contract
from govpipes.pipeline.corrections import entries
from govpipes.pipeline.workspace import Workspace
from govpipes.sql import literal
from govpipes.standards import ELEMENTS, REASONS
from govpipes.warehouse.readers import CITIZEN_NUMBER, MOBILE_NUMBER

Row = dict[str, Any]
State = Literal["open", "resolved", "all"]

_OWN_REASONS = {
    "KEY": ("记录主键为空", "the record's key is empty"),
    "CURSOR": ("更新时间为空或无法识别", "the time of change is empty or cannot be read"),
    "FUTURE": ("更新时间晚于所属时段，可能时钟有误", "the time of change lies in the future: a clock is wrong"),
    "REQUIRED": ("必填项为空", "a required item is empty"),
}
"""Reasons the pipeline itself gives, beside the standards' rules: Chinese, English."""


def rows(
    ws: Workspace,
    contracts: Sequence[Contract],
    state: State = "open",
    day: date | None = None,
    reason: str | None = None,
    limit: int = 100,
    *,
    masked: bool = True,
) -> list[Row]:
    """Rejected rows of these datasets, each once, the newest first.

    dataset, registry, day (the last it was read for), source_key, row_number, landing, state, reasons (codes), why
    (words), raw. reason: only rows with this "item:CODE". Personal values are masked unless `masked` is off.
    """
    wanted = f"list_contains(reasons, {literal(reason)})" if reason else "TRUE"
    query = (
        "SELECT dataset, day, source_key, row_number, landing_id AS landing, state, reasons, raw FROM chosen "
        f"WHERE {wanted} ORDER BY day DESC, dataset, landing_id, row_number LIMIT {limit}"
    )
    made = []
    for row in _entries(ws, contracts, state, day, query):
        contract = ws.catalogue.contracts[row["dataset"]]
        why = "；".join(explain_reason(code, contract)[0] for code in row["reasons"])
        made.append({**row, "registry": contract.registry, "why": why, "raw": json.loads(row["raw"])})
    return [mask_row(ws.con, ws.catalogue, row) for row in made] if masked else made


def summary(ws: Workspace, contracts: Sequence[Contract], state: State = "open", day: date | None = None) -> list[Row]:
    """How many rows each reason rejected: dataset, registry, day, state, item, reason, rows, text_zh, text_en."""
    query = (
        "SELECT dataset, day, state, code, count(*) AS rows FROM (SELECT *, unnest(reasons) AS code FROM chosen) "
        "GROUP BY ALL ORDER BY day DESC, dataset, state, rows DESC, code"
    )
    made = []
    for row in _entries(ws, contracts, state, day, query):
        contract, code = ws.catalogue.contracts[row["dataset"]], row.pop("code")
        item, _, rule = code.rpartition(":")
        zh, en = explain_reason(code, contract)
        told = {"registry": contract.registry, "item": item or None, "reason": rule, "text_zh": zh, "text_en": en}
        made.append({**row, **told})
    return made


def _entries(ws: Workspace, contracts: Sequence[Contract], state: State, day: date | None, query: str) -> list[Row]:
    """The rows of a query over `chosen`: the entries in this state, of this day where one is given."""
    entries(ws, contracts)
    where = "TRUE" if state == "all" else f"state = {literal(state)}"
    shown = "last_day" if day is None else f"{literal(day)}::DATE"
    if day is not None:
        where += f" AND {shown} BETWEEN first_day AND last_day"
    answer = ws.con.execute(f"WITH chosen AS (SELECT *, {shown} AS day FROM entries WHERE {where}) {query}")
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def explain_reason(code: str, contract: Contract | None) -> tuple[str, str]:
    """An "item:CODE" in words, Chinese and English; a contract's own rule by its title."""
    item, _, rule = code.rpartition(":")
    if item == "rule":
        own = next((r for r in contract.rules if r.name == rule), None) if contract else None
        return (own.title.zh, own.title.en) if own and own.title else (rule, rule)
    zh, en = (
        _OWN_REASONS.get(rule) or (REASONS[rule].zh, REASONS[rule].en)
        if rule in REASONS or rule in _OWN_REASONS
        else (rule, rule)
    )
    known = contract.item(item) if contract and item else None
    return (f"{known.title.zh}：{zh}", f"{item}: {en}") if known else (zh, en)


def mask_row(con: Any, catalogue: Catalogue, row: Row) -> Row:
    """Mask the raw values of personal items, and the key when it is one of them."""
    contract = catalogue.contracts[row["dataset"]]
    masks = {
        column: ELEMENTS[item.element].mask
        for item in contract.items
        for column in item.columns
        if ELEMENTS[item.element].mask != "none"
    }
    known = set(contract.source_columns)
    raw = {
        # nobody has said what an unknown column holds
        name: _masked(con, masks.get(name), value) if name in known or value is None else "***"
        for name, value in row["raw"].items()
    }
    keys = [masks[column] for column in contract.source.key if column in masks]
    source_key = _masked(con, keys[0], row["source_key"]) if keys else row["source_key"]
    return {**row, "raw": raw, "source_key": source_key}


def _masked(con: Any, mask: str | None, value: object) -> object:
    if value is None:
        return value
    if mask is None:
        without_ids = re.sub(CITIZEN_NUMBER, r"\1**********\2", str(value))
        text = re.sub(MOBILE_NUMBER, r"\1****\2", without_ids)
        return value if text == str(value) else text
    return con.execute(f"SELECT mask_{mask}(?::VARCHAR)", [str(value)]).fetchone()[0]
