"""The fleet that the tests use, and the shape of a raw answer."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from workbench.arm_simulator import MachineSpec, Simulator, WindowsTraits

GROUP = "golden-rg"
SUBSCRIPTION = MachineSpec("any").subscription_id
FLEET = (
    MachineSpec("linux1", tags={"golden": "yes"}),
    MachineSpec("windows1", os="Windows"),
    MachineSpec("guestoff1", power="guestStopped"),
    MachineSpec("stopped1", power="stopped"),
    MachineSpec("dealloc1", power="deallocated"),
    MachineSpec("ephemeral1", ephemeral_os_disk=True),
    MachineSpec("dark1", boot_diagnostics=False, agent_ready=False),
    MachineSpec("failing1", os="Windows", windows=WindowsTraits(sysprep="fails")),
)


class Reply(NamedTuple):
    """A raw answer: its status, headers and JSON body (or None)."""

    status: int
    headers: Mapping[str, str]
    body: Any
    text: str


#: The unmodified ComputeManagementClient. Untyped here: its models are optional all the way down.
type Sdk = Any
type Connect = Callable[[Simulator], AbstractAsyncContextManager[Sdk]]
type Raw = Callable[..., Coroutine[Any, Any, Reply]]


def vm_path(name: str, child: str = "") -> str:
    """The path of a machine of the fleet, or of something below it."""
    return f"{MachineSpec(name).id}{child}"
