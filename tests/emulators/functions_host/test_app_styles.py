"""The styles in which a durable app can be written, each in a small app of its own."""

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.emulators.functions_host.conftest import StartHost, until
from tests.emulators.functions_host.durable_runner import Runner

# The old names warn wherever they are used; that they work is the point.
old_style = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@old_style
async def test_one_argument_orchestrators_entities_retries_blueprints_and_the_old_client(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("compat") as host:
        runner = Runner(host.url, host.engine_address, http)
        ended = await runner.run("orchestration", {"name": "ada"})
        assert ended["output"] == ["hello ada after 3 tries", ["hello a", "hello b"], 200]
        async with http.get(f"{host.url}/api/state/one") as answer:
            assert await answer.text() == "True 21"


@old_style
async def test_durable_http_calls_poll_an_accepted_operation_to_its_end(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("compat") as host:
        runner = Runner(host.url, host.engine_address, http)
        request = {"method": "POST", "uri": f"{host.url}/api/operation/start", "content": {"a": 1}}
        ended = await runner.run("fetch", request)
        polls = 'POST fetch {"a": 1}; GET fetch ; GET fetch '
        assert ended["output"] == {"status": 200, "content": polls}
        ended = await runner.run("fetch", {"method": "GET", "uri": f"{host.url}/api/operation/fails"})
        assert ended["output"] == {"status": 410, "content": "gone"}


async def test_two_argument_orchestrators_an_entity_class_locks_and_a_blocking_client(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("native") as host:
        runner = Runner(host.url, host.engine_address, http)
        packed, one, other, alone = (await runner.run("orchestration", ["ab", "x", "x", "y"]))["output"]
        assert packed == {"packed": "abab"}
        assert {one, other} == {7, 4}, "one after the other on the same stock, whichever came first"
        assert alone == 7
        assert (await runner.run("plain", "ada"))["output"] == "no generator for ada"


async def test_scheduled_tasks_start_orchestrations_until_they_are_deleted(
    start_host: StartHost, http: aiohttp.ClientSession, records: Callable[[], list[dict[str, Any]]]
) -> None:
    async with start_host("schedules") as host:
        async with http.put(f"{host.url}/api/schedule") as answer:
            assert (answer.status, await answer.text()) == (200, "ScheduleStatus.ACTIVE")
        await until(lambda: len(records()) >= 2)
        async with http.delete(f"{host.url}/api/schedule") as answer:
            assert (answer.status, await answer.text()) == (200, "None")
    assert len({entry["id"] for entry in records()}) == len(records())
