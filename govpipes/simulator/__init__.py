"""A province to practise on: its departments' systems, day by day, with known truth and known faults.

Belongs here: inventing people, organizations and events, writing them as each department would, and recording what
is true and what was damaged. Not here: anything the pipeline needs; only the CLI and the tests import this package.
"""

from govpipes.simulator.presets import PRESETS, Preset
from govpipes.simulator.province import Advance, Province

__all__ = ["PRESETS", "Advance", "Preset", "Province"]
