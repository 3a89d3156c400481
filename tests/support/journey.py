"""The whole app without its host: real activities and SDK against the simulator, on one virtual clock."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import azure.functions as func

from activities import registration
from contracts.answer import Answer
from contracts.catalog import IMAGE_BATCH, Activity
from contracts.results import RunResult, VmResult
from contracts.run import AcceptedRun, VmJob
from emulators.arm import Role, Simulator, SteppedClock, VmSpec
from emulators.arm.state.durations import Durations
from emulators.task_hub import VirtualClock
from tests.support.engine import AS_SHIPPED, ActivityBody, RunningEngine, engine
from tests.support.requests import GROUP
from tests.support.running import run
from tools.rig import product
from tools.rig.azure import emulated_azure
from tools.rig.environment import ROLE_FILE, operator_settings

ELSEWHERE = replace(AS_SHIPPED, remote_clients=True)
"""Clients on another instance than the engine, as triggers are on Flex Consumption."""
READING_POSTS = frozenset({"virtualMachines.retrieveBootDiagnosticsData", "policyRestrictions.check"})
"""Requests that only read, although their method is POST."""
TAGS = {"golden-image-in-place": "allowed"}


class _Out(func.Out[bytes]):
    """An output binding that records what it is given."""

    def __init__(self, kept: list[str]) -> None:
        self._kept = kept

    def set(self, val: bytes) -> None:
        """Record it."""
        self._kept.append(val.decode())

    def get(self) -> bytes:
        """Return the last value."""
        return self._kept[-1].encode()


@dataclass
class Journey:
    """Simulator and engine on one virtual clock."""

    simulator: Simulator
    engine: RunningEngine
    loop: asyncio.AbstractEventLoop
    sent: list[str] = field(default_factory=list[str])

    def report(self, job: VmJob) -> VmResult:
        """Run one VM to its end."""
        return run(self.engine, job)

    def send_batch(self, run: AcceptedRun) -> RunResult:
        """Run a request to its end."""
        state = self.engine.run(IMAGE_BATCH, run.model_dump(mode="json", exclude_none=True), run.run_id)
        assert state.serialized_output is not None, state.failure_details
        return RunResult.model_validate_json(state.serialized_output)

    def pass_time(self, seconds: float) -> None:
        """Let simulated seconds pass after a run has ended."""
        clock = self.simulator.clock
        assert isinstance(clock, SteppedClock)
        asyncio.run_coroutine_threadsafe(clock.advance(seconds), self.loop).result(30)

    def changes(self) -> list[str]:
        """Return the requests that change something: all but reads."""
        return [
            r.operation for r in self.simulator.requests() if r.method != "GET" and r.operation not in READING_POSTS
        ]

    def orders(self, vm: str) -> list[str]:
        """Return "METHOD operation status" of every ARM request for a VM."""
        return [f"{r.method} {r.operation} {r.status}" for r in self.simulator.requests(vm)]


@contextmanager
def simulated(
    *specs: VmSpec,
    role: Role | None = None,
    emulate_linux: bool = False,
    durations: Durations | None = None,
    **environment: str,
) -> Generator[tuple[Simulator, asyncio.AbstractEventLoop, VirtualClock]]:
    """Start an emulator on a loop of its own and point the product's settings at it.

    `environment`: settings that differ from those of an operator who allows all that the tests ask for.
    """

    def create() -> Simulator:
        return Simulator(
            vms=specs,
            clock=SteppedClock(),
            role=role or Role.from_file(ROLE_FILE),
            emulate_linux=emulate_linux,
            durations=durations,
        )

    with emulated_azure(create, **{**operator_settings(GROUP), **environment}) as (simulator, loop, on_jump):
        yield simulator, loop.loop, VirtualClock(simulator.clock.now(), on_jump=on_jump)


@contextmanager
def journey(
    *specs: VmSpec,
    role: Role | None = None,
    emulate_linux: bool = True,
    twice: bool = False,
    replay: bool = False,
    durations: Durations | None = None,
) -> Generator[Journey]:
    """Start everything; the engine's time drives the emulator's. `twice`: every activity runs twice.

    Linux guests are emulated unless the journey is about the scripts: those run in tests/guest, in a sandbox.
    """
    with simulated(*specs, role=role, emulate_linux=emulate_linux, durations=durations) as (simulator, loop, clock):
        sent: list[str] = []
        holder: list[RunningEngine] = []
        bodies = real_activities(sent, lambda: holder[0].address, twice=twice)
        with engine(bodies, clock, loop, options=ELSEWHERE, replay=replay) as running:
            holder.append(running)
            yield Journey(simulator, running, loop, sent)


def real_activities(sent: list[str], address: Callable[[], str], *, twice: bool = False) -> dict[str, ActivityBody]:
    """Return the app's own activities by name, with the bindings that the host would hand them."""
    pairs = product.bodies(address, _Out(sent))
    return {entry.name: _activity(entry, body, twice) for entry, body in pairs}


def _activity(entry: Activity[Any, Any], body: Callable[[Any], Awaitable[Answer]], twice: bool) -> ActivityBody:
    async def activity(request: dict[str, Any]) -> dict[str, Any]:
        if twice:
            await registration.answer(entry, body, request)
        return await registration.answer(entry, body, request)

    return activity


def spec(name: str = "vm1", **more: Any) -> VmSpec:
    """Return a VM in the tests' resource group with the opt-in tag."""
    values: dict[str, Any] = {
        "name": name,
        "subscription_id": "11111111-2222-3333-4444-555555555555",
        "resource_group": "rg-images",
        "tags": TAGS,
        **more,
    }
    return VmSpec(**values)
