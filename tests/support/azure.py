"""Runs an activity or client call against the simulator, without an engine."""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from contracts.facts import MachineState
from contracts.ids import VmId
from tests.support.journey import simulated
from tests.support.requests import vm_id
from workbench.arm_simulator import Fault, Machine, MachineSpec, Role, Simulator, SteppedClock

NONCE = "0123456789abcdef0123456789abcdef"


@dataclass
class Azure:
    """A simulator, and a way to call the product's asynchronous code against it."""

    simulator: Simulator
    loop: asyncio.AbstractEventLoop

    def call[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run it on the simulator's loop, where the product's session lives."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def pass_time(self, seconds: float) -> None:
        """Let simulated seconds pass."""
        clock = self.simulator.clock
        assert isinstance(clock, SteppedClock)
        self.call(clock.advance(seconds))

    def machine(self, name: str = "vm1") -> Machine:
        """Give the simulator's own view of a machine."""
        return self.simulator.machine(name)

    def trouble(self, kind: Any, operation: str, **more: Any) -> None:
        """Break a call."""
        self.simulator.inject(Fault(kind=kind, operation=operation, **more))

    def orders(self, name: str = "vm1") -> list[str]:
        """Give "METHOD operation status" of every ARM request for a machine."""
        return [f"{r.method} {r.operation} {r.status}" for r in self.simulator.requests(name)]

    def read(self, name: str = "vm1") -> MachineState:
        """Read a machine as the product does."""
        from azure_clients.machines import read_machine

        return self.call(read_machine(target(name)))


@contextmanager
def azure(*specs: MachineSpec, role: Role | None = None) -> Generator[Azure]:
    """Start a simulator with these machines."""
    with simulated(*specs, role=role) as (simulator, loop, _):
        yield Azure(simulator, loop)


def target(name: str = "vm1") -> VmId:
    """Give the id of a machine in the tests' group."""
    return VmId.parse(vm_id(name))
