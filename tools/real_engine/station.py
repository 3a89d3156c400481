"""One app and its environment: simulator, storage account, host with the real extension, and their clients."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from contracts.queues import CONNECTION, RESULTS_QUEUE
from emulators.arm import Role, ScaledClock, Simulator
from tools.demo.fleet import BUILDS, GALLERY, GROUP, SUBSCRIPTION, Expected
from tools.real_engine.fleet import definitions
from tools.real_engine.settings import DURATIONS, SPEED, app_settings
from tools.rig.environment import ROLE_FILE
from tools.rig.hosted_app import HostedApp

ENDED = frozenset({"COMPLETED", "FAILED", "TERMINATED"})
_HUB = "AzureFunctionsJobHost__extensions__durableTask__hubName"
_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 240.0


class NotSeen(AssertionError):
    """Something expected was not seen in time; the message says what was seen instead."""


@dataclass
class Answer:
    """An HTTP answer: status, and the body's JSON (an empty object where it is none)."""

    status: int
    body: dict[str, Any]


@dataclass(kw_only=True)
class Station(HostedApp):
    """One hub on one storage account, and the hosts on it by name; everything but the hosts is in this process.

    `results` are all messages received from `image-results` so far.
    """

    folder: Path
    simulator: Simulator
    functions: dict[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    results: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def start(self, name: str = "one", functions: Sequence[str] | None = None) -> None:
        """Start a host with this name, with these functions or those that it had before."""
        if functions is not None:
            self.functions[name] = functions
        await self.start_host(
            name,
            engine="extension",
            worker=name,
            functions=self.functions.get(name, ()),
            drain_seconds=1.0,
            log_path=self.folder / f"{name}-{time.monotonic_ns()}.log",
            start_timeout=120.0,
        )

    async def stop(self, name: str = "one") -> int | None:
        """Stop a host as a deployment does: SIGTERM; return its exit status."""
        return await self.hosts[name].stop(60.0)

    async def call(self, method: str, path: str, body: object = None) -> Answer:
        """One request to the host; a lost connection is status 0."""
        try:
            async with self.http.request(method, f"{self.url}/{path}", json=body) as answer:
                text = await answer.text()
                found: Any = json.loads(text) if text and "json" in (answer.content_type or "") else {}
                return Answer(answer.status, found)
        except (aiohttp.ClientError, TimeoutError):
            return Answer(0, {})

    async def call_text(self, method: str, path: str, text: str) -> Answer:
        """As `call`, with a body that is already JSON."""
        return await self.call(method, path, json.loads(text))

    async def run(self, run_id: str) -> dict[str, Any]:
        """The status of a run; empty as long as it is unknown, or no host answers."""
        answer = await self.call("GET", f"api/runs/{run_id}")
        return answer.body if answer.status == 200 else {}

    async def until(
        self, run_id: str, holds: Callable[[dict[str, Any]], bool], patience: float = _PATIENCE_SECONDS
    ) -> dict[str, Any]:
        """Wait until the condition is met, and return the run."""
        deadline, seen = time.monotonic() + patience, dict[str, Any]()
        while time.monotonic() < deadline:
            seen = await self.run(run_id) or seen
            if seen and holds(seen):
                return seen
            await asyncio.sleep(_POLL_SECONDS)
        raise NotSeen(f"{run_id} after {patience:g} s: {seen.get('runtimeStatus')} {seen.get('status')}")

    async def stage(self, run_id: str, *stages: str) -> dict[str, Any]:
        """Wait until the run of one VM is in one of these stages, and return it."""
        return await self.until(run_id, lambda run: run["status"].get("stage") in stages)

    async def end(self, run_id: str, patience: float = _PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait for the end of the run, and return it."""
        return await self.until(run_id, lambda run: run["runtimeStatus"] in ENDED, patience)

    async def result(self, kind: str, run_id: str, patience: float = 60.0) -> dict[str, Any]:
        """The result of this kind ("run" or "vm") of a run on `image-results`."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for document in self.results:
                if document["kind"] == kind and document.get("runId") == run_id:
                    return document
            await asyncio.sleep(_POLL_SECONDS)
        kinds = sorted({f"{document['kind']} {document.get('runId')}" for document in self.results})
        raise NotSeen(f"no {kind} result of {run_id} on {RESULTS_QUEUE} after {patience:g} s; there are {kinds[-6:]}")

    async def collect(self) -> None:
        """Receive results from the queue until canceled."""
        while True:
            self.results += [json.loads(text) for text in await self.receive()]
            await asyncio.sleep(_POLL_SECONDS)


@asynccontextmanager
async def station(
    app: Path,
    folder: Path,
    storage: str,
    hub: str,
    vms: Sequence[Expected],
    *,
    settings: Mapping[str, str] | None = None,
) -> AsyncGenerator[Station]:
    """Starts everything but the hosts; on exit everything is stopped."""
    role = Role.from_file(ROLE_FILE)
    simulator = Simulator(
        vms=[vm.spec for vm in vms],
        clock=ScaledClock(SPEED),
        role=role,
        durations=DURATIONS,
        throttling=False,
    )
    async with simulator:
        environment = {
            **app_settings(simulator, _add_gallery(simulator, vms)),
            CONNECTION: storage,
            _HUB: hub,
            **(settings or {}),
        }
        async with Station(app=app, environment=environment, folder=folder, simulator=simulator) as here:
            collecting = asyncio.create_task(here.collect(), name=f"results of {hub}")
            try:
                yield here
            finally:
                collecting.cancel()
                await asyncio.gather(collecting, return_exceptions=True)


def _add_gallery(simulator: Simulator, vms: Sequence[Expected]) -> str:
    """Adds the gallery and image definitions for the clones; returns the id of the subnet of the temporary VMs."""
    world = simulator.world
    gallery = world.add_gallery(GALLERY, resource_group=GROUP, subscription_id=SUBSCRIPTION)
    for name, system in definitions(vms).items():
        world.add_definition(gallery, name, system)
    return world.add_network(BUILDS, "westeurope")
