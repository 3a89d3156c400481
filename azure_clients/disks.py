"""Reads the parts of a VM's model that a clone must have too, and each of its managed disks."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from azure_clients.clients import CALL, compute
from azure_clients.errors import arm_errors
from azure_clients.resources import names_in, properties_of
from contracts.facts import DiskFacts, OsType, Plan, VmShape
from contracts.ids import VmId

type Json = Mapping[str, Any]


async def read_shape(vm_id: VmId) -> VmShape:
    """Read the model and each managed disk (1 request, and 1 for each disk).

    Raises ArmRefused (404: no such VM or disk, 403: not allowed), ArmThrottled or ArmUnavailable.
    """
    client = await compute(vm_id.subscription_id)
    async with arm_errors():
        model = cast("Json", (await client.virtual_machines.get(vm_id.resource_group, vm_id.name, **CALL)).as_dict())
    storage = _child(properties_of(model), "storageProfile")
    os_disk = _child(storage, "osDisk")
    # An ephemeral OS disk is shown as a managed disk, but it cannot be copied.
    copied = [] if os_disk.get("diffDiskSettings") else [os_disk]
    data = cast("list[Json]", storage.get("dataDisks") or [])
    disks = await asyncio.gather(
        *(read_disk(_managed_id(entry), entry) for entry in (*copied, *data) if _managed_id(entry))
    )
    return _shape(model, disks)


async def read_disk(disk_id: str, attached: Json | None = None) -> DiskFacts:
    """Read a managed disk (1 request); `attached` is its entry in a VM's model, with LUN and caching.

    Raises ArmRefused (404: no such disk, 403: not allowed), ArmThrottled or ArmUnavailable.
    """
    attached = attached or {}
    parts = disk_id.strip("/").split("/")
    client = await compute(parts[1])
    async with arm_errors():
        disk = cast("Json", (await client.disks.get(parts[3], parts[7], **CALL)).as_dict())
    properties = properties_of(disk)
    encryption = _child(properties, "encryption")
    os_type = str(properties.get("osType", ""))
    return DiskFacts(
        id=disk_id,
        attached_to=str(disk.get("managedBy") or ""),
        lun=attached.get("lun"),
        caching=str(attached.get("caching") or "None"),
        location=str(disk.get("location", "")),
        sku=str(_child(disk, "sku").get("name", "")),
        size_gb=int(properties.get("diskSizeGB") or 0),
        os_type=OsType(os_type) if os_type in set(OsType) else None,
        generation=properties.get("hyperVGeneration"),
        security_type=_child(properties, "securityProfile").get("securityType"),
        disk_encryption_set_id=encryption.get("diskEncryptionSetId"),
        encryption_type=encryption.get("type"),
        disk_encryption=bool(_child(properties, "encryptionSettingsCollection").get("enabled")),
        max_shares=int(properties.get("maxShares") or 1),
        architecture=_child(properties, "supportedCapabilities").get("architecture"),
        disk_controllers=names_in(_child(properties, "supportedCapabilities").get("diskControllerTypes")),
        zones=tuple(disk.get("zones") or ()),
    )


def _shape(model: Json, disks: list[DiskFacts]) -> VmShape:
    properties = properties_of(model)
    storage, security = _child(properties, "storageProfile"), _child(properties, "securityProfile")
    uefi = _child(security, "uefiSettings")
    return VmShape(
        location=str(model.get("location", "")),
        vm_size=str(_child(properties, "hardwareProfile").get("vmSize", "")),
        zones=tuple(model.get("zones") or ()),
        plan=_plan(_child(model, "plan")),
        license_type=properties.get("licenseType"),
        security_type=security.get("securityType"),
        secure_boot=uefi.get("secureBootEnabled"),
        v_tpm=uefi.get("vTpmEnabled"),
        encryption_at_host=security.get("encryptionAtHost"),
        disk_controller=storage.get("diskControllerType"),
        hibernation_enabled=bool(_child(properties, "additionalCapabilities").get("hibernationEnabled")),
        os_disk=next((disk for disk in disks if disk.lun is None), None),
        data_disks=tuple(disk for disk in disks if disk.lun is not None),
    )


def _plan(plan: Json) -> Plan | None:
    if not plan:
        return None
    return Plan(
        name=str(plan.get("name", "")),
        publisher=str(plan.get("publisher", "")),
        product=str(plan.get("product", "")),
        promotion_code=plan.get("promotionCode"),
    )


def _managed_id(attached: Json) -> str:
    return str(_child(attached, "managedDisk").get("id") or "")


def _child(parent: Json, name: str) -> Json:
    return cast("Json", parent.get(name) or {})
