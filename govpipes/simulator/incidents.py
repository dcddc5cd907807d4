"""Whole files that go wrong, by a fixed calendar counted from the province's first day.

Each is set right some days later, and until then the dataset-day can only be held; or never, and the pipeline must
cope. Row faults are in `faults.py`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from govpipes.simulator.datasets import DATASETS, Dataset
from govpipes.simulator.world import World

EVERY_DAYS = 30


@dataclass(frozen=True, slots=True)
class Incident:
    """`kind` happens to the file of `dataset` on day number `offset` (0 = the first) of every thirty; the right file
    comes `later` days after it (0: this is how it stays, and the pipeline must cope).

    kinds: foreign_column (a column nobody announced), mojibake (text decoded wrongly and saved again), missing (the
    file does not come), empty (a header and no rows), renamed (the key column has another name), bd09 (the points are
    in BD-09 and not in GCJ-02). rule: of a file that is put right, what its rows are flagged for.
    """

    offset: int
    dataset: str
    kind: str
    fault: str
    expected: str
    later: int
    rule: str | None = None


CALENDAR = (
    Incident(2, "administrative_licences", "foreign_column", "D26", "flag", 0),
    Incident(4, "marriages", "mojibake", "D7", "hold", 2),
    Incident(6, "administrative_licences", "missing", "D25", "hold", 1),
    Incident(7, "points_of_interest", "empty", "D29", "hold", 1),
    Incident(8, "marriages", "renamed", "D26", "hold", 1),
    # DOMAIN §7.6: 30 % of the housing department's files
    *(Incident(number, "buildings", "bd09", "D17", "repair", 0, "GEO-04") for number in range(2, EVERY_DAYS, 3)),
)


def of(world: World, day: date) -> list[Incident]:
    """What goes wrong on `day`; nothing before the first day."""
    number = (day - world.start).days
    return [incident for incident in CALENDAR if number >= 0 and number % EVERY_DAYS == incident.offset]


def befall(world: World, dataset: Dataset, day: date) -> None:
    """What goes wrong before rows are typed: all points of the TEMP table `sheet` are in another datum."""
    if any((incident.dataset, incident.kind) == (dataset.name, "bd09") for incident in of(world, day)):
        point = ", ".join(f"TRY_CAST({name} AS DOUBLE)" for name in ("经度", "纬度"))
        world.con.execute(
            f"UPDATE sheet SET 经度 = printf('%.6f', bd_lon({point})), 纬度 = printf('%.6f', bd_lat({point}))"
        )


def record(world: World, day: date) -> None:
    """Notes today's incidents and corrections in the fault list."""
    for incident in of(world, day):
        _note(world, day, day, incident, incident.expected)
        if incident.later:
            world.con.execute(
                "INSERT INTO province.incident VALUES (?, ?, ?, ?)",
                [incident.dataset, day, incident.kind, day + timedelta(days=incident.later)],
            )
    due = world.con.execute("SELECT dataset, day, kind FROM province.incident WHERE correct_on = ?", [day]).fetchall()
    for dataset, wrong_day, kind in due:
        incident = next(i for i in CALENDAR if (i.dataset, i.kind) == (dataset, kind))
        _note(world, day, wrong_day, incident, "corrected")


def to_correct(world: World, day: date) -> list[tuple[str, str]]:
    """Datasets and file names whose right file comes on `day`."""
    due = world.con.execute(
        "SELECT dataset, day FROM province.incident WHERE correct_on = ? ORDER BY ALL", [day]
    ).fetchall()
    return [(dataset, DATASETS[dataset].file_name(wrong_day)) for dataset, wrong_day in due]


def _note(world: World, written: date, day: date, incident: Incident, expected: str) -> None:
    world.con.execute(
        "INSERT INTO province.fault VALUES (?, ?, '*', NULL, ?, ?, ?, NULL, ?, NULL, ?)",
        [incident.dataset, day, incident.fault, incident.rule, incident.kind, expected, written],
    )
