"""National standards as DuckDB SQL macros: data elements, code lists, rule codes.

What a value of a standard looks like and how to tell a bad one belongs here; it knows no dataset and no department.
The work is in `sql/*.sql`; Python only loads it.
"""

from govpipes.standards.elements import ELEMENTS, MASKS, Element
from govpipes.standards.install import fingerprint, install
from govpipes.standards.reasons import REASONS, Reason

__all__ = ["ELEMENTS", "MASKS", "REASONS", "Element", "Reason", "fingerprint", "install"]
