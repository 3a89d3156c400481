"""A worker whose process ends in a call; for durable and queue functions see their own tests."""

import asyncio

import aiohttp
import pytest

from emulators.functions_host.worker_exits import WorkerExits, WorkerProcessExitException
from tests.emulators.functions_host.conftest import NO_ENGINE, StartHost


async def test_an_http_request_is_answered_with_500(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    async with start_host("small", engine=NO_ENGINE) as host:
        host.lose_worker_in("sync_log")
        for status in (500, 200):
            async with http.get(f"{host.url}/api/sync") as answer:
                assert answer.status == status


async def test_every_call_under_way_fails_with_it_and_the_next_one_works() -> None:
    exits, open_now = WorkerExits(), asyncio.Event()

    async def slow() -> str:
        open_now.set()
        await asyncio.Event().wait()
        return "never"

    async def quick() -> str:
        return "answer"

    exits.choose("quick")
    under_way = asyncio.create_task(exits.run("slow", slow))
    await open_now.wait()
    with pytest.raises(WorkerProcessExitException, match="exited with code 137"):
        await exits.run("Quick", quick)
    with pytest.raises(WorkerProcessExitException):
        await under_way
    assert await exits.run("quick", quick) == "answer"
