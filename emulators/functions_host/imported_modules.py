"""Adds an app's folder to the import path and removes the app's modules afterwards."""

import sys
from pathlib import Path

_OWN_PACKAGE = __name__.split(".", 1)[0]


class ImportedModules:
    """What one app imported from its own folder.

    `FunctionApp.get_functions` works once for each app object, so a second start in the same process needs the
    app's modules to be imported again.
    """

    def __init__(self, app_dir: Path) -> None:
        """Sets the folder."""
        self._app_dir = app_dir
        self._before: frozenset[str] = frozenset()

    def enter(self) -> None:
        """Puts the folder first on `sys.path` and records what is already imported."""
        sys.path.insert(0, str(self._app_dir))
        self._before = frozenset(sys.modules)

    def leave(self) -> None:
        """Removes the folder from `sys.path`, and the modules that were imported from it."""
        if str(self._app_dir) in sys.path:
            sys.path.remove(str(self._app_dir))
        for name in [n for n in sys.modules if n not in self._before and self._is_of_app(n)]:
            del sys.modules[name]

    def _is_of_app(self, name: str) -> bool:
        # The app's folder may be the folder of this repository: the host's own modules stay.
        if name.split(".", 1)[0] == _OWN_PACKAGE:
            return False
        file = getattr(sys.modules[name], "__file__", None)
        if not file:
            return False
        path = Path(file).resolve()
        return path.is_relative_to(self._app_dir) and "site-packages" not in path.parts
