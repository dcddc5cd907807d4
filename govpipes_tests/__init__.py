"""The tests of govpipes, laid out like the packages they test.

Every test runs real, tiny datasets through the real path, offline.
"""

from govpipes import duck

SIGNED = duck._CONFIG
"""How the product opens DuckDB: extensions have to be signed."""

# DuckDB takes the hash of an extension's 35 MB every time it is loaded, 0.1 s for each; tests open thousands of
# connections. That signatures are asked for and are right is test_duck.py's. Here, and not in conftest.py, because the
# processes that tests start import this package too.
duck._CONFIG = {**SIGNED, "allow_unsigned_extensions": True}
