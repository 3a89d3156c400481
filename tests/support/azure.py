"""Runs an activity or client call against the simulator, without an engine."""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from contracts.facts import VmState
from contracts.ids import VmId
from emulators.arm import Fault, Role, Simulator, SteppedClock, Vm, VmSpec
from tests.support.journey import simulated
from tests.support.requests import vm_id

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

    def vm(self, name: str = "vm1") -> Vm:
        """Return the simulator's own view of a VM."""
        return self.simulator.vm(name)

    def fault(self, kind: Any, operation: str, **more: Any) -> None:
        """Break a call."""
        self.simulator.inject(Fault(kind=kind, operation=operation, **more))

    def requests(self, name: str = "vm1") -> list[str]:
        """Return "METHOD operation status" of every ARM request for a VM."""
        return [f"{r.method} {r.operation} {r.status}" for r in self.simulator.requests(name)]

    def read(self, name: str = "vm1") -> VmState:
        """Read a VM as the product does."""
        from azure_clients.vms import read_vm

        return self.call(read_vm(target(name)))


@contextmanager
def azure(*specs: VmSpec, role: Role | None = None) -> Generator[Azure]:
    """Start a simulator with these VMs."""
    with simulated(*specs, role=role) as (simulator, loop, _):
        yield Azure(simulator, loop)


def target(name: str = "vm1") -> VmId:
    """Return the id of a VM in the tests' group."""
    return VmId.parse(vm_id(name))
