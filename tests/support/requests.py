"""Requests, jobs and machines as tests need them."""

from typing import Any

from contracts.facts import MachineFacts, MachineState, OsType, Permission, PowerState
from contracts.ids import Scope, VmId, batch_run_id, machine_run_id
from contracts.request import ImageRequest, Target
from contracts.run import AcceptedRun, Caller, Door, MachineJob, RunSettings, Waits

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images"


def vm_id(name: str = "vm1") -> str:
    """Give the id of a machine in the group that the tests may touch."""
    return f"{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}"


def request(*names: str, target: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Give a request document that gives the named machines up; `target` is further said of each."""
    targets = [{"vmId": vm_id(name), "mode": "inPlace", **(target or {})} for name in names or ("vm1",)]
    return {"version": 1, "targets": targets, **more}


def settings(**more: Any) -> RunSettings:
    """Give settings that allow the tests' group through every door."""
    return RunSettings.model_validate(
        {
            "app_name": "tests",
            "allowed_scopes": (Scope.parse(GROUP),),
            "in_place_doors": tuple(Door),
            "opt_in_tag": "golden-image-in-place",
            "opt_in_value": "allowed",
            **more,
        }
    )


def seldom() -> Waits:
    """Give the waits with few looks: for a test of a deadline, which each look would only make longer."""
    waits = Waits().model_dump()
    return Waits.model_validate(
        {name: {**wait, "every": min(300, wait["deadline"] // 2)} for name, wait in waits.items()}
    )


def job(name: str = "vm1", *, request_id: str = "r1", **more: Any) -> MachineJob:
    """Give the job of one machine."""
    target = Target.model_validate({"vmId": vm_id(name), "mode": "inPlace", **more.pop("target", {})})
    return MachineJob.model_validate(
        {
            "request_id": request_id,
            "batch_id": batch_run_id(request_id),
            "run_id": machine_run_id(request_id, target.vm_id),
            "door": Door.QUEUE,
            "target": target,
            "dry_run": False,
            "accepted_at": "2026-01-01T00:00:00Z",
            "settings": settings(),
            **more,
        }
    )


def accepted(document: dict[str, Any], *, request_id: str = "r1", **more: Any) -> AcceptedRun:
    """Give an accepted run of a request document."""
    return AcceptedRun.model_validate(
        {
            "request_id": request_id,
            "run_id": batch_run_id(request_id),
            "door": Door.QUEUE,
            "caller": Caller(message_id="m1"),
            "accepted_at": "2026-01-01T00:00:00Z",
            "request": ImageRequest.model_validate(document),
            "settings": settings(),
            **more,
        }
    )


def machine(name: str = "vm1", **more: Any) -> MachineState:
    """Give a Linux machine that may be generalized."""
    return MachineState.model_validate(
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
            **more,
        }
    )


def windows(name: str = "vm1", **more: Any) -> MachineState:
    """Give a Windows Server 2022 machine that may be generalized."""
    version = "Microsoft Windows NT 10.0.20348.0"
    return machine(name, os_type=OsType.WINDOWS, os_name="Windows Server 2022", os_version=version, **more)


def facts(state: MachineState | None = None, **more: Any) -> MachineFacts:
    """Give facts in which nothing speaks against the machine."""
    return MachineFacts.model_validate(
        {
            "machine": state or machine(),
            "permissions": (Permission(actions=("Microsoft.Compute/*",)),),
            "locks": (),
            "run_commands": (),
            "serial_log_readable": True,
            **more,
        }
    )
