"""The queue trigger's limits, each on a host of its own: batches, leases, pauses, a stop."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

import pytest

from emulators.functions_host import FunctionsHost, HostOptions
from tests.emulators.functions_host.conftest import NO_ENGINE, Queues, StartHost, until, until_async
from tests.emulators.functions_host.recorder import recorded


class Listen(Protocol):
    """Starts a host whose slow function takes so many seconds."""

    def __call__(
        self, slow_seconds: float = 0, options: HostOptions | None = None, **settings: str
    ) -> AbstractAsyncContextManager[FunctionsHost]: ...


@pytest.fixture
def listen(start_host: StartHost, queues: Queues) -> Listen:
    def start(slow_seconds: float = 0, options: HostOptions | None = None, **settings: str) -> FunctionsHost:
        values = {**queues.settings, "SLOW_SECONDS": str(slow_seconds), **settings}
        return start_host("queues", settings=values, options=options, engine=NO_ENGINE)

    return start


def _events() -> list[str]:
    return [str(r["event"]) for r in recorded()]


async def test_no_more_than_a_batch_and_the_threshold_run_at_once(listen: Listen, queues: Queues) -> None:
    async with queues.open("in") as queue:
        await queue.create_queue()
    await queues.send("in", *(f"slow {n}" for n in range(14)))
    async with listen(0.15):
        await until(lambda: _events().count("end") == 14)
    running = peak = 0
    for event in _events():
        running += 1 if event == "begin" else -1
        peak = max(peak, running)
    assert 4 <= peak <= 6  # batchSize 4 + newBatchThreshold 2


async def test_a_message_stays_hidden_while_its_function_runs_longer_than_the_lease(
    listen: Listen, queues: Queues
) -> None:
    async def is_empty() -> bool:
        return await queues.count("in") == 0

    async with listen(1.7, HostOptions(queue_lease=timedelta(seconds=1))):
        await queues.send("in", "slow")
        await until(lambda: "end" in _events())
        await until_async(is_empty)
    assert _events() == ["begin", "end"]


async def test_a_failed_message_waits_for_the_visibility_timeout(listen: Listen, queues: Queues) -> None:
    async def is_hidden() -> bool:
        return await queues.count("in") == 1 and await queues.peek("in") == []

    async with listen(AzureFunctionsJobHost__extensions__queues__visibilityTimeout="00:00:30"):
        await queues.send("in", "fail")
        await until(lambda: _events() == ["begin"])
        await until_async(is_hidden)
        await asyncio.sleep(0.3)
    assert _events() == ["begin"]
    assert await queues.count("in") == 1


async def test_stopping_lets_the_running_function_end_and_its_message_go(listen: Listen, queues: Queues) -> None:
    async with listen(0.5):
        await queues.send("in", "slow")
        await until(lambda: _events() == ["begin"])
    assert _events() == ["begin", "end"]
    assert await queues.count("in") == 0


async def test_stopping_does_not_wait_longer_than_the_limit(listen: Listen, queues: Queues) -> None:
    async with listen(30, HostOptions(drain_seconds=0.2)):
        await queues.send("in", "slow")
        await until(lambda: _events() == ["begin"])
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 5
    assert await queues.count("in") == 1, "the message must come again after its lease"
