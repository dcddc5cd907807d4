"""`govpipes simulate`: let the practice province's departments live through some days.

Here: days and messages. What happens in the province belongs to `govpipes.simulator`.
"""

from datetime import date, timedelta
from typing import Annotated

import typer

from govpipes.cli import output
from govpipes.cli.options import parse_day
from govpipes.cli.progress import Reporter
from govpipes.days import days_between
from govpipes.errors import SettingsError
from govpipes.settings import Settings

DEFAULT_START = date(2025, 12, 25)
DEFAULT_SEED = 20190215
DEFAULT_DAYS = 10

Preset = Annotated[str, typer.Option("--preset", help="xs: one county; s: a prefecture; m: a province.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed makes the same province.")]
Start = Annotated[date, typer.Option("--start", parser=parse_day, metavar="DAY", help="The first day.")]
Days = Annotated[int, typer.Option("--days", min=1, max=3660, help="How many days.")]


def simulate(
    preset: Preset = "xs", seed: Seed = DEFAULT_SEED, start: Start = DEFAULT_START, days: Days = DEFAULT_DAYS
) -> None:
    """Let a practice province live some days.

    Fills its departments' systems, with faults that are known.
    """
    from govpipes.simulator import Province

    settings = Settings.from_env()
    check_practice_home(settings)
    province = Province(settings, seed=seed, preset=preset, start=start)
    with Reporter(total=days) as reporter:
        for day in days_between(start, start + timedelta(days=days - 1)):
            reporter.start(f"province {day}")
            advance = province.advance(day, progress=reporter.step)
            reporter.done(advance.summary)
    for line in advance.notes:
        output.note(line)
    output.say(f"the truth and the list of faults are in {settings.home / 'simulator'}")


def check_practice_home(settings: Settings) -> None:
    """Refuse to put practice systems beside real ones.

    Raises SettingsError when this home knows source systems that the simulator did not make.
    """
    if settings.systems_file.exists() and not (settings.home / "simulator").exists():
        raise SettingsError(
            "the practice province would mix with the source systems of this installation",
            found=str(settings.systems_file),
            next_step="set GOVPIPES_HOME to an empty folder for practice",
        )
