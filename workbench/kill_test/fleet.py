"""Machines to generalize, the requests that name them, and the outcome that each must have."""

import random
from dataclasses import dataclass
from typing import Any

from contracts.ids import Scope, VmId, batch_run_id
from contracts.request import ImageRequest
from contracts.run import AcceptedRun, Caller, Door, RunSettings, Wait, Waits
from workbench.arm_simulator import MachineSpec, WindowsTraits

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = "rg-kill-test"
_SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
_OPT_IN = ("golden-image-in-place", "allowed")
_DAY = 86_400
# No deadline may pass because processes are dead; the first looks come as early as they may find something.
_WAITS = Waits(
    linux_report=Wait(first=15, every=15, deadline=_DAY),
    windows_report=Wait(first=60, every=20, deadline=_DAY),
    linux_stop=Wait(first=20, every=15, deadline=_DAY),
    windows_stop=Wait(first=60, every=20, deadline=_DAY),
    serial_mark=Wait(first=10, every=15, deadline=_DAY),
    deallocate=Wait(first=30, every=15, deadline=_DAY),
    generalize=Wait(first=0, every=15, deadline=_DAY),
    evidence=Wait(first=20, every=15, deadline=_DAY),
    snapshot=Wait(first=3, every=15, deadline=_DAY),
    delete=Wait(first=5, every=15, deadline=_DAY),
)


@dataclass(frozen=True)
class Planned:
    """A machine that does not exist yet, and how its run must end."""

    spec: MachineSpec
    outcome: str

    @property
    def vm_id(self) -> VmId:
        """The machine's id as the product knows it."""
        return VmId.parse(self.spec.id)


def plan_machine(rng: random.Random, name: str) -> Planned:
    """Draw a machine: most are Linux, some Windows; some must be refused, by the guest or by the product."""
    kind = rng.random()
    if kind < 0.65:
        return Planned(_spec(name), "generalized")
    if kind < 0.88:
        return Planned(_spec(name, os="Windows", windows=WindowsTraits(build=20348)), "generalized")
    if kind < 0.95:
        return Planned(_spec(name, os="Windows", windows=WindowsTraits(build=26100)), "refused")
    return Planned(_spec(name, tags={}), "refused")


def accepted_run(request_id: str, machines: list[Planned]) -> AcceptedRun:
    """Give the run of a request for these machines, as a door hands it on."""
    targets = [{"vmId": machine.spec.id, "mode": "inPlace"} for machine in machines]
    document = {"version": 1, "requestId": request_id, "targets": targets}
    settings = RunSettings(
        app_name="kill-test",
        allowed_scopes=(Scope.parse(_SCOPE),),
        in_place_doors=tuple(Door),
        opt_in_tag=_OPT_IN[0],
        opt_in_value=_OPT_IN[1],
        shutdown_delay_seconds=10,
        waits=_WAITS,
    )
    return AcceptedRun.model_validate(
        {
            "request_id": request_id,
            "run_id": batch_run_id(request_id),
            "door": Door.QUEUE,
            "caller": Caller(message_id=request_id),
            "accepted_at": "2026-01-01T00:00:00Z",
            "request": ImageRequest.model_validate(document),
            "settings": settings,
        }
    )


def _spec(name: str, **more: Any) -> MachineSpec:
    values: dict[str, Any] = {
        "name": name,
        "subscription_id": SUBSCRIPTION,
        "resource_group": GROUP,
        "tags": dict([_OPT_IN]),
        **more,
    }
    return MachineSpec(**values)
