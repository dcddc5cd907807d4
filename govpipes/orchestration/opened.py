"""The installation the assets work on: its workspace, opened on first use and once per process.

Loading definitions opens nothing, so that a code location loads without PostgreSQL. What is done with the
workspace belongs to the assets.
"""

import threading
from collections.abc import Callable

from govpipes.catalogue import Catalogue
from govpipes.pipeline import Workspace
from govpipes.settings import Settings


class Opened:
    """Settings and catalogue of one set of definitions, with the workspace they lead to.

    progress: told in words what happens, when somebody watches (the command line); None otherwise.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.progress: Callable[[str], None] | None = None
        self._lock = threading.Lock()
        self._workspace: Workspace | None = None

    @property
    def workspace(self) -> Workspace:
        """The workspace; raises SettingsError or WarehouseError when it cannot be opened."""
        with self._lock:
            if self._workspace is None:
                self._workspace = Workspace.open(self.settings, self.catalogue)
            return self._workspace

    def report(self, what: str) -> None:
        """Tell whoever watches what begins now."""
        if self.progress is not None:
            self.progress(what)

    def close(self) -> None:
        """Close the workspace; the next use opens it again."""
        with self._lock:
            if self._workspace is not None:
                self._workspace.close()
                self._workspace = None
