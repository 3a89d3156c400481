"""The process environment as the app sees it while it runs."""

import os
from collections.abc import Mapping
from pathlib import Path

from emulators.functions_host.app_settings import read_local_settings

_BY_DEFAULT = {"FUNCTIONS_WORKER_RUNTIME": "python", "AZURE_FUNCTIONS_ENVIRONMENT": "Development"}


class Environment:
    """Sets `os.environ` for an app and restores it."""

    def __init__(self, changed: Mapping[str, str]) -> None:
        """Sets the variables and saves their old values; use `enter`."""
        self._before = {name: os.environ.get(name) for name in changed}
        os.environ.update(changed)

    @staticmethod
    def enter(app_dir: Path, overrides: Mapping[str, str]) -> "Environment":
        """Overrides have precedence over the process environment, and that over local.settings.json.

        Raises:
            ConfigurationError: local.settings.json cannot be read.
        """
        missing = {**_BY_DEFAULT, **read_local_settings(app_dir)}
        return Environment({**{n: v for n, v in missing.items() if n not in os.environ}, **overrides})

    def leave(self) -> None:
        """Restores what was changed; what others changed meanwhile stays."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
