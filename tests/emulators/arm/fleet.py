"""The fleet that the tests use, and the type of a raw answer."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import Simulator, VmSpec, WindowsTraits

GROUP = "golden-rg"
SUBSCRIPTION = VmSpec("any").subscription_id
FLEET = (
    VmSpec("linux1", tags={"golden": "yes"}),
    VmSpec("windows1", os="Windows"),
    VmSpec("guestoff1", power="guestStopped"),
    VmSpec("stopped1", power="stopped"),
    VmSpec("dealloc1", power="deallocated"),
    VmSpec("ephemeral1", ephemeral_os_disk=True),
    VmSpec("dark1", boot_diagnostics=False, agent_ready=False),
    VmSpec("failing1", os="Windows", windows=WindowsTraits(sysprep="fails")),
)


class Reply(NamedTuple):
    """A raw answer: its status, headers and JSON body (or None)."""

    status: int
    headers: Mapping[str, str]
    body: Any
    text: str

    @property
    def refusal(self) -> tuple[int, str]:
        """Its status and the code of its error; an empty code when the request was not refused."""
        return self.status, self.body["error"]["code"] if self.status >= 400 else ""


def code_of(refused: pytest.ExceptionInfo[HttpResponseError]) -> str | None:
    """The code of an error that the SDK raised."""
    assert refused.value.error is not None
    return refused.value.error.code


#: The unmodified ComputeManagementClient. Untyped here: its models are optional all the way down.
type Sdk = Any
type Connect = Callable[[Simulator], AbstractAsyncContextManager[Sdk]]
type Raw = Callable[..., Coroutine[Any, Any, Reply]]


def vm_path(name: str, child: str = "") -> str:
    """The path of a VM of the fleet, or of a child resource."""
    return f"{VmSpec(name).id}{child}"
