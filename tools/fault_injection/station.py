"""Simulator, engine and app in one process on one virtual clock, kept from run to run."""

import random
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any, cast

from durabletask.client import TaskHubGrpcClient
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.worker import TaskHubGrpcWorker

from emulators.arm import Durations, Role, Simulator, SteppedClock
from emulators.task_hub import VirtualClock
from tools.fault_injection.scene import SCOPE
from tools.rig import product
from tools.rig.azure import emulated_azure
from tools.rig.engine import running_engine
from tools.rig.environment import ROLE_FILE, operator_settings

_PATIENCE = 120


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
    with emulated_azure(lambda: simulator, **operator_settings(SCOPE)) as (_, loop, on_jump):
        clock = MatrixClock(simulator.clock.now(), on_jump=on_jump)

        def register(worker: TaskHubGrpcWorker, address: str) -> None:
            product.register(worker, address, loop.loop)

        with running_engine(clock, register, worker=partial(NotingWorker, simulator)) as running:
            worker = cast("NotingWorker", running.worker)
            yield Station(simulator, clock, running.client, worker.begun)


def _durations(seed: int) -> Durations:
    """Draw each duration once: every run of a seed has the same, wherever it is in the list."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    ranges: dict[str, tuple[float, float]] = asdict(Durations())
    drawn = {name: dice.uniform(*ranges[name]) for name in sorted(ranges)}
    return Durations(**{name: (value, value) for name, value in drawn.items()})
