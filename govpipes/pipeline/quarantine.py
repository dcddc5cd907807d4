"""The quarantine as people see it: rejected rows with their reasons and the department's own values, masked by default.

Writing it is standardize's; what became of a row is in corrections.py, a department's worklist in worklist.py.
"""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from govpipes import standards
from govpipes.catalogue import Catalogue, load_catalogue
from govpipes.catalogue.model import Contract
from govpipes.duck import connect
from govpipes.ledger import Ledger
from govpipes.ledger import tables as t
from govpipes.settings import Settings
from govpipes.sql import literal
from govpipes.standards import ELEMENTS, REASONS
from govpipes.warehouse.readers import CITIZEN_NUMBER, MOBILE_NUMBER

Row = dict[str, Any]

_OWN_REASONS = {
    "KEY": ("记录主键为空", "the record's key is empty"),
    "CURSOR": ("更新时间为空或无法识别", "the time of change is empty or cannot be read"),
    "FUTURE": ("更新时间晚于所属时段，可能时钟有误", "the time of change lies in the future: a clock is wrong"),
    "REQUIRED": ("必填项为空", "a required item is empty"),
}
"""Reasons the pipeline itself gives, beside the standards' rules: Chinese, English."""


def rows(
    settings: Settings,
    ledger: Ledger,
    dataset: str | None = None,
    day: date | None = None,
    reason: str | None = None,
    limit: int = 100,
    *,
    masked: bool = True,
) -> list[Row]:
    """Rejected rows of the newest candidates: dataset, day, source_key, row_number, reasons (codes), why (words), raw.

    reason: only rows with this "item:CODE". Personal values are masked unless `masked` is off.
    """
    catalogue = load_catalogue(settings.data_dir)
    con = connect(settings)
    standards.install(con, settings.codes_dir)
    found: list[Row] = []
    try:
        for candidate in _candidates(ledger, dataset, day):
            contract = catalogue.contracts.get(candidate["dataset"])
            if contract is None or not Path(candidate["quarantine_path"]).is_file() or len(found) >= limit:
                continue
            wanted = f"WHERE list_contains(reasons, {literal(reason)})" if reason else ""
            query = (
                f"SELECT source_key, row_number, landing_id, reasons, raw::VARCHAR FROM read_parquet(?) {wanted} "
                f"ORDER BY landing_id, row_number LIMIT {limit - len(found)}"
            )
            for key, number, landing, reasons, raw in con.execute(query, [candidate["quarantine_path"]]).fetchall():
                values = json.loads(raw)
                found.append(
                    {
                        "dataset": contract.dataset,
                        "registry": contract.registry,
                        "day": candidate["day"],
                        "source_key": key,
                        "row_number": number,
                        "landing": landing,
                        "reasons": list(reasons),
                        "why": "；".join(explain_reason(code, contract)[0] for code in reasons),
                        "raw": values,
                    }
                )
        return [mask_row(con, catalogue, row) for row in found] if masked else found
    finally:
        con.close()


def summary(settings: Settings, ledger: Ledger, dataset: str | None = None, day: date | None = None) -> list[Row]:
    """How many rows each reason rejected: dataset, registry, day, item, reason, rows, text_zh, text_en."""
    catalogue = load_catalogue(settings.data_dir)
    found = []
    for candidate in _candidates(ledger, dataset, day):
        contract = catalogue.contracts.get(candidate["dataset"])
        for code, count in candidate["reasons"].items():
            item, _, rule = code.rpartition(":")
            zh, en = explain_reason(code, contract)
            found.append(
                {
                    "dataset": candidate["dataset"],
                    "registry": candidate["registry"],
                    "day": candidate["day"],
                    "item": item or None,
                    "reason": rule,
                    "rows": count,
                    "text_zh": zh,
                    "text_en": en,
                }
            )
    return found


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


def _candidates(ledger: Ledger, dataset: str | None, day: date | None) -> list[Row]:
    """The newest candidate of each dataset-day, newest day first, those with rejected rows only."""
    days = ledger.dataset_days(day, day, dataset)
    newest = [ledger.latest(t.candidates, row["dataset"], row["day"]) for row in days if row["rows_quarantined"]]
    return sorted((c for c in newest if c), key=lambda c: (-c["day"].toordinal(), c["dataset"]))


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
