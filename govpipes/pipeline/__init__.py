"""The path of a row: land, standardize, verify, publish, fuse, release — one module each (DESIGN.md §1).

Every step takes a Workspace, does one thing for one dataset-day (or entity), and writes to the ledger what it did.
Not here: how a department is read (sources), Dagster (orchestration), what is special to one registry (registries).
"""

from govpipes.pipeline.chunk import read_together
from govpipes.pipeline.land import Landing, land
from govpipes.pipeline.preview import preview
from govpipes.pipeline.publish import Publication, publish
from govpipes.pipeline.release import Release, release
from govpipes.pipeline.standardize import Candidate, standardize
from govpipes.pipeline.sweep import sweep
from govpipes.pipeline.verify import Verdict, verify
from govpipes.pipeline.workspace import Workspace

__all__ = [
    "Candidate",
    "Landing",
    "Publication",
    "Release",
    "Verdict",
    "Workspace",
    "land",
    "preview",
    "publish",
    "read_together",
    "release",
    "standardize",
    "sweep",
    "verify",
]
