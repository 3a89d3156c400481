"""The interface to the durable engine: anything with the durabletask sidecar protocol at an address."""

from pathlib import Path
from typing import Protocol

from emulators.functions_host.durable_options import DurableOptions
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.extension_engine import ExtensionEngine
from emulators.task_hub import TaskHub


class Engine(Protocol):
    """A durable engine that the host starts before, and stops after, everything that uses it."""

    async def start(self, durable: DurableOptions | None = None) -> str:
        """Starts it with host.json's settings (`durable`); returns its gRPC address as "host:port"."""
        ...

    async def stop(self) -> None:
        """Stops it; safe to call twice, or before `start`."""
        ...


class AddressEngine:
    """An engine that runs elsewhere, at any durabletask endpoint without TLS."""

    def __init__(self, address: str) -> None:
        """Uses "host:port", with or without "http://"."""
        self._address = address.removeprefix("http://").rstrip("/")
        host, _, port = self._address.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigurationError(f"{address!r} is not an engine: use sqlite, extension, or http://HOST:PORT")

    async def start(self, durable: DurableOptions | None = None) -> str:
        """Returns the address; that engine has settings of its own."""
        return self._address

    async def stop(self) -> None:
        """Leaves the engine running."""


class SqliteEngine:
    """The embedded engine: one SQLite file, so that runs continue after the process was killed."""

    def __init__(self, file: Path, *, races: bool = True) -> None:
        """`start` creates `file` and its folder. Without `races` timers are exact and no early event is lost."""
        self._file = file
        self._races = races
        self._hub: TaskHub | None = None

    async def start(self, durable: DurableOptions | None = None) -> str:
        """Opens the file and continues its runs, with host.json's settings.

        Raises:
            ConfigurationError: the file or a setting cannot be used.
        """
        options = (durable or DurableOptions()).backend
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            hub = TaskHub(self._file, options=options if self._races else options.without_races())
            address = await hub.start()
        except Exception as error:
            raise ConfigurationError(f"the engine sqlite cannot start: {error}") from error
        self._hub = hub
        return address

    async def stop(self) -> None:
        """Closes the file; everything acknowledged is in it."""
        hub, self._hub = self._hub, None
        if hub is not None:
            await hub.stop()


def engine_named(name: str, app_dir: Path) -> Engine:
    """The engine that the command line's `--engine` names; `sqlite` keeps its file in the app's `.durable` folder."""
    if name == "extension":
        return ExtensionEngine()
    if name == "sqlite":
        return SqliteEngine(app_dir / ".durable" / "task-hub.db")
    return AddressEngine(name)
