"""Fixtures: one Azurite a session, queues, and hosts of sample apps, one for a test or one for a module."""

import asyncio
import base64
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest
import pytest_asyncio
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from emulators.azurite import AzuriteServer
from emulators.functions_host import Engine, FunctionsHost, HostOptions, SqliteEngine
from tests.emulators.functions_host.durable_runner import Runner

APPS = Path(__file__).parent / "apps"
# For apps without durable functions: the host never connects to it.
NO_ENGINE = "http://127.0.0.1:1"


@pytest.fixture(scope="session")
def azurite() -> Iterator[AzuriteServer]:
    with AzuriteServer() as server:
        yield server


@dataclass(frozen=True)
class Queues:
    """Queues of Azurite under a prefix of their own."""

    connection_string: str
    prefix: str

    @staticmethod
    def of(azurite: AzuriteServer) -> "Queues":
        return Queues(azurite.connection_string, f"t{uuid.uuid4().hex[:10]}")

    @property
    def settings(self) -> dict[str, str]:
        return {"AzureWebJobsStorage": self.connection_string, "PREFIX": self.prefix}

    @asynccontextmanager
    async def open(self, suffix: str) -> AsyncGenerator[QueueClient]:
        name = f"{self.prefix}-{suffix}"
        async with QueueClient.from_connection_string(self.connection_string, name, api_version="2026-06-06") as client:
            yield client

    async def send(self, suffix: str, *texts: str, raw: bool = False) -> None:
        async with self.open(suffix) as queue:
            for text in texts:
                await queue.send_message(text if raw else base64.b64encode(text.encode()).decode())

    async def peek(self, suffix: str) -> list[str]:
        """The undecoded texts of visible messages."""
        async with self.open(suffix) as queue:
            return [str(message.content) for message in await queue.peek_messages(max_messages=32)]

    async def count(self, suffix: str) -> int:
        """All messages, hidden ones included; none without a queue."""
        async with self.open(suffix) as queue:
            try:
                return (await queue.get_queue_properties()).approximate_message_count or 0
            except ResourceNotFoundError:
                return 0

    async def clear(self, suffix: str) -> None:
        async with self.open(suffix) as queue:
            await queue.clear_messages()


@pytest.fixture
def queues(azurite: AzuriteServer) -> Queues:
    return Queues.of(azurite)


@pytest.fixture(autouse=True)
def _record_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Apps read the setting at each call, so that a shared host records for the test that runs."""
    monkeypatch.setenv("RECORD_TO", str(tmp_path / "recorded.jsonl"))


def host_of(
    app: str | Path,
    folder: Path,
    *,
    settings: Mapping[str, str] | None = None,
    options: HostOptions | None = None,
    engine: Engine | str | None = None,
) -> FunctionsHost:
    """A sample app in this process; its engine's file is in `folder`."""
    return FunctionsHost(
        APPS / app,
        # The loose codec of azure-functions warns once, and warnings are errors here.
        settings={"AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1", "HUB": "TestsHub", **(settings or {})},
        options=options,
        engine=engine or SqliteEngine(folder / "task-hub.db", races=False),
    )


@asynccontextmanager
async def running(host: FunctionsHost) -> AsyncGenerator[Runner]:
    """Starts a host and a session; for the fixtures of modules whose tests share one."""
    async with host, aiohttp.ClientSession() as http:
        yield Runner(host, http)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Runner]:
    """The durable sample app, for all tests of a module."""
    async with running(host_of("durable", tmp_path_factory.mktemp("durable"))) as found:
        yield found


class StartHost(Protocol):
    """Starts a sample app in this process, for one test."""

    def __call__(
        self,
        app: str | Path,
        *,
        settings: Mapping[str, str] | None = None,
        options: HostOptions | None = None,
        engine: Engine | str | None = None,
    ) -> FunctionsHost: ...


@pytest.fixture
def start_host(tmp_path: Path) -> StartHost:
    def start(app: str | Path, **more: Any) -> FunctionsHost:
        return host_of(app, tmp_path, **more)

    return start


@pytest.fixture
async def http() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def until(condition: Callable[[], object], *, within: float = 10.0) -> None:
    """Looks at `condition` until it holds; a failed wait shows its last value."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within} s; last value: {value!r}"
        await asyncio.sleep(0.01)


async def until_async(condition: Callable[[], Awaitable[object]], *, within: float = 10.0) -> None:
    """As `until`, for a condition that must be awaited."""
    deadline = time.monotonic() + within
    while not (value := await condition()):
        assert time.monotonic() < deadline, f"not within {within} s; last value: {value!r}"
        await asyncio.sleep(0.02)
