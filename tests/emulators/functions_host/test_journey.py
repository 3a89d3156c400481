"""The main path in one: a queue message starts an orchestration, whose activities run, and the result on a queue."""

import asyncio
import json

import aiohttp

from emulators.functions_host import HostProcess
from tests.emulators.functions_host.conftest import APPS, Queues


async def test_a_queue_message_becomes_a_finished_orchestration(queues: Queues, http: aiohttp.ClientSession) -> None:
    env = {"AzureWebJobsStorage": queues.connection_string, "SPINE_QUEUE": queues.name("spine")}
    async with HostProcess(APPS / "spine", env=env, engine="memory") as host:
        await queues.send("spine", json.dumps({"id": "run-1", "name": "ada"}))
        status = await _ended(http, f"{host.url}/runtime/webhooks/durabletask/instances/run-1")
        assert await queues.count("spine") == 0
        assert await queues.peek("spine-results") == ["SEVMTE8gQURB"]
    assert (status["runtimeStatus"], status["output"]) == ("Completed", "HELLO ADA")


async def _ended(http: aiohttp.ClientSession, url: str) -> dict[str, object]:
    async with asyncio.timeout(10):
        while True:
            async with http.get(url) as answer:
                if answer.status == 200:
                    return await answer.json()
            await asyncio.sleep(0.02)
