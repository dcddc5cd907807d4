"""Reading departments: databases and files, one period at a time, into Parquet with every source column.

Here: finding a system's address, reading, and saying exactly why something cannot be read.
Not here: what the columns mean (standards, pipeline) and what has been read before (ledger).
"""

from govpipes.sources.model import Column, Extract, FileRead, Profile, Skipped, Slice, Window
from govpipes.sources.readers import count, extract, keys, profile
from govpipes.sources.systems import System, resolve
from govpipes.sources.tables import TEXT_TIMES

__all__ = [
    "TEXT_TIMES",
    "Column",
    "Extract",
    "FileRead",
    "Profile",
    "Skipped",
    "Slice",
    "System",
    "Window",
    "count",
    "extract",
    "keys",
    "profile",
    "resolve",
]
