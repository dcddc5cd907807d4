"""The rows each department writes on a day, first as they should be, then with faults.

A sheet is the table `province.out_<dataset>`; `delivery.py` and `files.py` bring it to the department's system.
"""

from datetime import date

from govpipes.days import closes_on
from govpipes.simulator import faults, incidents
from govpipes.simulator.datasets import DATASETS, Dataset
from govpipes.simulator.world import World, script
from govpipes.sql import column_list, literal

EXTRA = ("entity", "truth_key", "what", "due", "is_new", "correction", "old_key", "fault")


def fill(world: World, day: date) -> dict[str, int]:
    """Makes the sheets of `day`; the rows of each dataset that writes today."""
    rows: dict[str, int] = {}
    for dataset in DATASETS.values():
        if writes_today(world, dataset, day):
            rows[dataset.name] = _fill(world, dataset, day)
    return rows


def writes_today(world: World, dataset: Dataset, day: date) -> bool:
    """Whether the department writes on `day`: tables from the opening on, files when a period closes."""
    return dataset.form == "table" or (day >= world.start and closes_on(dataset.cycle, day))


def columns(world: World, dataset: Dataset) -> list[str]:
    """The columns of the department's table or file, in its order."""
    found = world.con.execute(f"SELECT * FROM province.out_{dataset.name} LIMIT 0").description
    return [column[0] for column in found or [] if column[0] not in EXTRA]


def _fill(world: World, dataset: Dataset, day: date) -> int:
    con = world.con
    con.execute(
        "CREATE OR REPLACE TEMP TABLE outgoing AS SELECT entity, max(due) AS due, "
        "CASE WHEN bool_or(what = 'opening') THEN 'opening' "
        "WHEN bool_or(what = 'new') THEN 'new' ELSE 'change' END AS what "
        "FROM province.outbox WHERE dataset = ? AND due <= getvariable('day') GROUP BY entity",
        [dataset.name],
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE sheet AS SELECT r.*, coalesce(o.what, 'snapshot') AS what, "
        f"coalesce(o.due, getvariable('day')) AS due, coalesce(o.what IN ('opening', 'new'), true) AS is_new, "
        f"r.entity IN (SELECT entity FROM province.open_fault WHERE dataset = {literal(dataset.name)}) AS correction, "
        f"k.source_key AS old_key, NULL::VARCHAR AS fault FROM ({script(f'render/{dataset.name}')}) r "
        f"LEFT JOIN outgoing o ON o.entity = r.entity "
        f"LEFT JOIN province.damaged_key k ON k.dataset = {literal(dataset.name)} AND k.entity = r.entity "
        "ORDER BY r.entity"
    )
    found = con.execute("SELECT * FROM sheet LIMIT 0").description or []
    names = [column[0] for column in found if column[0] not in EXTRA]
    _save_clean(world, dataset, day, names)
    about = dataset.day_of(day, world.start)
    _corrections(world, dataset, about)
    if dataset.name == "social_organisations":
        _vanished(world, dataset, about)
    incidents.befall(world, dataset, day)
    faults.inject(con, dataset, about, names)
    con.execute(f"CREATE OR REPLACE TABLE province.out_{dataset.name} AS SELECT * FROM sheet")
    con.execute("DELETE FROM province.outbox WHERE dataset = ? AND due <= getvariable('day')", [dataset.name])
    # the truth of a day has everything a department wrote on it as it was then
    con.execute("INSERT INTO province.touched SELECT ?, entity FROM sheet", [dataset.subject])
    count = world.value("SELECT count(*) FROM sheet")
    assert isinstance(count, int)
    return count


def _save_clean(world: World, dataset: Dataset, day: date, names: list[str]) -> None:
    """Keeps the rows as they should be: `delivered/<dataset>-<day>.parquet`, the department's columns and truth_key."""
    place = world.folder / "delivered"
    place.mkdir(exist_ok=True)
    world.con.execute(
        f"COPY (SELECT truth_key, {column_list(names)} FROM sheet) "
        f"TO {literal(place / f'{dataset.name}-{day}.parquet')} (FORMAT parquet, COMPRESSION zstd)"
    )


def _corrections(world: World, dataset: Dataset, about: date) -> None:
    """Rows written anew after a rejected one: they are right now, and the list says so."""
    if not world.value("SELECT count(*) FROM sheet WHERE correction OR old_key IS NOT NULL"):
        return
    key = " || '|' || ".join(f"coalesce(\"{name}\", '')" for name in dataset.key)
    world.con.execute(
        f"INSERT INTO province.fault SELECT f.dataset, ?, {key}, f.item, f.fault, NULL, f.raw, NULL, 'corrected', "
        "s.truth_key, "
        "getvariable('day') FROM sheet s JOIN province.open_fault f ON f.dataset = ? AND f.entity = s.entity",
        [about, dataset.name],
    )
    for table in ("open_fault", "damaged_key"):
        world.con.execute(
            f"DELETE FROM province.{table} WHERE dataset = ? AND entity IN (SELECT entity FROM sheet)", [dataset.name]
        )


def _vanished(world: World, dataset: Dataset, about: date) -> None:
    """A closed organization was in the last statement and is not in this one (D23); nothing else tells."""
    if about.replace(day=1) <= world.start.replace(day=1):
        return
    world.con.execute(
        "INSERT INTO province.fault SELECT ?, ?, uscc, NULL, 'D23', NULL, NULL, NULL, 'repair', organization_code, "
        "getvariable('day') FROM province.organization WHERE kind = 'social' AND cancelled_on >= ?",
        [dataset.name, about, about],
    )
