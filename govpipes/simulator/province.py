"""The province as commands and tests use it: advance to a day.

The order of work and what makes it safe to repeat is here; what happens is in `events.py`, what is written in
`sheets.py`, how it gets to the departments in `delivery.py` and `files.py`.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from govpipes.errors import SettingsError
from govpipes.settings import Settings
from govpipes.simulator import delivery, events, files, incidents, presets, sheets, systems, truth
from govpipes.simulator.datasets import DATASETS, SYSTEMS, Dataset
from govpipes.simulator.world import World

Progress = Callable[[str], None]
DEFAULT_START = date(2025, 12, 25)


@dataclass(frozen=True, slots=True)
class Advance:
    """What an advance did. new: false when the day was there already and nothing was changed. rows: written on the
    last day by dataset. faults: entries in the fault list for it. notes: what the user should know."""

    day: date
    new: bool
    days: int
    rows: dict[str, int] = field(default_factory=dict)
    faults: int = 0
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def summary(self) -> str:
        """One line for people."""
        if not self.new:
            return f"{self.day}: there already, nothing changed"
        return (
            f"{self.day}: {sum(self.rows.values())} rows in {len(self.rows)} datasets, {self.faults} faults listed, "
            f"{self.seconds:.1f} s"
        )


class Province:
    """A province of a given seed, size and first day. The same three give the same content in any home."""

    def __init__(self, settings: Settings, *, seed: int = 1, preset: str = "xs", start: date = DEFAULT_START) -> None:
        """start: the first day departments deliver; the opening stock is of the day before.

        Raises SettingsError for a preset there is not.
        """
        self.settings, self.seed, self.start = settings, seed, start
        self.preset = presets.preset(preset)
        self._world: World | None = None

    def advance(self, day: date, progress: Progress | None = None) -> Advance:
        """Brings every department's system to its state at the end of `day` (Asia/Shanghai), through every day before.

        A day that is there already is left as it is. A day whose delivery was interrupted is delivered again. Raises
        SettingsError for a day before the opening, for a home with another province, or when a database refuses.
        """
        begun = time.perf_counter()
        self.settings.ensure_home()
        opening = self.start - timedelta(days=1)
        if day < opening:
            raise SettingsError(
                "the province has no such day",
                found=str(day),
                allowed=f"{opening} or later",
                next_step="choose a later day, or begin a province with an earlier start",
            )
        with self._kept_world().opened() as world:
            return self._advance(world, day, progress or (lambda _: None), begun)

    def _kept_world(self) -> World:
        """The connection with its macros, made once; the province's file is open only while a day is made."""
        if self._world is None:
            self._world = World(self.settings, self.seed, self.preset, self.start)
        return self._world

    def _advance(self, world: World, day: date, progress: Progress, begun: float) -> Advance:
        last = world.last_day()
        unfinished = [
            found for (found,) in world.con.execute("SELECT day FROM province.day WHERE NOT delivered").fetchall()
        ]
        missing = _days_after(last, world.opening, day)
        if not unfinished and not missing:
            systems.ensure(self.settings, _layouts(world), self._name)
            return Advance(day, new=False, days=0)
        rows: dict[str, int] = {}
        admin: dict[str, str] = {}
        for current in [*unfinished, *missing]:
            if current not in unfinished:
                progress(f"{current}: the departments work")
                rows = _live(world, current)
            progress(f"{current}: writing into the departments' systems")
            admin = admin or systems.ensure(self.settings, _layouts(world), self._name)
            _deliver(world, current, admin)
        faults = world.value("SELECT faults FROM province.day ORDER BY day DESC LIMIT 1")
        return Advance(
            day,
            True,
            len(unfinished) + len(missing),
            rows,
            int(str(faults)),
            self._notes(),
            time.perf_counter() - begun,
        )

    @property
    def _name(self) -> str:
        """Names this province in this home; marks its databases."""
        home = hashlib.sha256(str(self.settings.home).encode()).hexdigest()[:12]
        return f"{home} seed {self.seed} {self.preset.name} {self.start}"

    def _notes(self) -> tuple[str, ...]:
        if self.settings.mariadb_url:
            return ()
        return ("GOVPIPES_MARIADB_URL is not set: the health department keeps its births in SQLite",)


def _days_after(last: date | None, opening: date, day: date) -> list[date]:
    first = opening if last is None else last + timedelta(days=1)
    return [first + timedelta(days=n) for n in range((day - first).days + 1)]


def _live(world: World, day: date) -> dict[str, int]:
    """Makes the day and its sheets in one transaction of the province's own file."""
    world.set_day(day)
    con = world.con
    con.execute("BEGIN")
    try:
        con.execute("DELETE FROM province.touched")
        if day == world.opening:
            events.open_stock(world)
        else:
            con.execute(
                "INSERT INTO province.outbox SELECT dataset, entity, correct_on, 'change' FROM province.open_fault "
                "WHERE correct_on = getvariable('day')"
            )
            events.live_day(world)
        rows = sheets.fill(world, day)
        incidents.record(world, day)
        con.execute(
            "INSERT INTO province.day SELECT getvariable('day'), false, count(*) FROM province.fault "
            "WHERE written_on = getvariable('day')"
        )
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    return rows


def _deliver(world: World, day: date, admin: dict[str, str]) -> None:
    """Writes the day's sheets, truth and faults; safe to repeat until the day is marked delivered."""
    world.set_day(day)
    writing = [dataset for dataset in DATASETS.values() if sheets.writes_today(world, dataset, day)]
    tables = [dataset for dataset in writing if dataset.form == "table"]
    delivery.write_tables(world, tables, admin)
    files.write_files(world, [dataset for dataset in writing if dataset not in tables], day)
    truth.write(world, day)
    truth.write_faults(world, day)
    world.con.execute("UPDATE province.day SET delivered = true WHERE day = ?", [day])


def _layouts(world: World) -> dict[str, list[str]]:
    """The columns of every table dataset."""
    tables: list[Dataset] = [d for d in DATASETS.values() if SYSTEMS[d.system].kind != "files"]
    return {dataset.name: sheets.columns(world, dataset) for dataset in tables}
