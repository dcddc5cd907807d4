"""The simulator's memory and its DuckDB connection: one file per home, with the SQL macros and word lists loaded.

What happens in the province is SQL under `sql/`; this module only runs it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.resources import files
from pathlib import Path

import duckdb

from govpipes import duck, standards
from govpipes.errors import SettingsError
from govpipes.settings import Settings
from govpipes.simulator.lexicon import word_lists
from govpipes.simulator.presets import Preset, volumes
from govpipes.sql import literal

_FORMAT = 4
_SMALL = 100_000  # people; below, hundreds of tiny statements cost less on one thread
_SCRIPTS = files("govpipes.simulator") / "sql"


def script(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (_SCRIPTS / f"{name}.sql").read_text("utf-8")


def world_file(settings: Settings) -> Path:
    """The file that holds the province of this home."""
    return settings.home / "simulator" / "province.duckdb"


class World:
    """A connection with every macro loaded, on which the province's file is opened as catalogue `province`."""

    def __init__(self, settings: Settings, seed: int, preset: Preset, start: date) -> None:
        self.settings, self.seed, self.preset, self.start = settings, seed, preset, start
        self.con = duck.connect(settings, "postgres_scanner", "sqlite_scanner", "spatial")
        if preset.people < _SMALL:
            self.con.execute("SET threads = 1")
        # The file is rewritten in part every day: packing it would cost more than it saves.
        self.con.execute("SET force_compression = 'uncompressed'")
        self._prepare()

    @contextmanager
    def opened(self) -> Iterator["World"]:
        """The province's file, open and ours alone meanwhile; made when there is none.

        Raises SettingsError when another command has it open or it holds another province.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._attach()
        try:
            self._check_identity()
            if self.last_day() is not None:
                self.run("lists")
            yield self
        finally:
            self.con.execute("DETACH province")

    @property
    def folder(self) -> Path:
        """Where the simulator keeps its memory, the truth, the faults and the departments' files."""
        return world_file(self.settings).parent

    @property
    def opening(self) -> date:
        """The day the opening stock is of: the one before `start`."""
        return date.fromordinal(self.start.toordinal() - 1)

    def close(self) -> None:
        """Ends the connection."""
        self.con.close()

    def run(self, name: str) -> None:
        """Runs `sql/<name>.sql`."""
        self.con.execute(script(name))

    def set(self, **variables: object) -> None:
        """Sets DuckDB variables the scripts read with `getvariable`."""
        for name, value in variables.items():
            self.con.execute(f"SET VARIABLE {name} = {literal(value)}")

    def value(self, sql: str, *parameters: object) -> object:
        """The first value of a query's first row; None when there is no row."""
        row = self.con.execute(sql, list(parameters)).fetchone()
        return row[0] if row else None

    def last_day(self) -> date | None:
        """The newest day there is, delivered or not."""
        found = self.value("SELECT max(day) FROM province.day")
        return found if isinstance(found, date) else None

    def set_day(self, day: date) -> None:
        """Makes `day` the day the scripts are about, with its numbers of events."""
        self.set(day=day, **volumes(self.preset, day))

    def _attach(self) -> None:
        file = world_file(self.settings)
        fresh = not file.exists()
        try:
            self.con.execute(f"ATTACH {literal(file)} AS province")
        except duckdb.Error as error:
            raise SettingsError(
                "the province cannot be opened; another command may be using it",
                found=str(error).splitlines()[0],
                next_step=f"wait for the other command, or remove {self.folder} to begin anew",
            ) from error
        if fresh or self.value("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'province'") == 0:
            self._found()

    def _found(self) -> None:
        self.con.execute("BEGIN")
        self.run("schema")
        self.con.execute(
            "INSERT INTO province.identity VALUES (?, ?, ?, ?)", [self.seed, self.preset.name, self.start, _FORMAT]
        )
        self.con.execute("COMMIT")

    def _check_identity(self) -> None:
        row = self.con.execute("SELECT seed, preset, start, format FROM province.identity").fetchone()
        if row != (self.seed, self.preset.name, self.start, _FORMAT):
            there = "seed {}, preset {}, start {}, format {}".format(*row) if row else "nothing"
            raise SettingsError(
                "this home holds another province",
                found=there,
                allowed=f"seed {self.seed}, preset {self.preset.name}, start {self.start}, format {_FORMAT}",
                next_step=f"use the province that is there, another GOVPIPES_HOME, or remove {self.folder}",
            )

    def _prepare(self) -> None:
        standards.install(self.con, self.settings.codes_dir)
        reference = self.settings.data_dir / "reference"
        names = {
            "divisions": "divisions",
            "validity": "code_validity",
            "changes": "code_changes",
            "townships": "townships",
        }
        self.set(seed=self.seed, region_prefix=self.preset.region, **self._sizes())
        self.set(**{f"{name}_file": str(reference / f"jiangsu_{file}.csv") for name, file in names.items()})
        for name, words in word_lists().items():
            self.con.execute(f"SET VARIABLE {name} = [{', '.join(literal(word) for word in words)}]")
        self.run("macros")

    def _sizes(self) -> dict[str, int]:
        people, organizations = self.preset.people, self.preset.organizations
        households = round(people * 0.82 / 2.46)
        return {
            "people": people,
            "households": households,
            "homes": households + round(people * 0.12) + 20,
            "premises": max(40, round(organizations * 0.6)),
            "deceased": max(60, round(people * 0.014)),
            "points": max(200, round(people * 0.03)),
            "organizations": organizations,
            "social": max(130, round(organizations * 0.012)),
            "insured": round(people * 0.15),
            "institutions": max(50, round(organizations * 0.005)),
            "unions": max(100, round(organizations * 0.025)),
            "collectives": max(40, round(organizations * 0.004)),
        }
