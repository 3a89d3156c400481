"""The host as a whole: order of start and stop, hosts one after another, engines."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from emulators.functions_host import (
    AppLoadError,
    ConfigurationError,
    FunctionsHost,
    HostError,
    HostOptions,
    MemoryEngine,
)
from tests.emulators.functions_host.broken_apps import SYNTAX, write_app
from tests.emulators.functions_host.conftest import APPS, StartHost


async def test_hosts_run_one_after_another_in_one_process(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    for app, path in (("http", "echo/fixed"), ("logs", "sync"), ("http", "echo/fixed")):
        async with start_host(app) as host, http.get(f"{host.url}/api/{path}") as answer:
            assert answer.status == 200, app


async def test_a_stopped_host_leaves_nothing_behind(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    path, environment = list(sys.path), dict(os.environ)
    async with start_host("http") as host:
        url = host.url
        assert os.environ["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development"
        assert "function_app" in sys.modules
    assert sys.path == path
    assert "function_app" not in sys.modules
    assert {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"} == {
        k: v for k, v in environment.items() if k != "PYTEST_CURRENT_TEST"
    }
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(url)


async def test_a_failed_start_stops_the_engine(start_host: StartHost, tmp_path: Path) -> None:
    engine = MemoryEngine()
    with pytest.raises(AppLoadError):
        async with start_host(write_app(tmp_path, SYNTAX), engine=engine):
            pass
    with pytest.raises(OSError, match=r"refused|111"):
        await asyncio.open_connection("127.0.0.1", int(engine.address.rpartition(":")[2]))


async def test_a_second_host_in_the_process_is_refused_and_the_first_goes_on(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("http") as first:
        with pytest.raises(HostError, match="HostProcess"):
            async with start_host("logs"):
                pass
        async with http.get(f"{first.url}/api/echo/fixed") as answer:
            assert answer.status == 200


async def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} cannot be used"):
            async with FunctionsHost(APPS / "http", port=port, engine="memory"):
                pass


async def test_storage_that_does_not_answer_is_reported(start_host: StartHost) -> None:
    dead = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:1/a;"
    with pytest.raises(ConfigurationError, match="Start Azurite"):
        async with start_host("queues", settings={"AzureWebJobsStorage": dead, "PREFIX": "x"}):
            pass


async def test_a_disabled_function_does_not_run(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    async with start_host("logs", settings={"AzureWebJobs.sync_log.Disabled": "true"}) as host:
        for path, status in (("sync", 404), ("async", 200)):
            async with http.get(f"{host.url}/api/{path}") as answer:
                assert answer.status == status, path


async def test_a_setting_that_a_binding_needs_is_named(start_host: StartHost) -> None:
    with pytest.raises(ConfigurationError, match="TICK_SCHEDULE"):
        async with start_host("timers"):
            pass


async def test_only_the_named_functions_run(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    async with start_host("logs", options=HostOptions(functions=("SYNC_LOG",))) as host:
        for path, status in (("sync", 200), ("async", 404)):
            async with http.get(f"{host.url}/api/{path}") as answer:
                assert answer.status == status, path
    with pytest.raises(ConfigurationError, match="no function 'nobody'"):
        async with start_host("logs", options=HostOptions(functions=("nobody",))):
            pass


async def test_an_orchestration_goes_on_under_the_next_host_when_the_engine_lives_elsewhere(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    engine = MemoryEngine()
    address = await engine.start()
    try:
        async with start_host("durable", settings={"HUB": "Hub"}, engine=f"http://{address}") as first:
            async with http.post(f"{first.url}/api/run/waits?id=kept", json="x") as answer:
                assert answer.status == 202
            await _until_status(http, f"{first.url}/runtime/webhooks/durabletask/instances/kept", "Running")
        async with start_host("durable", settings={"HUB": "Hub"}, engine=f"http://{address}") as second:
            status = f"{second.url}/runtime/webhooks/durabletask/instances/kept"
            async with http.post(f"{status}/raiseEvent/go", json=7) as answer:
                assert answer.status == 202
            await _until_status(http, status, "Completed")
    finally:
        await engine.stop()


async def test_an_instance_of_triggers_alone_takes_no_work(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    engine = MemoryEngine()
    address = f"http://{await engine.start()}"
    status = "runtime/webhooks/durabletask/instances/elsewhere"
    triggers = HostOptions(functions=("run",))
    try:
        async with start_host("durable", settings={"HUB": "Hub"}, engine=address, options=triggers) as first:
            async with http.post(f"{first.url}/api/run/chain?id=elsewhere", json={"n": 1}) as answer:
                assert answer.status == 202
            await asyncio.sleep(0.2)
            await _until_status(http, f"{first.url}/{status}", "Pending")
        async with start_host("durable", settings={"HUB": "Hub"}, engine=address) as second:
            await _until_status(http, f"{second.url}/{status}", "Completed")
    finally:
        await engine.stop()


async def _until_status(http: aiohttp.ClientSession, url: str, wanted: str) -> None:
    async with asyncio.timeout(10):
        while True:
            async with http.get(url) as answer:
                if (await answer.json())["runtimeStatus"] == wanted:
                    return
            await asyncio.sleep(0.01)
