"""The host's own endpoints."""

from collections.abc import Callable
from typing import Any

import aiohttp

from tests.emulators.functions_host.conftest import Queues, StartHost, until


async def test_status_and_list(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    async with start_host("http") as host:
        async with http.get(f"{host.url}/admin/host/status") as answer:
            assert (await answer.json())["state"] == "Running"
        async with http.get(f"{host.url}/admin/functions") as answer:
            functions = await answer.json()
        async with http.get(f"{host.url}/admin/functions/ECHO") as answer:
            echo = await answer.json()
        async with http.get(f"{host.url}/admin/functions/nobody") as answer:
            assert answer.status == 404
    assert {"name": "echo", "trigger": "httpTrigger"} in functions
    assert {"type": "http", "name": "$return", "direction": "out"} in echo["config"]["bindings"]


async def test_a_queue_function_runs_by_hand_with_the_given_input(
    start_host: StartHost,
    http: aiohttp.ClientSession,
    queues: Queues,
    records: Callable[[], list[dict[str, Any]]],
) -> None:
    settings = {"AzureWebJobsStorage": queues.connection_string, "PREFIX": queues.prefix}
    async with start_host("queues", settings=settings) as host:
        async with http.post(f"{host.url}/admin/functions/on_text", json={"input": "by hand"}) as answer:
            assert answer.status == 202
        await until(records)
    assert records() == [{"event": "sync", "body": "by hand"}]


async def test_refusals(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    async with start_host("http") as host:
        for path, body, status in (("nobody", b"{}", 404), ("echo", b"{}", 400), ("echo", b"no json", 400)):
            async with http.post(f"{host.url}/admin/functions/{path}", data=body) as answer:
                assert answer.status == status, path
