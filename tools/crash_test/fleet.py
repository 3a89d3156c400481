"""VMs to generalize, the requests that name them, and the expected outcome of each."""

import random
from dataclasses import dataclass
from typing import Any

from contracts.build_places import BuildPlace
from contracts.ids import Scope, VmId, batch_run_id
from contracts.polling import Polling, PollingSettings
from contracts.request import ImageRequest
from contracts.run import AcceptedRun, Caller, RunSettings, Trigger
from contracts.tags import OPT_IN_TAG, OPT_IN_VALUE
from emulators.arm import VmSpec, WindowsTraits

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = "rg-kill-test"
SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
BUILDS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-kill-test-builds"
"""The group of the rollback snapshots."""
_PLACE = BuildPlace.model_validate(
    {
        "region": "westeurope",
        "resourceGroupId": BUILDS,
        "subnetId": f"{BUILDS}/providers/Microsoft.Network/virtualNetworks/vnet-westeurope/subnets/default",
    }
)
_DAY = 86_400
# No deadline may expire because processes are dead; the first polls are as early as they may find something.
_WAITS = PollingSettings(
    linux_report=Polling(initial_delay_seconds=15, interval_seconds=15, timeout_seconds=_DAY),
    windows_report=Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=_DAY),
    linux_stop=Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=_DAY),
    windows_stop=Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=_DAY),
    serial_mark=Polling(initial_delay_seconds=10, interval_seconds=15, timeout_seconds=_DAY),
    deallocate=Polling(initial_delay_seconds=30, interval_seconds=15, timeout_seconds=_DAY),
    generalize=Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=_DAY),
    evidence=Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=_DAY),
    snapshot=Polling(initial_delay_seconds=3, interval_seconds=15, timeout_seconds=_DAY),
    delete=Polling(initial_delay_seconds=5, interval_seconds=15, timeout_seconds=_DAY),
)


@dataclass(frozen=True)
class Planned:
    """A VM that does not exist yet, and the expected outcome of its run."""

    spec: VmSpec
    outcome: str

    @property
    def vm_id(self) -> VmId:
        """The VM's id as the app's type."""
        return VmId.parse(self.spec.id)


def plan_vm(rng: random.Random, name: str) -> Planned:
    """Draw a VM: most are Linux, some Windows; some must be refused, by the guest or by the app."""
    kind = rng.random()
    if kind < 0.65:
        return Planned(_spec(name), "generalized")
    if kind < 0.88:
        return Planned(_spec(name, os="Windows", windows=WindowsTraits(build=20348)), "generalized")
    if kind < 0.95:
        return Planned(_spec(name, os="Windows", windows=WindowsTraits(build=26100)), "refused")
    return Planned(_spec(name, tags={}), "refused")


def accepted_run(request_id: str, vms: list[Planned]) -> AcceptedRun:
    """Return the run of a request for these VMs, as a trigger starts it."""
    targets = [{"vmId": vm.spec.id, "mode": "inPlace"} for vm in vms]
    document = {"version": 1, "requestId": request_id, "targets": targets}
    settings = RunSettings(
        app_name="kill-test",
        allowed_scopes=(Scope.parse(SCOPE), Scope.parse(BUILDS)),
        in_place_triggers=tuple(Trigger),
        opt_in_tag=OPT_IN_TAG,
        opt_in_value=OPT_IN_VALUE,
        build_places=(_PLACE,),
        shutdown_delay_seconds=10,
        polling=_WAITS,
    )
    return AcceptedRun.model_validate(
        {
            "request_id": request_id,
            "run_id": batch_run_id(request_id),
            "trigger": Trigger.QUEUE,
            "caller": Caller(message_id=request_id),
            "accepted_at": "2026-01-01T00:00:00Z",
            "request": ImageRequest.model_validate(document),
            "settings": settings,
        }
    )


def _spec(name: str, **more: Any) -> VmSpec:
    values: dict[str, Any] = {
        "name": name,
        "subscription_id": SUBSCRIPTION,
        "resource_group": GROUP,
        "tags": {OPT_IN_TAG: OPT_IN_VALUE},
        **more,
    }
    return VmSpec(**values)
