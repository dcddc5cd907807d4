"""What is true in the province, day by day, so that the pipeline can be scored.

Each day appends one Parquet file per kind of entity, `truth/<kind>-<day>.parquet`, with the entities that changed that
day (column `key`, `gone` for one that is no longer there, `day`). The truth of a day is the newest row of each key up
to it. What departments wrote instead is in `faults/`; what they should have written is in `delivered/`.
"""

from datetime import date
from pathlib import Path

import duckdb

from govpipes.errors import SettingsError
from govpipes.settings import Settings
from govpipes.simulator.world import World, script, world_file
from govpipes.sql import literal

KINDS = (
    *("person", "marriage", "insurance", "organization", "address", "point_of_interest", "building", "credit_record"),
    *("indicator", "observation", "certificate", "link"),
)
_RECORDS = ("licence", "penalty", "defaulter", "abnormal", "commitment")


def folder(settings: Settings) -> Path:
    """Where the truth files are."""
    return settings.home / "simulator" / "truth"


def as_of(settings: Settings, kind: str, day: date) -> str:
    """SQL (to be put in parentheses) that selects the true entities of a kind at the end of `day`.

    kind: one of KINDS. Columns: `key`, then the items under their catalogue names, then `day`, the last change.
    """
    pattern = literal(folder(settings) / f"{kind}-*.parquet")
    return (
        f"SELECT * EXCLUDE (gone) FROM (SELECT * FROM read_parquet({pattern}) WHERE day <= {literal(day)} "
        "QUALIFY row_number() OVER (PARTITION BY key ORDER BY day DESC) = 1) WHERE NOT gone"
    )


def faults(settings: Settings) -> str:
    """SQL that selects the whole fault list: dataset, day, source_key, item, fault, rule, raw, clean, expected,
    truth_key, written_on. A `corrected` row says that the rejected row was written anew, rightly."""
    return f"SELECT * FROM read_parquet({literal(settings.home / 'simulator' / 'faults' / '*.parquet')})"


def province(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, object]:
    """The seed and the preset of the province in this home.

    Raises SettingsError while another command works on it.
    """
    try:
        con.execute(f"ATTACH {literal(world_file(settings))} AS province (READ_ONLY)")
    except duckdb.Error as error:
        raise SettingsError(
            "the province cannot be opened; another command may be using it",
            found=str(error).splitlines()[0],
            next_step="wait for the other command",
        ) from error
    try:
        row = con.execute("SELECT seed, preset FROM province.identity").fetchone()
    finally:
        con.execute("DETACH province")
    return dict(zip(("seed", "preset"), row or (), strict=False))


def write(world: World, day: date) -> None:
    """Writes the truth of the entities touched on `day`; writing it again gives the same files."""
    place = folder(world.settings)
    place.mkdir(exist_ok=True)
    con = world.con
    for kind in KINDS:
        wanted = _RECORDS if kind == "credit_record" else (kind,)
        names = ", ".join(literal(name) for name in wanted)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE changed_record AS SELECT DISTINCT kind, entity FROM province.touched "
            f"WHERE kind IN ({names})"
        )
        con.execute("CREATE OR REPLACE TEMP TABLE changed AS SELECT entity FROM changed_record")
        con.execute(f"CREATE OR REPLACE TEMP TABLE truth_{kind} AS {script(f'truth/{kind}')}")
        _save(con, f"SELECT *, {literal(day)} AS day FROM truth_{kind} ORDER BY key", place / f"{kind}-{day}.parquet")


def write_faults(world: World, day: date) -> None:
    """Writes the fault list's rows of `day`."""
    place = world.folder / "faults"
    place.mkdir(exist_ok=True)
    query = (
        f"SELECT * FROM province.fault WHERE written_on = {literal(day)} "
        "ORDER BY dataset, expected, fault, item, source_key, raw"
    )
    _save(world.con, query, place / f"faults-{day}.parquet")


def _save(con: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    fresh = file.with_suffix(".new")
    con.execute(f"COPY ({query}) TO {literal(fresh)} (FORMAT parquet, COMPRESSION zstd)")
    fresh.replace(file)
