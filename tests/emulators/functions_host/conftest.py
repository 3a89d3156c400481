"""Fixtures: one Azurite a session, a queue name a test, and hosts of sample apps."""

import asyncio
import base64
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest
from azure.storage.queue.aio import QueueClient

from emulators.azurite import AzuriteServer
from emulators.functions_host import Engine, FunctionsHost, HostOptions, MemoryEngine, SqliteEngine
from tests.emulators.functions_host.durable_runner import Runner
from tests.emulators.functions_host.recorder import recorded

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="session")
def azurite() -> Iterator[AzuriteServer]:
    with AzuriteServer() as server:
        yield server


@dataclass(frozen=True)
class Queues:
    """Queues of Azurite under a prefix of the test's own."""

    connection_string: str
    prefix: str

    def name(self, suffix: str) -> str:
        return f"{self.prefix}-{suffix}"

    @asynccontextmanager
    async def open(self, suffix: str) -> AsyncGenerator[QueueClient]:
        client = QueueClient.from_connection_string(self.connection_string, self.name(suffix), api_version="2026-06-06")
        async with client:
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
        """All messages, hidden ones included."""
        async with self.open(suffix) as queue:
            return (await queue.get_queue_properties()).approximate_message_count or 0


@pytest.fixture
def queues(azurite: AzuriteServer) -> Queues:
    return Queues(azurite.connection_string, f"t{uuid.uuid4().hex[:10]}")


class StartHost(Protocol):
    """Starts a sample app in this process."""

    def __call__(
        self,
        app: str | Path,
        *,
        settings: Mapping[str, str] | None = None,
        options: HostOptions | None = None,
        engine: Engine | str = "memory",
    ) -> AbstractAsyncContextManager[FunctionsHost]: ...


@pytest.fixture
def record_file(tmp_path: Path) -> Path:
    return tmp_path / "recorded.jsonl"


@pytest.fixture
def start_host(record_file: Path) -> StartHost:
    def start(
        app: str | Path,
        *,
        settings: Mapping[str, str] | None = None,
        options: HostOptions | None = None,
        engine: Engine | str = "memory",
    ) -> AbstractAsyncContextManager[FunctionsHost]:
        values = {
            "RECORD_TO": str(record_file),
            # The loose codec of azure-functions warns once, and warnings are errors here.
            "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
            **(settings or {}),
        }
        folder = APPS / app if isinstance(app, str) else app
        return FunctionsHost(folder, settings=values, options=options, engine=engine)

    return start


@pytest.fixture
def records(record_file: Path) -> Callable[[], list[dict[str, Any]]]:
    return lambda: recorded(record_file)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(params=["memory", "sqlite"])
async def runner(
    request: pytest.FixtureRequest, start_host: StartHost, http: aiohttp.ClientSession, tmp_path: Path
) -> AsyncIterator[Runner]:
    """Whatever the engine, the app and the durable HTTP API behave alike."""
    engine = SqliteEngine(tmp_path / "task-hub.db", races=False) if request.param == "sqlite" else MemoryEngine()
    async with start_host("durable", settings={"HUB": "TestsHub"}, engine=engine) as host:
        yield Runner(host.url, host.engine_address, http)


async def until(condition: Callable[[], object], *, within: float = 10.0) -> None:
    """Looks at `condition` until it holds; a failed wait shows its last value."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within} s; last value: {value!r}"
        await asyncio.sleep(0.01)


async def until_async(condition: Callable[[], Any], *, within: float = 10.0) -> None:
    """As `until`, for a condition that must be awaited."""
    deadline = time.monotonic() + within
    while not (value := await condition()):
        assert time.monotonic() < deadline, f"not within {within} s; last value: {value!r}"
        await asyncio.sleep(0.02)
