"""The app under the local host: real worker library, real queues, real HTTP; the simulator; virtual time."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from emulators.arm import Simulator, VmSpec
from emulators.azurite import AzuriteServer
from emulators.task_hub import HubThread
from tests.support.engine import AS_SHIPPED
from tests.support.journey import simulated, spec
from tests.support.requests import GROUP, request
from tools.rig.environment import host_environment
from tools.rig.hosted_app import HostedApp

QUEUES = ("image-requests", "image-results", "image-requests-rejected", "image-requests-poison")
TIMER_REQUESTS = json.dumps({"web": request("tick1")})


@pytest.fixture(scope="module")
def storage() -> Generator[str]:
    with AzuriteServer() as azurite:
        yield azurite.connection_string


@dataclass(kw_only=True)
class App(HostedApp):
    """The app from outside."""

    simulator: Simulator

    async def wait_for(self, queue: str, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Receive messages from a queue until there are enough; any other message fails the test."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + 40
        while not enough(found):
            assert time.monotonic() < deadline, f"only {found}\n{self.log()[-3000:]}"
            texts = await self.receive(queue)
            # The host would have written a string again, indented, and too large near 48 KiB.
            assert queue != "image-results" or not any("\n" in text for text in texts)
            found += map(json.loads, texts)
            await asyncio.sleep(0.05)
        return found

    def log(self) -> str:
        return self.hosts["one"].log()


@asynccontextmanager
async def hosted(storage: str, *specs: VmSpec, **settings: str) -> AsyncGenerator[App]:
    """Start engine, simulator and host, with empty queues; all of it ends with the test."""
    with simulated(*specs) as (simulator, _, clock):
        backend = HubThread(clock=clock, options=replace(AS_SHIPPED, remote_clients=True))
        address = backend.start()
        more = {"AzureWebJobsStorage": storage, "WEBSITE_AUTH_ENABLED": "True"}
        environment = host_environment(simulator, scope=GROUP, **more) | settings
        try:
            async with App(environment=environment, simulator=simulator) as app:
                for name in QUEUES:
                    with suppress(ResourceNotFoundError):
                        await app.queues.get_queue_client(name).clear_messages()
                await app.start_host(engine=f"http://{address}")
                yield app
        finally:
            backend.stop()


async def test_every_trigger_leads_to_results_and_a_bad_message_blocks_nothing(storage: str) -> None:
    fleet = [spec(name) for name in ("http1", "grid1", "cloud1", "tick1")]
    both = [spec("lin1"), spec("win1", os="Windows")]
    async with hosted(storage, *both, *fleet, GOLDEN_TIMER_REQUESTS=TIMER_REQUESTS) as app:
        await _messages_become_results(app)
        location = await _start_by_http(app)
        await _start_by_events_and_timer(app)
        answers = await app.wait_for("image-results", lambda found: len(found) >= 8)
        async with app.http.get(location) as response:
            view = await response.json()
        generalized = [vm.name for vm in fleet if app.simulator.vm(vm.name).generalized]
    assert view["runtimeStatus"] == "COMPLETED"
    assert generalized == ["http1", "grid1", "cloud1", "tick1"]
    assert {answer["trigger"] for answer in answers if answer["kind"] == "run"} == {"http", "eventGrid", "timer"}


async def _messages_become_results(app: App) -> None:
    await app.send(b"\xff not json")
    for _ in range(3):
        await app.send(json.dumps(request("lin1", "win1", requestId="r1")))
    answers = await app.wait_for("image-results", lambda found: len(found) >= 4)
    view = await app.run("batch-r1")
    async with app.http.get(f"{app.url}/api/runs") as response:
        listed = await response.json()
    requested = [app.simulator.vm(name).requested_count for name in ("lin1", "win1")]
    kinds = sorted(answer["kind"] for answer in answers)
    assert kinds == ["rejected", "run", "vm", "vm"]
    assert {a["outcome"] for a in answers if a["kind"] == "vm"} == {"generalized"}
    assert view["result"]["counts"] == {"generalized": 2}
    assert requested == [1, 1]
    assert "batch-r1" in str(listed) or listed == {"runs": []}, "the list counts its days from the real clock"


async def _start_by_http(app: App) -> str:
    async with app.http.post(f"{app.url}/api/runs", json=request("http1", requestId="h1")) as response:
        assert response.status == 202
        location = response.headers["Location"]
    async with app.http.post(f"{app.url}/api/runs", data=b"nonsense") as response:
        assert response.status == 400
        assert response.headers["Content-Type"].startswith("application/problem+json")
        assert (await response.json())["faults"][0]["path"] == "$"
    return location


async def _start_by_events_and_timer(app: App) -> None:
    hook = f"{app.url}/runtime/webhooks/eventgrid?functionName=start_from_event_grid"
    async with app.http.post(
        hook, json=[_grid_event(request("grid1"))], headers={"aeg-event-type": "Notification"}
    ) as response:
        assert response.status in {200, 202}
    async with app.http.post(
        hook,
        data=json.dumps(_cloud_event(request("cloud1"))),
        headers={"Content-Type": "application/cloudevents+json", "aeg-event-type": "Notification"},
    ) as response:
        assert response.status in {200, 202}
    async with app.http.post(f"{app.url}/admin/functions/start_from_timer", json={}) as response:
        assert response.status == 202


async def test_what_fails_through_our_fault_ends_in_the_poison_queue(storage: str) -> None:
    document = request("lin1", requestId="r1")
    async with hosted(storage, spec("lin1"), GOLDEN_ALLOWED_SCOPES="nonsense", **FAST_RETRY) as app:
        await app.send(json.dumps(document))
        poison = await app.wait_for("image-requests-poison", lambda found: len(found) >= 1)
        log = app.log()
    assert poison == [document]
    assert "GOLDEN_ALLOWED_SCOPES" in log, "the log names the setting to correct"


FAST_RETRY = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:00"}


def _grid_event(data: object) -> dict[str, object]:
    return {
        "id": "grid-1",
        "topic": "/t",
        "subject": "s",
        "eventType": "GoldenImages.ImageRequested",
        "eventTime": "2026-01-01T00:00:00Z",
        "dataVersion": "1",
        "data": data,
    }


def _cloud_event(data: object) -> dict[str, object]:
    return {
        "id": "cloud-1",
        "source": "/s",
        "type": "GoldenImages.ImageRequested",
        "specversion": "1.0",
        "time": "2026-01-01T00:00:00Z",
        "data": data,
    }
