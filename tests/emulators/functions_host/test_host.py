"""The host as a whole: order of start and stop, hosts one after another, engines, what it refuses to start."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from emulators.functions_host import AppLoadError, ConfigurationError, FunctionsHost, HostError, HostOptions
from emulators.functions_host.durable_options import DurableOptions
from emulators.task_hub import BackendOptions, HubThread
from tests.emulators.functions_host.broken_apps import RETRIES, SYNTAX, write_app
from tests.emulators.functions_host.conftest import APPS, NO_ENGINE, StartHost
from tests.emulators.functions_host.durable_runner import Runner


async def test_hosts_run_one_after_another_in_one_process_and_leave_nothing_behind(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    path, environment = list(sys.path), dict(os.environ)
    url = ""
    for app, route in (("http", "echo/fixed"), ("small", "sync"), ("http", "echo/fixed")):
        async with start_host(app, engine=NO_ENGINE) as host, http.get(f"{host.url}/api/{route}") as answer:
            assert answer.status == 200, app
            assert os.environ["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development"
            assert "function_app" in sys.modules
            url = host.url
    assert sys.path == path
    assert "function_app" not in sys.modules
    assert dict(os.environ) == environment
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(url)


class RecordingEngine:
    """An engine that only remembers what it was asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def start(self, durable: DurableOptions | None = None) -> str:
        self.calls.append("start")
        return "127.0.0.1:1"

    async def stop(self) -> None:
        self.calls.append("stop")


async def test_a_failed_start_stops_the_engine(start_host: StartHost, tmp_path: Path) -> None:
    engine = RecordingEngine()
    with pytest.raises(AppLoadError):
        async with start_host(write_app(tmp_path, SYNTAX), engine=engine):
            pass
    assert engine.calls == ["start", "stop"]


async def test_a_second_host_in_the_process_is_refused_and_the_first_goes_on(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("http", engine=NO_ENGINE) as first:
        with pytest.raises(HostError, match="HostProcess"):
            async with start_host("small", engine=NO_ENGINE):
                pass
        async with http.get(f"{first.url}/api/echo/fixed") as answer:
            assert answer.status == 200


async def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} cannot be used"):
            async with FunctionsHost(APPS / "http", port=port, engine=NO_ENGINE):
                pass


async def test_storage_that_does_not_answer_is_reported(start_host: StartHost) -> None:
    dead = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:1/a;"
    with pytest.raises(ConfigurationError, match="Start Azurite"):
        async with start_host("queues", settings={"AzureWebJobsStorage": dead, "PREFIX": "x"}):
            pass


async def test_what_a_binding_needs_or_this_host_has_not_is_named(start_host: StartHost, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TICK_SCHEDULE"):
        async with start_host("timers"):
            pass
    with pytest.raises(ConfigurationError, match="function flaky: this host has no retry policies"):
        async with start_host(write_app(tmp_path, RETRIES)):
            pass


async def test_only_the_named_functions_run_and_no_disabled_one(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    for settings, functions, expected in (
        ({"AzureWebJobs.sync_log.Disabled": "true"}, (), {"sync": 404, "async": 200}),
        (None, ("SYNC_LOG",), {"sync": 200, "async": 404}),
    ):
        options = HostOptions(functions=functions)
        async with start_host("small", engine=NO_ENGINE, settings=settings, options=options) as host:
            for path, status in expected.items():
                async with http.get(f"{host.url}/api/{path}") as answer:
                    assert answer.status == status, path
    with pytest.raises(ConfigurationError, match="no function 'nobody'"):
        async with start_host("small", engine=NO_ENGINE, options=HostOptions(functions=("nobody",))):
            pass


async def test_an_instance_of_triggers_alone_takes_no_work_and_the_next_host_at_the_engine_does(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    hub = HubThread(options=BackendOptions(default_version="1").without_races())
    address = f"http://{hub.start()}"
    try:
        async with start_host("durable", engine=address, options=HostOptions(functions=("run",))) as first:
            runner = Runner(first, http)
            await runner.start("chain", {"n": 1}, "elsewhere")
            await asyncio.sleep(0.2)
            await runner.until("elsewhere", "Pending")
        async with start_host("durable", engine=address) as second:
            assert (await Runner(second, http).until("elsewhere", "Completed"))["output"] == 3
    finally:
        hub.stop()
