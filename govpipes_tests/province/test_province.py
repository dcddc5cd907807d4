"""What must hold of the practice province after its days, in figures (run with -s to see them)."""

import sys
from contextlib import closing
from datetime import date, timedelta

import dagster as dg
import pytest

from govpipes import sources
from govpipes.catalogue.model import Contract
from govpipes.errors import GateError
from govpipes.ledger import tables as t
from govpipes.orchestration import runs
from govpipes.orchestration.build import definitions_of
from govpipes.orchestration.jobs import cycle_jobs
from govpipes.orchestration.opened import Opened
from govpipes.pipeline import publish
from govpipes.pipeline.work import Work
from govpipes.settings import ROOT
from govpipes.simulator.score import overall, score
from govpipes.sql import ident, literal
from govpipes.warehouse import readers, releases
from govpipes_tests.province.conftest import Synced


def test_every_cycle_closed_a_period_and_good_datasets_are_published(synced: Synced) -> None:
    days = synced.ws.ledger.dataset_days()
    published = {row["dataset"] for row in days if row["state"] == "published"}
    assert published == set(synced.ws.catalogue.contracts)
    assert all(result.fused for result in synced.results.values())


def test_conservation_holds_for_every_dataset_day(synced: Synced) -> None:
    balance = synced.ws.ledger.balance()
    published = [row for row in synced.ws.ledger.dataset_days() if row["state"] == "published"]
    assert len(balance) == len(published) > 80
    assert [row for row in balance if not row["balanced"]] == []


def test_what_landed_is_what_was_standardized(synced: Synced) -> None:
    """Source rows = landed rows = rows read, where a day was read once."""
    ledger = synced.ws.ledger
    for row in ledger.dataset_days():
        readings = ledger.latest(t.readings, row["dataset"], row["day"])
        candidate = ledger.latest(t.candidates, row["dataset"], row["day"])
        if readings and candidate and len(candidate["landing_ids"]) == 1:
            assert readings["rows"] == candidate["rows_read"], (row["dataset"], row["day"])


def delivered_faults(synced: Synced, expected: str) -> str:
    """SQL: the faults of that kind that a department really delivered: its rows still had the faulty value.

    A table that changes in place can have forgotten a fault before anybody read it.
    """
    con, ws = synced.ws.con, synced.ws
    home = synced.settings.home
    con.execute(
        "CREATE OR REPLACE TEMP TABLE fault AS SELECT * FROM "
        f"read_parquet({literal(str(home / 'simulator' / 'faults' / '*.parquet'))}, union_by_name = true)"
    )
    parts = []
    for dataset, item in con.execute("SELECT DISTINCT dataset, item FROM fault WHERE item IS NOT NULL").fetchall():
        contract = ws.catalogue.contracts[dataset]
        landed = str(home / "landing" / dataset / "*" / "*" / "part.parquet")
        columns = [name for (name, *_) in con.execute(f"DESCRIBE {landed_sql(landed)}").fetchall()]
        if item not in columns:
            continue
        parts.append(
            f"SELECT DISTINCT {literal(dataset)} AS dataset, {literal(item)} AS item, "
            f"{key_sql(contract)} AS source_key, CAST({ident(item)} AS VARCHAR) AS raw FROM ({landed_sql(landed)})"
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE delivered AS {' UNION ALL '.join(parts)}")
    return (
        f"SELECT DISTINCT f.* FROM fault f JOIN delivered d ON d.dataset = f.dataset AND d.item = f.item "
        f"AND d.source_key = f.source_key AND d.raw IS NOT DISTINCT FROM f.raw WHERE f.expected = {literal(expected)}"
    )


def landed_sql(files: str) -> str:
    return f"SELECT * FROM read_parquet({literal(files)}, union_by_name = true)"


def key_sql(contract: Contract) -> str:
    return f"concat_ws('|', {', '.join(f'trim(CAST({ident(key)} AS VARCHAR))' for key in contract.source.key)})"


def quarantined(synced: Synced) -> str:
    """SQL: (dataset, source_key, reasons) of every rejected row of the newest candidates."""
    parts = []
    for row in synced.ws.ledger.dataset_days():
        candidate = synced.ws.ledger.latest(t.candidates, row["dataset"], row["day"])
        if candidate:
            parts.append(
                f"SELECT {literal(row['dataset'])} AS dataset, {literal(row['day'])} AS day, source_key, reasons "
                f"FROM read_parquet({literal(candidate['quarantine_path'])})"
            )
    return " UNION ALL ".join(parts)


def test_what_must_be_rejected_is_rejected_and_no_true_row_is(
    synced: Synced, capsys: pytest.CaptureFixture[str]
) -> None:
    con = synced.ws.con
    con.execute(f"CREATE OR REPLACE TEMP TABLE wrong AS {delivered_faults(synced, 'reject')}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE caught AS {quarantined(synced)}")
    missed = con.execute(
        "SELECT dataset, source_key, fault, item, raw FROM wrong w WHERE NOT EXISTS "
        "(SELECT 1 FROM caught c WHERE c.dataset = w.dataset AND c.source_key = w.source_key)"
    ).fetchall()
    innocent = con.execute(
        "SELECT dataset, day, source_key, reasons FROM caught c WHERE NOT EXISTS "
        "(SELECT 1 FROM fault f WHERE f.expected = 'reject' AND f.dataset = c.dataset "
        "AND f.source_key IS NOT DISTINCT FROM c.source_key)"
    ).fetchall()
    faults, kinds = con.execute("SELECT count(*), count(DISTINCT fault) FROM wrong").fetchone() or (0, 0)
    rows = con.execute("SELECT count(*) FROM caught").fetchone() or (0,)
    with capsys.disabled():
        print(  # noqa: T201  (the figures are what this test is for)
            f"\n{faults} delivered faults of {kinds} kinds must be rejected, {faults - len(missed)} were; "
            f"{rows[0]} rows were rejected, {len(innocent)} of them without a fault"
        )
    assert faults > 100
    assert missed == []
    assert innocent == []


BETWEEN_DEPARTMENTS = ("FK-01", "ID-08", "LEG-02")
"""Rules that compare records of several departments: no row can break them by itself."""


def test_what_must_be_flagged_is_published_with_a_flag(synced: Synced) -> None:
    """Legally valid but odd rows are never dropped: the flag is on the claim."""
    con = synced.ws.con
    con.execute(f"CREATE OR REPLACE TEMP TABLE odd AS {delivered_faults(synced, 'flag')}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE caught AS {quarantined(synced)}")
    claims = " UNION ALL ".join(
        f"SELECT {literal(name)} AS dataset, source_key FROM lake.claims.{ident(name)} WHERE len(flags) > 0"
        for name in synced.ws.catalogue.contracts
    )
    unflagged = con.execute(
        f"SELECT dataset, source_key, fault, item, raw FROM odd WHERE rule NOT IN {BETWEEN_DEPARTMENTS} "
        f"AND (dataset, source_key) NOT IN (SELECT (dataset, source_key) FROM ({claims})) "
        "AND (dataset, source_key) NOT IN (SELECT (dataset, source_key) FROM caught WHERE source_key IS NOT NULL)"
    ).fetchall()
    assert unflagged == []


def test_a_held_day_is_published_by_no_way_until_the_department_corrects_it(synced: Synced) -> None:
    """Over a day of its own: a file with impossible coordinates, then the corrected file."""
    day, dataset = synced.last + timedelta(days=1), "points_of_interest"
    folder = sources.resolve(synced.settings, synced.settings.data_dir, "transport_files").folder / "poi"
    good = (folder / f"poi_{synced.last:%Y%m%d}.csv").read_text(encoding="utf-8")
    head, *rows = good.splitlines(keepends=True)
    longitude = head.strip().split(",").index("lng")
    broken = [",".join([*(cells := row.split(","))[:longitude], "1.5", *cells[longitude + 1 :]]) for row in rows]
    file = folder / f"poi_{day:%Y%m%d}.csv"
    file.write_text(head + "".join(broken), encoding="utf-8")

    others = ["household_register", dataset]
    result = runs.run_sync(synced.settings, day, others)
    assert {found.dataset: found.state for found in result.dataset_days} == {
        "household_register": "held",  # nobody lived this day: no rows, which is below its floor
        dataset: "held",
    }
    contract = synced.ws.catalogue.contracts[dataset]
    with pytest.raises(GateError, match="held"):
        publish(synced.ws, contract, day, "by hand")
    assert not _materialize(synced, contract, day, "claims")
    assert runs.run_work(synced.settings, [Work((dataset,), (day,))]).having("published") == []
    assert rows_of(synced, dataset, day) == 0

    file.write_text(good, encoding="utf-8")
    result = runs.run_sync(synced.settings, day, [dataset])
    assert [found.state for found in result.dataset_days] == ["published"]
    assert rows_of(synced, dataset, day) > 0


def _materialize(synced: Synced, contract: Contract, day: date, stage: str) -> bool:
    """Materialize one asset of a dataset-day alone, as a person may in the UI."""
    opened = Opened(synced.settings, synced.ws.catalogue)
    job = next(job for job in cycle_jobs([contract]) if job.partition(day))
    with dg.DagsterInstance.get() as instance, closing(opened):
        done = (
            definitions_of(opened)
            .resolve_job_def(job.name)
            .execute_in_process(
                instance=instance,
                partition_key=day.isoformat(),
                asset_selection=[dg.AssetKey([stage, contract.dataset])],
                raise_on_error=False,
            )
        )
    return done.success


def rows_of(synced: Synced, dataset: str, day: date) -> int:
    """How many claims of a dataset-day are in the warehouse now."""
    return int(
        synced.ws.lake.one(
            f"SELECT count(*) FROM lake.claims.{ident(dataset)} WHERE source_day = ? AND recorded_to IS NULL", [day]
        )
    )


def test_syncing_the_days_again_changes_nothing(synced: Synced) -> None:
    ledger, day, release = synced.ws.ledger, synced.first, releases.current_name(synced.settings)
    before = ledger.counts(["landings", "candidates", "publications", "releases"])
    result = runs.run_sync(synced.settings, day)
    assert ledger.counts(["landings", "candidates", "publications", "releases"]) == before
    assert result.release == release


def test_golden_records_and_links_are_the_truth(synced: Synced, capsys: pytest.CaptureFixture[str]) -> None:
    """The targets of the base registries, on the default fault rates."""
    with readers.connect_release(synced.settings) as con:
        found = score(con, synced.ws.catalogue, synced.settings, synced.last)
    total = overall(found.items)
    with capsys.disabled():
        sys.stdout.write(f"\n{total['compared']} golden values compared, {total['wrong']} wrong: {total['accuracy']}\n")
    assert total["compared"] > 300_000
    assert total["accuracy"] >= 0.998
    assert [row for row in found.entities if row["missing"] > 0.01 * row["true"] and row["entity"] != "record"] == []
    assert [row for row in found.links if row["precision"] < 0.999 or row["recall"] < 0.98] == []


def test_the_documented_questions_have_answers(synced: Synced) -> None:
    """docs/registries.md: every statement of the seven questions, as it is written there."""
    text = (ROOT / "docs" / "registries.md").read_text(encoding="utf-8").split("## Seven questions")[1]
    statements = [part for part in text.split("```sql")[1].split("```")[0].split(";") if part.strip()]
    assert len(statements) == 7
    with readers.connect_release(synced.settings) as con:
        answers = [con.execute(statement.replace("…", "320102")).fetchall() for statement in statements]
    assert answers[0][0][0] > 0
    assert answers[1][0][0] > 0


def test_credit_records_are_linked_to_their_subjects(synced: Synced) -> None:
    with readers.connect_release(synced.settings) as con:
        found = con.execute(
            "SELECT count(*), count(subject_key), count(*) FILTER (linked_by = 'number') FROM credit.subject_link"
        ).fetchone()
    assert found is not None
    assert found[1] / found[0] > 0.8
