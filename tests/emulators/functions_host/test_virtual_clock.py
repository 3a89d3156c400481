"""How an orchestrator is tested on a clock that jumps: a day of timers in a moment, through the real worker library."""

import time
from datetime import datetime

import aiohttp
import pytest

from emulators.task_hub import BackendOptions, HubThread
from emulators.task_hub.clocks import VirtualClock
from tests.emulators.functions_host.conftest import StartHost
from tests.emulators.functions_host.durable_runner import Runner
from tests.emulators.task_hub.in_memory_backend import TimedBackend


@pytest.mark.parametrize("kind", [TimedBackend, HubThread])
async def test_a_day_of_timers_passes_in_a_moment(
    start_host: StartHost, http: aiohttp.ClientSession, kind: type[TimedBackend] | type[HubThread]
) -> None:
    clock = VirtualClock()
    # The hub's timers are late by a poll unless its options say otherwise.
    on_time = BackendOptions().without_races()
    engine = HubThread(clock=clock, options=on_time) if kind is HubThread else TimedBackend(clock)
    address = engine.start()
    began, first = time.monotonic(), clock.now()
    try:
        async with start_host("durable", settings={"HUB": "Hub"}, engine=f"http://{address}") as host:
            ended = await Runner(host.url, host.engine_address, http).run("patient", 24)
    finally:
        engine.stop()
    assert ended["output"] == 24
    assert (clock.now() - first).total_seconds() == pytest.approx(86_400, abs=60)
    assert datetime.fromisoformat(ended["lastUpdatedTime"]) >= first.replace(microsecond=0)
    assert time.monotonic() - began < 60
