"""Verify: judge a candidate and write down a verdict over exactly its bytes and its contract (DESIGN.md D1).

Great Expectations judges (expectations.py); here the facts are gathered, the snapshot breaker is applied and the
verdict is recorded. A check that cannot run is a failing verdict with an error, never bad data.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from govpipes.catalogue.model import Contract
from govpipes.ledger import tables as t
from govpipes.pipeline.claims import claims_table, current_rows_sql
from govpipes.pipeline.corrections import corrected_rows
from govpipes.pipeline.drift import in_words
from govpipes.pipeline.expectations import Facts, Outcome, judge
from govpipes.pipeline.standardize import Candidate, candidate_of
from govpipes.pipeline.sweep import newest_sweep
from govpipes.pipeline.workspace import Step, Workspace, explain_value, step
from govpipes.sql import literal


@dataclass(frozen=True, slots=True)
class Verdict:
    """passed: every blocking outcome passed. error: why the judging itself failed, when it did."""

    passed: bool
    outcomes: list[Outcome]
    candidate_sha256: str
    contract_sha256: str
    error: str | None
    reused: bool
    seconds: float

    @property
    def held_because(self) -> str:
        """The blocking outcomes that failed, in words; empty when there are none."""
        return held_because(self.outcomes)


def verify(ws: Workspace, contract: Contract, day: date, run_id: str) -> Verdict:
    """Judge the newest candidate of a dataset-day; a candidate that is published already keeps its passing verdict.

    A failing verdict is returned, not raised: publish is what refuses. Raises GateError when there is no candidate,
    or its file is not the one that was standardized.
    """
    with step(ws, contract, day, "verify", run_id) as running:
        candidate = candidate_of(ws, contract, day)
        known = ws.ledger.verdict(contract.dataset, day, candidate.sha256, contract.sha256)
        published = ws.ledger.latest(t.publications, contract.dataset, day)
        if known and known["passed"] and published and published["candidate_sha256"] == candidate.sha256:
            return _from_ledger(known, running)
        outcomes, error = _judge(ws, running, candidate)
        failed = [o for o in outcomes if o.severity == "block" and not o.passed]
        fact = {
            **running.facts,
            "candidate_sha256": candidate.sha256,
            "contract_sha256": contract.sha256,
            "passed": error is None and not failed,
            "error": error,
            "outcomes": [asdict(outcome) for outcome in outcomes],
        }
        ws.ledger.record(t.verdicts, fact)
        verdict = Verdict(
            bool(fact["passed"]), outcomes, candidate.sha256, contract.sha256, error, False, running.seconds
        )
        if not verdict.passed:
            running.held_because = verdict.error or verdict.held_because
        return verdict


def held_because(outcomes: Iterable[Outcome]) -> str:
    """The blocking outcomes that failed, in words."""
    return "; ".join(describe(o) for o in outcomes if not o.passed and o.severity == "block")


def describe(outcome: Outcome) -> str:
    """One outcome in words: what was expected of which item, what was found, what is allowed."""
    what = f"{outcome.item}: {outcome.expectation}" if outcome.item else outcome.expectation
    if outcome.error:
        return f"{what} could not be checked ({outcome.error})"
    found = f"{outcome.unexpected} rows" if outcome.observed is None else str(outcome.observed)
    if isinstance(outcome.observed, float) and not outcome.observed.is_integer():  # a share
        found = f"{outcome.observed:.2%}"
    return f"{what} found {found}, allowed {outcome.allowed}"


def _judge(ws: Workspace, running: Step, candidate: Candidate) -> tuple[list[Outcome], str | None]:
    contract, day = running.contract, running.day
    facts = Facts(
        rows_read=candidate.rows_read,
        accepted=candidate.accepted,
        quarantined=candidate.quarantined,
        corrected=corrected_rows(ws, contract, candidate),
        last_published_rows=ws.ledger.rows_published_before(contract.dataset, day, contract.first_day),
    )
    try:
        outcomes = judge(ws.con, candidate.path, contract, facts)
        outcomes += _vanished(ws, contract, day, candidate)
        outcomes += _swept(ws, contract, day)
        outcomes += _delivered(ws, contract, day)
        outcomes.append(_duplicates(ws, candidate))
    except Exception as error:  # a gate that breaks must say no
        return [], str(explain_value(error) or f"{type(error).__name__}: {error}")
    return outcomes, None


def _vanished(ws: Workspace, contract: Contract, day: date, candidate: Candidate) -> list[Outcome]:
    """The breaker of a full dump: how many records of its predecessor are gone (an empty source deletes nobody)."""
    if contract.source.mode != "snapshot" or contract.dataset not in ws.lake.tables("claims"):
        return []
    table = claims_table(contract)
    before = ws.lake.one(
        f"SELECT max(source_day) FROM {table} WHERE source_day < {literal(day)} AND recorded_to IS NULL"
    )
    if before is None:
        return []
    counted = ws.con.execute(
        f"SELECT count(*), count(*) FILTER (source_key NOT IN (SELECT source_key FROM read_parquet(?))) "
        f"FROM ({current_rows_sql(contract, table, before)})",
        [str(candidate.path)],
    ).fetchone()
    assert counted is not None
    return [_gone(contract, counted[1], counted[0], f"of the records of {before}")]


def _swept(ws: Workspace, contract: Contract, day: date) -> list[Outcome]:
    """The breaker of a key sweep: a source that has lost more than is allowed deletes nobody."""
    swept = newest_sweep(ws, contract, day)
    return [_gone(contract, swept["gone"], swept["known"], "of the records known")] if swept else []


def _delivered(ws: Workspace, contract: Contract, day: date) -> list[Outcome]:
    """Warnings when the columns are not those of the reading before, or not the contract's; and when a file or dump
    came again with other rows.
    """
    landing = ws.ledger.latest(t.landings, contract.dataset, day)
    if landing is None:
        return []
    names = [column["name"] for column in landing["detail"]["columns"]]
    changed = list(landing["detail"].get("drift", ()))
    changed += [f"{name} is not in the contract" for name in contract.unknown_columns_in(names)]
    changed += [f"{name} of the contract is not in the source" for name in contract.missing_columns_in(names)]
    found = [_warning("columns", "; ".join(changed), "the columns of the contract, as they were the last time")]
    replaced = landing["detail"].get("replaced") or {}
    if any(replaced.values()):
        told = in_words(replaced)
        found.append(_warning("replaced", told, "what was delivered before", sum(replaced.values())))
    return found


def _duplicates(ws: Workspace, candidate: Candidate) -> Outcome:
    """A warning when one reading has several rows of one key and time: which of them holds, only a hash decides."""
    rows = ws.lake.one(
        "SELECT count(*) - count(DISTINCT hash(source_key, cursor)) FROM read_parquet(?)", [str(candidate.path)]
    )
    told = f"{rows} rows more than keys and times" if rows else ""
    return _warning("duplicates", told, "one row per key and time", int(rows))


def _warning(expectation: str, observed: str, allowed: str, unexpected: int | None = None) -> Outcome:
    """What holds nothing and is told; nothing observed is nothing wrong."""
    return Outcome(
        expectation=expectation,
        item=None,
        severity="warn",
        passed=not observed,
        observed=observed or None,
        unexpected=unexpected,
        unexpected_share=None,
        allowed=allowed,
        error=None,
    )


def _gone(contract: Contract, gone: int, known: int, of_what: str) -> Outcome:
    share = gone / known if known else 0.0
    limit = contract.source.max_vanished
    return Outcome(
        expectation="vanished",
        item=None,
        severity="block",
        passed=share <= limit,
        observed=round(share, 4),
        unexpected=gone,
        unexpected_share=round(share, 6),
        allowed=f"at most {limit:.0%} {of_what} gone",
        error=None,
    )


def _from_ledger(row: dict[str, Any], running: Step) -> Verdict:
    outcomes = [Outcome(**outcome) for outcome in row["outcomes"]]
    return Verdict(
        row["passed"], outcomes, row["candidate_sha256"], row["contract_sha256"], row["error"], True, running.seconds
    )
