"""Simulator, engine and app in one process on one virtual clock, kept from run to run."""

import asyncio
import logging
import os
import random
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from durabletask.client import TaskHubGrpcClient
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.worker import TaskHubGrpcWorker

import settings
from azure_clients.clients import close_session
from emulators.arm import Durations, Role, Simulator, SteppedClock
from emulators.task_hub import BackendOptions, HubThread, VirtualClock
from tools.crash_test import product
from tools.crash_test.rig import product_environment
from tools.rig.kept_orchestrations import kept_orchestrations

ROLE_FILE = Path(__file__).parents[2] / "infra" / "role.json"
HOST_JSON = Path(__file__).parents[2] / "host.json"
_PATIENCE = 120
_QUIET = logging.getLogger("tools.fault_injection.engine")
_QUIET.setLevel(logging.CRITICAL)


class MatrixClock(VirtualClock):
    """A virtual clock that can be advanced while nothing runs."""

    def advance(self, seconds: float) -> None:
        """Advance by so many seconds, together with the simulated Azure."""
        self._jump(self.now() + timedelta(seconds=seconds))


class NotingWorker(TaskHubGrpcWorker):
    """A worker that records which activities it began, and the number of Azure requests before each."""

    def __init__(self, simulator: Simulator, **options: Any) -> None:
        """`simulator` counts the requests; the rest are a worker's usual options."""
        super().__init__(**options)
        self._simulator = simulator
        self.begun: list[tuple[int, str]] = []

    def _execute_activity(self, req: pb.ActivityRequest, stub: Any, completionToken: Any) -> None:  # noqa: N803
        self.begun.append((len(self._simulator.world.requests), req.name))
        super()._execute_activity(req, stub, completionToken)


@dataclass
class Station:
    """What a process keeps from run to run. Every run uses a resource group of its own."""

    simulator: Simulator
    clock: MatrixClock
    client: TaskHubGrpcClient
    begun: list[tuple[int, str]]
    runs: int = 0

    def run(self, name: str, payload: Mapping[str, Any], instance_id: str) -> str:
        """Run an orchestration to its end, stop the clock there, and return its output.

        TimeoutError if it does not end, RuntimeError if it has no output.
        """
        self.clock.allow(None)
        try:
            self.client.schedule_new_orchestration(name, input=payload, instance_id=instance_id)
            state = self.client.wait_for_orchestration_completion(instance_id, timeout=_PATIENCE)
        finally:
            self.clock.allow(self.clock.now())
        if state is None or state.serialized_output is None:
            how = f"{state.runtime_status.name} {state.failure_details}" if state is not None else "not known"
            raise RuntimeError(f"{instance_id} has no output: {how}")
        return state.serialized_output


@contextmanager
def station(seed: int = 1, role: Role | None = None) -> Generator[Station]:
    """Start everything; on exit everything is stopped. The role is the app's own unless another is given."""
    simulator = Simulator(
        clock=SteppedClock(),
        role=role or Role.from_file(ROLE_FILE),
        throttling=False,
        durations=_durations(seed),
        emulate_linux=True,
    )
    with kept_orchestrations(), _on_a_loop() as loop, _simulated(simulator, loop) as clock:
        backend = HubThread(clock=clock, options=BackendOptions.of_host_json(HOST_JSON, {}))
        address = backend.start()
        worker = NotingWorker(simulator, host_address=address, logger=_QUIET)
        product.register(worker, address, loop)
        worker.start()
        client = TaskHubGrpcClient(host_address=address, logger=_QUIET)
        try:
            yield Station(simulator, clock, client, worker.begun)
        finally:
            client.close()
            # The worker's own stop polls once a second; after the engine has stopped that is not needed.
            threading.Thread(target=worker.stop, daemon=True).start()
            backend.stop()


def _durations(seed: int) -> Durations:
    """Draw each duration once: every run of a seed has the same, wherever it is in the list."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    ranges: dict[str, tuple[float, float]] = asdict(Durations())
    drawn = {name: dice.uniform(*ranges[name]) for name in sorted(ranges)}
    return Durations(**{name: (value, value) for name, value in drawn.items()})


@contextmanager
def _on_a_loop() -> Generator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


@contextmanager
def _simulated(simulator: Simulator, loop: asyncio.AbstractEventLoop) -> Generator[MatrixClock]:
    _wait(simulator.start(), loop)
    stepped = cast("SteppedClock", simulator.clock)

    def on_jump(moment: datetime) -> None:
        _wait(stepped.advance((moment - stepped.now()).total_seconds()), loop)

    environment = product_environment(simulator)
    try:
        with patch.dict(os.environ, environment):
            settings.current.cache_clear()
            yield MatrixClock(stepped.now(), on_jump=on_jump)
    finally:
        _wait(close_session(), loop)
        settings.current.cache_clear()
        _wait(simulator.stop(), loop)


def _wait(work: Any, loop: asyncio.AbstractEventLoop) -> None:
    asyncio.run_coroutine_threadsafe(work, loop).result(30)
