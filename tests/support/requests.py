"""Requests, jobs and VMs as tests need them."""

from typing import Any

from contracts.facts import OsType, Permission, PowerState, VmFacts, VmState
from contracts.ids import Scope, VmId, batch_run_id, vm_run_id
from contracts.polling import PollingSettings
from contracts.request import ImageRequest, Target
from contracts.run import AcceptedRun, Caller, RunSettings, Trigger, VmJob

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-westeurope/subnets/default"
PLACE = {"region": "westeurope", "resourceGroupId": GROUP, "subnetId": SUBNET}
"""The place for the tests' VMs: their own group, so that a test sees in one group all that there is."""


def vm_id(name: str = "vm1") -> str:
    """Return the id of a VM in the resource group of the tests."""
    return f"{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}"


def request(*names: str, target: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a request for the named VMs, in place; `target` is added to each target."""
    targets = [{"vmId": vm_id(name), "mode": "inPlace", **(target or {})} for name in names or ("vm1",)]
    return {"version": 1, "targets": targets, **more}


def settings(**more: Any) -> RunSettings:
    """Return settings that allow the tests' group through every trigger, with a place in it for temporary VMs."""
    return RunSettings.model_validate(
        {
            "app_name": "tests",
            "allowed_scopes": (Scope.parse(GROUP),),
            "in_place_triggers": tuple(Trigger),
            "opt_in_tag": "golden-image-in-place",
            "opt_in_value": "allowed",
            "build_places": (PLACE,),
            **more,
        }
    )


def seldom() -> PollingSettings:
    """Return polling settings with few polls, for tests of a deadline."""
    polling = PollingSettings().model_dump()
    return PollingSettings.model_validate(
        {name: {**wait, "intervalSeconds": min(300, wait["timeoutSeconds"] // 2)} for name, wait in polling.items()}
    )


def job(name: str = "vm1", *, request_id: str = "r1", **more: Any) -> VmJob:
    """Return the job of one VM."""
    target = Target.model_validate({"vmId": vm_id(name), "mode": "inPlace", **more.pop("target", {})})
    return VmJob.model_validate(
        {
            "request_id": request_id,
            "batch_id": batch_run_id(request_id),
            "run_id": vm_run_id(request_id, target.vm_id),
            "trigger": Trigger.QUEUE,
            "target": target,
            "dry_run": False,
            "accepted_at": "2026-01-01T00:00:00Z",
            "settings": settings(),
            **more,
        }
    )


def accepted(document: dict[str, Any], *, request_id: str = "r1", **more: Any) -> AcceptedRun:
    """Return an accepted run of a request document."""
    return AcceptedRun.model_validate(
        {
            "request_id": request_id,
            "run_id": batch_run_id(request_id),
            "trigger": Trigger.QUEUE,
            "caller": Caller(message_id="m1"),
            "accepted_at": "2026-01-01T00:00:00Z",
            "request": ImageRequest.model_validate(document),
            "settings": settings(),
            **more,
        }
    )


def vm_state(name: str = "vm1", **more: Any) -> VmState:
    """Return a Linux VM that may be generalized."""
    return VmState.model_validate(
        {
            "vm_id": VmId.parse(vm_id(name)),
            "unique_id": f"unique-{name}",
            "location": "westeurope",
            "os_type": OsType.LINUX,
            "os_name": "ubuntu",
            "os_version": "22.04",
            "power_state": PowerState.RUNNING,
            "provisioning_state": "Succeeded",
            "generalized": False,
            "agent_ready": True,
            "agent_version": "2.9.1.1",
            "tags": {"golden-image-in-place": "allowed"},
            "boot_diagnostics": True,
            "vm_size": "Standard_D2s_v5",
            **more,
        }
    )


def windows(name: str = "vm1", **more: Any) -> VmState:
    """Return a Windows Server 2022 VM that may be generalized."""
    version = "Microsoft Windows NT 10.0.20348.0"
    return vm_state(name, os_type=OsType.WINDOWS, os_name="Windows Server 2022", os_version=version, **more)


def facts(state: VmState | None = None, **more: Any) -> VmFacts:
    """Return facts with which the VM passes every check."""
    return VmFacts.model_validate(
        {
            "vm": state or vm_state(),
            "permissions": (Permission(actions=("Microsoft.Compute/*",)),),
            "locks": (),
            "run_commands": (),
            "serial_log_readable": True,
            **more,
        }
    )
