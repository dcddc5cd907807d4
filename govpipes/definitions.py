"""What Dagster loads: `dagster dev -m govpipes.definitions`, or workspace.yaml.

Nothing is decided here; see govpipes.orchestration.
"""

import dagster as dg

from govpipes.catalogue import load_catalogue
from govpipes.orchestration.build import build_definitions
from govpipes.settings import Settings


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of this installation: its settings from the environment, its catalogue from `data/`."""
    settings = Settings.from_env()
    return build_definitions(settings, load_catalogue(settings.data_dir))
