"""Reads a VM: its model and its instance view, in one request."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from azure_clients.clients import CALL, compute
from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.vm_extensions import extensions_of
from contracts.facts import OsType, PowerState, VmState
from contracts.ids import VmId
from contracts.redaction import redact

type Json = Mapping[str, Any]


async def read_vm(vm_id: VmId) -> VmState:
    """Read model and instance view (GET with $expand=instanceView, which has the higher request limit).

    Raises ArmRefused (404: no such VM, 403: not allowed), ArmThrottled or ArmUnavailable.
    """
    client = await compute(vm_id.subscription_id)
    async with arm_errors():
        found = await client.virtual_machines.get(vm_id.resource_group, vm_id.name, expand="instanceView", **CALL)
    return vm_state(vm_id, found.as_dict())


async def read_vm_or_none(vm_id: VmId) -> VmState | None:
    """Read a VM; None if it does not exist."""
    try:
        return await read_vm(vm_id)
    except ArmRefused as refused:
        if refused.status == 404:
            return None
        raise


def vm_state(vm_id: VmId, vm: Json) -> VmState:
    """Convert ARM's JSON of a virtual machine with its instance view into facts."""
    properties: Json = _child(vm, "properties")
    view: Json = _child(properties, "instanceView")
    storage: Json = _child(properties, "storageProfile")
    os_disk: Json = _child(storage, "osDisk")
    codes = [str(status.get("code", "")) for status in _items(view, "statuses")]
    power_state = _power_state(codes)
    agent: Json = _child(view, "vmAgent")
    os_type = str(os_disk.get("osType", ""))
    return VmState(
        vm_id=vm_id,
        unique_id=str(properties.get("vmId", "")),
        location=str(vm.get("location", "")),
        os_type=OsType(os_type) if os_type in set(OsType) else None,
        os_name=view.get("osName"),
        os_version=view.get("osVersion"),
        power_state=power_state,
        provisioning_state=str(properties.get("provisioningState", "")),
        generalized=_has(codes, "OSState/generalized"),
        # The instance view of a stopped VM may still show "Ready": it counts only while the VM runs.
        agent_ready=power_state is PowerState.RUNNING and _agent_ready(agent),
        agent_version=agent.get("vmAgentVersion"),
        tags={str(k): str(v) for k, v in _child(vm, "tags").items()},
        in_scale_set=bool(properties.get("virtualMachineScaleSet")),
        ephemeral_os_disk=bool(os_disk.get("diffDiskSettings")),
        disk_encryption=_disk_encryption(os_disk, view),
        boot_diagnostics=_boot_diagnostics(properties),
        vm_size=str(_child(properties, "hardwareProfile").get("vmSize", "")),
        fault=_fault(_items(view, "statuses")),
        os_disk_id=str(_child(os_disk, "managedDisk").get("id", "")),
        hibernated=_has(codes, "HibernationState/Hibernated"),
        extensions=extensions_of(vm),
    )


def _fault(statuses: Iterable[Json]) -> str:
    """Return the error of ProvisioningState/failed/<code>, at most 300 characters."""
    for status in statuses:
        code = str(status.get("code", ""))
        if code.lower().startswith("provisioningstate/failed"):
            return redact(f"{code} {status.get('message') or ''}".strip())[:300]
    return ""


def _power_state(codes: Iterable[str]) -> PowerState:
    for code in codes:
        kind, _, value = code.partition("/")
        if kind.lower() == "powerstate":
            return PowerState(value.lower()) if value.lower() in set(PowerState) else PowerState.UNKNOWN
    return PowerState.UNKNOWN


def _agent_ready(agent: Json) -> bool:
    statuses = _items(agent, "statuses")
    return any(
        _has([str(status.get("code"))], "ProvisioningState/succeeded") and status.get("displayStatus") == "Ready"
        for status in statuses
    )


def _disk_encryption(os_disk: Json, view: Json) -> bool:
    settings: Json = _child(os_disk, "encryptionSettings")
    disks = _items(view, "disks")
    codes = [str(status.get("code")) for disk in disks for status in _items(disk, "statuses")]
    in_view = any(entry.get("enabled") for disk in disks for entry in _items(disk, "encryptionSettings"))
    return bool(settings.get("enabled")) or in_view or _has(codes, "EncryptionState/encrypted")


def _boot_diagnostics(properties: Json) -> bool:
    return bool(_child(_child(properties, "diagnosticsProfile"), "bootDiagnostics").get("enabled"))


def _child(parent: Json, name: str) -> Json:
    return cast("Json", parent.get(name) or {})


def _items(parent: Json, name: str) -> list[Json]:
    return cast("list[Json]", parent.get(name) or [])


def _has(codes: Iterable[str], wanted: str) -> bool:
    return any(code.lower() == wanted.lower() for code in codes)
