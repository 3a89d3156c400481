"""The seam to the durable engine: anything that speaks the durabletask sidecar protocol at an address."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import grpc
from durabletask.internal import orchestrator_service_pb2_grpc as stubs
from durabletask.testing import create_test_backend

from workbench.functions_host.errors import ConfigurationError

_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Engine(Protocol):
    """A durable engine that the host starts before, and stops after, everything that uses it."""

    async def start(self) -> str:
        """Starts it; returns its gRPC address as "host:port"."""
        ...

    async def stop(self) -> None:
        """Stops it; safe to call twice, or before `start`."""
        ...


class MemoryEngine:
    """durabletask's own in-memory backend: nothing survives the process, made for tests and short runs."""

    # Every client that waits for an instance holds a thread; the backend's own server has only ten.
    _threads = 64

    def __init__(self) -> None:
        """Nothing runs until `start`."""
        self._backend = create_test_backend(port=0)
        self._server: grpc.Server | None = None
        self._pool: ThreadPoolExecutor | None = None
        self.address = ""

    async def start(self) -> str:
        """Serves the backend on a free port of 127.0.0.1 (its own `start` listens on every address)."""
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="memory-engine")
        self._server = grpc.server(self._pool, options=_UNLIMITED)
        stubs.add_TaskHubSidecarServiceServicer_to_server(self._backend, self._server)  # pyright: ignore[reportUnknownMemberType]
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self.address = f"127.0.0.1:{port}"
        return self.address

    async def stop(self) -> None:
        """Forgets everything."""
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
        """Takes "host:port", with or without "http://"."""
        self._address = address.removeprefix("http://").rstrip("/")
        host, _, port = self._address.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigurationError(f"{address!r} is no engine: write memory, or http://HOST:PORT")

    async def start(self) -> str:
        """Returns the address."""
        return self._address

    async def stop(self) -> None:
        """Leaves the engine running."""


def engine_named(name: str) -> Engine:
    """The engine that the command line's `--engine` names."""
    return MemoryEngine() if name == "memory" else AddressEngine(name)
