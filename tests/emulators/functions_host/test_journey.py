"""The main path in one: a queue message starts an orchestration, whose activities run, and the result on a queue."""

import json
import shutil
from pathlib import Path

import aiohttp

from emulators.functions_host import HostProcess
from tests.emulators.functions_host.conftest import APPS, Queues, until_async


async def test_a_queue_message_becomes_a_finished_orchestration(
    queues: Queues, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    app = tmp_path / "app"
    shutil.copytree(APPS / "spine", app)
    async with HostProcess(app, env=queues.settings, engine="sqlite") as host:
        await queues.send("spine", json.dumps({"id": "run-1", "name": "ada"}))
        status = f"{host.url}/runtime/webhooks/durabletask/instances/run-1"

        async def ended() -> bool:
            async with http.get(status) as answer:
                return answer.status == 200

        await until_async(ended)
        async with http.get(status) as answer:
            found = await answer.json()
        assert await queues.count("spine") == 0
        assert await queues.peek("spine-results") == ["SEVMTE8gQURB"]
    assert (found["runtimeStatus"], found["output"]) == ("Completed", "HELLO ADA")
