"""What must hold of the practice province after its days, in figures (run with -s to see them)."""

import json
import sys
from contextlib import closing
from datetime import date, timedelta

import dagster as dg
import duckdb
import pytest

from govpipes import sources
from govpipes.catalogue.model import Contract
from govpipes.cli import app
from govpipes.cli.score import count_faults
from govpipes.duck import extension_file
from govpipes.errors import GateError
from govpipes.ledger import tables as t
from govpipes.orchestration import runs
from govpipes.orchestration.build import definitions_of
from govpipes.orchestration.jobs import cycle_jobs
from govpipes.orchestration.opened import Opened
from govpipes.pipeline import publish
from govpipes.pipeline.work import Work
from govpipes.registries.subjects import link_subjects
from govpipes.settings import ROOT
from govpipes.simulator import truth
from govpipes.simulator.caught import Caught
from govpipes.simulator.score import Score, days, overall, score
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


@pytest.fixture(scope="module")
def found(synced: Synced) -> Caught:
    with closing(readers.connect_release(synced.settings)) as con:
        return count_faults(con, synced.ws.catalogue, synced.settings)


def test_what_must_be_rejected_is_rejected_and_no_true_row_is(
    found: Caught, capsys: pytest.CaptureFixture[str]
) -> None:
    reject = [row for row in found.kinds if row["expected"] == "reject"]
    faults = sum(row["delivered"] for row in reject)
    with capsys.disabled():
        print(  # noqa: T201  (the figures are what this test is for)
            f"\n{faults} delivered faults of {len(reject)} kinds must be rejected; {found.rejected} rows were, "
            f"{len(found.true_rejected)} of them true"
        )
    assert faults > 100
    assert [row for row in found.missed if row["expected"] == "reject"] == []
    assert found.true_rejected == []


def test_every_other_fault_is_flagged_repaired_held_or_published(found: Caught) -> None:
    """Legally valid but odd rows are never dropped: the flag is on the claim."""
    assert found.missed == []
    assert {row["expected"] for row in found.kinds if row["caught"]} == {"flag", "hold", "keep", "reject", "repair"}


def test_syncing_the_days_again_changes_nothing(synced: Synced) -> None:
    ledger, day, release = synced.ws.ledger, synced.first, releases.current_name(synced.settings)
    before = ledger.counts(["landings", "candidates", "publications", "releases"])
    result = runs.run_sync(synced.settings, day)
    assert ledger.counts(["landings", "candidates", "publications", "releases"]) == before
    assert result.release == release


MARITAL = "marital"
"""Civil affairs' word, who hear of a spouse's death up to two days later: no fault of a row, but wrong until then."""


def test_golden_records_and_links_are_the_truth(synced: Synced, capsys: pytest.CaptureFixture[str]) -> None:
    """The targets of the base registries, on the default fault rates; what a department wrote wrongly is its own."""
    with closing(readers.connect_release(synced.settings)) as con:
        found = score(con, synced.ws.catalogue, synced.settings, synced.last)
    total = overall(found.items)
    with capsys.disabled():
        sys.stdout.write(f"\n{total['compared']} golden values compared, {total['wrong']} wrong: {total['accuracy']}\n")
    assert total["compared"] > 500_000
    assert total["accuracy"] >= 0.998
    assert [row for row in found.items if row["wrong"] > row["at_source"] and row["item"] != MARITAL] == []
    assert [row["accuracy"] for row in found.items if row["item"] == MARITAL and row["accuracy"] < 0.999] == []
    assert [row for row in found.entities if row["missing"] > 0.01 * row["true"] and row["entity"] != "record"] == []
    assert sum(row["missed_merges"] for row in found.entities) == 0
    assert sum(row["wrong_merges"] for row in found.entities) <= 1  # a permit on another person's number
    assert [row for row in found.links if row["precision"] < 0.999] == []
    # a file of licences failed on the last day: its records are not there, those that are there are linked (below)
    assert [row for row in found.links if row["recall"] < (0.97 if row["link"] == "subject" else 0.98)] == []
    assert {"subject", "holder", "hukou_address"} <= {row["link"] for row in found.links}


def test_an_old_tax_number_gives_way_to_the_uscc_and_is_kept(synced: Synced) -> None:
    with closing(readers.connect_release(synced.settings)) as con:
        old = con.execute(
            "SELECT o.tax_number = o.uscc, o.provenance.tax_number, a.entity_key = o.entity_key "
            "FROM legal_entity.organization o "
            "LEFT JOIN legal_entity.organization_aliases a ON a.alias = o.registered_tax_number "
            "WHERE length(o.registered_tax_number) = 15"
        ).fetchall()
    assert len(old) > 10
    assert set(old) == {(True, "enterprise_register", True)}


def test_a_day_that_is_past_is_scored_as_it_was_known_then(synced: Synced) -> None:
    with closing(readers.connect_release(synced.settings)) as con:
        catalogue, settings = synced.ws.catalogue, synced.settings
        there = days(con, catalogue, settings)
        first, last = (score(con, catalogue, settings, day) for day in (there[0], there[-1]))
    assert (there[0], there[-1]) == (synced.first, synced.last)
    assert sum(row["golden"] for row in first.entities) < sum(row["golden"] for row in last.entities)
    # the monthly dumps of the year's end were not there yet
    assert _entity(first, "organization")["missing"] > 100 > _entity(last, "organization")["missing"]
    assert overall(first.items)["accuracy"] >= 0.998


def test_what_is_not_there_so_far_is_not_compared(synced: Synced) -> None:
    first = min(synced.results)
    with closing(readers.connect_release(synced.settings, synced.results[first].release)) as con:
        found = score(con, synced.ws.catalogue, synced.settings, first)
    said = "\n".join(found.not_compared)
    assert "macro_economy.indicator: no dataset of it is due so far" in said
    assert "macro_economy.observation.indicator: nothing of the other side is there so far" in said
    assert "indicator" not in {row["entity"] for row in found.entities}
    assert overall(found.items)["accuracy"] >= 0.999


def _entity(found: Score, name: str) -> dict[str, int]:
    return next(row for row in found.entities if row["entity"] == name)


def test_the_texts_of_addresses_parse_to_what_they_were_made_of(
    synced: Synced, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the macro that comes with the release, on a client that has nothing but DuckLake."""
    levels = ("road", "door_number", "building", "unit", "room")
    same = " AND ".join(f"p.{level} IS NOT DISTINCT FROM t.{level}" for level in levels)
    with closing(duckdb.connect()) as con:
        con.execute(f"LOAD {literal(extension_file('ducklake'))}")
        file = synced.settings.releases_dir / releases.CURRENT
        con.execute(f"ATTACH {literal(f'ducklake:{file.resolve()}')} AS w (READ_ONLY)")
        con.execute("USE w")
        row = con.execute(
            f"SELECT count(*), count(*) FILTER ({same} AND starts_with(t.township_code, t.county_code)) FROM ("
            "SELECT entity_key, geospatial.address_parts(full_text) AS p FROM geospatial.address) a "
            f"JOIN ({truth.as_of(synced.settings, 'address', synced.last)}) t ON t.key = a.entity_key"
        ).fetchone()
        assert con.execute("SELECT count(*) FROM geospatial.address_findings").fetchone() != (0,)
    assert row is not None
    with capsys.disabled():
        sys.stdout.write(f"\n{row[1]} of {row[0]} address texts parse to their true parts\n")
    assert row[0] > 10_000
    assert row[1] >= 0.999 * row[0]


def test_points_are_checked_against_boundaries(synced: Synced) -> None:
    """Every point put on the sea is found there, every misplaced one outside its county, and no other is."""
    with closing(readers.connect_release(synced.settings)) as con:
        con.execute(f"CREATE TEMP TABLE fault AS {truth.faults(synced.settings)}")
        at_sea = "SELECT entity_key FROM geospatial.address_findings WHERE rule = 'on_the_sea'"
        put = "SELECT source_key FROM fault WHERE fault = 'GEO-03'"
        # a later survey may have written the point anew, rightly
        still = f"SELECT entity_key FROM geospatial.address WHERE longitude > 121.8 AND entity_key IN ({put})"
        found, true = (set(con.execute(query).fetchall()) for query in (at_sea, still))
        assert found == true
        assert found
        outside = "SELECT entity_key FROM geospatial.address_findings WHERE rule = 'outside_its_county'"
        moved = (
            "SELECT a.entity_key FROM geospatial.address a "
            "SEMI JOIN geospatial.boundary b ON b.division_code = a.county_code "
            f"JOIN ({truth.as_of(synced.settings, 'address', synced.last)}) t ON t.key = a.entity_key "
            "WHERE greatest(abs(a.longitude - t.longitude), abs(a.latitude - t.latitude)) > 0.02"
        )
        found, true = (set(con.execute(query).fetchall()) for query in (outside, moved))
        assert found == true
        assert found


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
    assert found[1] / found[0] > 0.98


def test_who_is_matched_without_a_number_is_who_it_is(synced: Synced, capsys: pytest.CaptureFixture[str]) -> None:
    """Damaged names, no numbers: some hundred records, a handful of which wait for a person."""
    with closing(readers.connect_release(synced.settings)) as con:
        found = score(con, synced.ws.catalogue, synced.settings, synced.last)
        states = dict(con.execute("SELECT state, count(*) FROM credit.subject_review GROUP BY state").fetchall())
        names = con.execute(
            "SELECT DISTINCT list_extract(reasons, 1) FROM credit.subject_review WHERE linked_by = 'match'"
        ).fetchall()
    row = next(row for row in found.links if row["link"] == "subject")
    with capsys.disabled():
        sys.stdout.write(f"\n{row['matched']} matched, {row['matched_wrong']} wrongly; pairs {states}\n")
    assert row["matched"] > 200
    assert row["matched_wrong"] == 0
    assert 0 < states["waiting"] < 50
    assert {"名称一致", "名称同音", "名称缺损部分之外一致", "名称差一字", "姓名一致"} <= {name for (name,) in names}


def test_a_person_decides_and_takes_it_back(
    synced: Synced, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """list, show, accept, apply, undo, apply: the release follows, and is in the end what it was."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["govpipes", "review", *arguments])
        with pytest.raises(SystemExit) as end:
            app.run()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out + told.err

    def links() -> list[tuple[object, ...]]:
        columns = "entity_key, subject_key, how, linked_by, probability"
        with readers.connect_release(synced.settings) as con:
            return con.execute(f"SELECT {columns} FROM credit.subject_link ORDER BY ALL").fetchall()

    before = links()
    waiting = json.loads(run("list", "--json")[1])
    pair = waiting[-1]["pair"]
    with readers.connect_release(synced.settings) as con:
        query = "SELECT entity_key, subject_key FROM credit.subject_review WHERE starts_with(pair, ?)"
        record, subject = con.execute(query, [pair]).fetchall()[0]
    code, shown = run("show", pair)
    assert code == 0
    assert subject not in shown or len(subject) == 9, "masked: a citizen number, not an organization's"
    assert run("show", pair, "--unmasked")[0] == 2, "values in full need a reason"
    assert run("accept", pair, "--reason", " ")[0] == 2

    code, told = run("accept", pair, "--reason", "窗口核验")
    assert code == 0
    assert "waiting" in told
    assert run("accept", pair, "--reason", "窗口核验")[0] == 6, "it stands already"
    (row,) = [row for row in json.loads(run("list", "--json")[1]) if row["pair"] == pair]
    assert row["decision"] == "accept"
    assert links() == before, "not before links are made again"
    assert run("apply")[0] == 0
    changed = [row for row in links() if row not in before]
    assert [row[:3] for row in changed] == [(record, subject, "decided")]
    assert [row["state"] for row in json.loads(run("list", "--state", "accepted", "--json")[1])] == ["accepted"]

    assert run("undo", pair, "--reason", "认错了人")[0] == 0
    assert run("apply")[0] == 0
    assert links() == before
    assert run("undo", pair, "--reason", "认错了人")[0] == 6
    told = run("show", pair)[1]
    assert "窗口核验" in told and "认错了人" in told
    assert "no single pair" in run("show", "zzzz")[1]


def test_links_are_not_made_again_where_nothing_has_changed(synced: Synced) -> None:
    snapshot = synced.ws.lake.snapshot_id()
    (link,) = synced.ws.catalogue.entity("credit", "record").links
    assert link_subjects(synced.ws, synced.ws.catalogue.entity("credit", "record"), link, "test") == 0
    assert synced.ws.lake.snapshot_id() == snapshot


# the last one: with a later day in the release, links without numbers are no longer scored for the days before
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
