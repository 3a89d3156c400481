"""The interface to the durable engine: anything with the durabletask sidecar protocol at an address."""

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import grpc
from durabletask.internal import orchestrator_service_pb2_grpc as stubs

from emulators.functions_host.durable_options import DurableOptions
from emulators.functions_host.engine_connection import UNLIMITED
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.extension_engine import ExtensionEngine
from emulators.functions_host.memory_backend import MemoryBackend


class Engine(Protocol):
    """A durable engine that the host starts before, and stops after, everything that uses it."""

    async def start(self, durable: DurableOptions | None = None) -> str:
        """Starts it with host.json's settings (`durable`); returns its gRPC address as "host:port"."""
        ...

    async def stop(self) -> None:
        """Stops it; safe to call twice, or before `start`."""
        ...


class MemoryEngine:
    """durabletask's own in-memory backend: nothing survives the process; for tests and short runs."""

    # Every client that waits for an instance holds a thread; the backend's own server has only ten.
    _threads = 64

    def __init__(self) -> None:
        """Nothing runs until `start`."""
        self._backend = MemoryBackend()
        self._server: grpc.Server | None = None
        self._pool: ThreadPoolExecutor | None = None
        self.address = ""

    async def start(self, durable: DurableOptions | None = None) -> str:
        """Serves the backend on a free port of 127.0.0.1 (its own `start` listens on every address)."""
        self._backend.default_version = durable.default_version if durable else None
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="memory-engine")
        self._server = grpc.server(self._pool, options=UNLIMITED)
        stubs.add_TaskHubSidecarServiceServicer_to_server(self._backend, self._server)  # pyright: ignore[reportUnknownMemberType]
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self.address = f"127.0.0.1:{port}"
        return self.address

    async def stop(self) -> None:
        """Deletes all state."""
        server, self._server = self._server, None
        if server is None:
            return
        self._backend.stop()
        await asyncio.to_thread(server.stop(grace=0.2).wait, 5.0)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


class AddressEngine:
    """An engine that runs elsewhere, at any durabletask endpoint without TLS."""

    def __init__(self, address: str) -> None:
        """Uses "host:port", with or without "http://"."""
        self._address = address.removeprefix("http://").rstrip("/")
        host, _, port = self._address.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigurationError(
                f"{address!r} is not an engine: use sqlite, memory, extension, or http://HOST:PORT"
            )

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
        self._hub: Any = None

    async def start(self, durable: DurableOptions | None = None) -> str:
        """Opens the file and continues its runs, with host.json's settings.

        Raises:
            ConfigurationError: the file or a setting cannot be used.
        """
        # Imported on first use: a host with another engine does not need it.
        hub_module = importlib.import_module("emulators.task_hub")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        section = (durable or DurableOptions()).section()
        try:
            options = hub_module.BackendOptions.of_durable_task(section)
            hub = hub_module.TaskHub(self._file, options=options if self._races else options.without_races())
            address: str = await hub.start()
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
    return MemoryEngine() if name == "memory" else AddressEngine(name)
