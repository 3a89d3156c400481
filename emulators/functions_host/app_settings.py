"""App settings: local.settings.json under the process environment, and `%NAME%` in bindings."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from emulators.functions_host.errors import ConfigurationError

_REFERENCE = re.compile(r"%([^%\s]+)%")
# Azurite's published development account, as `UseDevelopmentStorage=true` means it in every storage SDK but Python's.
_DEVELOPMENT_STORAGE = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
)


class AppSettings:
    """Settings by name, without regard to case (as on Windows and in .NET configuration)."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """Uses the merged values; see `load_settings`."""
        self._values = dict(values)
        self._folded = {name.replace("__", ":").casefold(): value for name, value in values.items()}

    def get(self, name: str) -> str | None:
        """The value, or None; `__` and `:` are the same separator."""
        if name in self._values:
            return self._values[name]
        return self._folded.get(name.replace("__", ":").casefold())

    def resolve(self, text: str) -> str:
        """Replaces each `%NAME%` by its setting.

        Raises:
            ConfigurationError: a setting is missing.
        """

        def value_of(match: re.Match[str]) -> str:
            value = self.get(match[1])
            if value is None:
                raise ConfigurationError(f"setting {match[1]!r} is not set, and a binding uses %{match[1]}%")
            return value

        return _REFERENCE.sub(value_of, text)

    def storage_connection(self, name: str | None) -> str:
        """The storage connection string behind a binding's `connection` (default `AzureWebJobsStorage`).

        As the Functions host does, `NAME` is looked up as `AzureWebJobsNAME` first.

        Raises:
            ConfigurationError: it is missing, or an identity-based connection.
        """
        wanted = name or "AzureWebJobsStorage"
        value = self.get(f"AzureWebJobs{wanted}") or self.get(wanted)
        if not value:
            if self.get(f"{wanted}__queueServiceUri") or self.get(f"{wanted}__accountName"):
                raise ConfigurationError(
                    f"{wanted} is an identity-based connection; this host needs a connection string in {wanted}"
                )
            raise ConfigurationError(f"setting {wanted!r} is not set: set it to a storage connection string")
        return _DEVELOPMENT_STORAGE if value.strip().lower().startswith("usedevelopmentstorage=true") else value


def load_settings(app_dir: Path, environment: Mapping[str, str]) -> AppSettings:
    """Merges local.settings.json's Values with the environment, which has precedence.

    Raises:
        ConfigurationError: the file is not readable as Core Tools would read it.
    """
    return AppSettings({**read_local_settings(app_dir), **environment})


def read_local_settings(app_dir: Path) -> dict[str, str]:
    """The `Values` of local.settings.json; empty when there is no file."""
    path = app_dir / "local.settings.json"
    root = _read(path)
    if root.get("IsEncrypted"):
        raise ConfigurationError(f"{path} is encrypted: run `func settings decrypt` first")
    values = root.get("Values", {})
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}: Values must be an object of strings")
    return {name: _as_text(value) for name, value in cast(dict[str, object], values).items()}


def _read(path: Path) -> dict[str, object]:
    """The file's JSON object; an empty one when there is no file."""
    if not path.exists():
        return {}
    try:
        document: object = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ConfigurationError(f"{path} is not valid JSON: {error}") from error
    return cast(dict[str, object], document) if isinstance(document, dict) else {}


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)
