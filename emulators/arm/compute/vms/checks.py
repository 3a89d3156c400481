"""Checks before a VM is created: its network interfaces, disk, plan and names."""

from collections.abc import Mapping
from typing import Any

from emulators.arm.compute.disks.views import DISKS
from emulators.arm.compute.sizes.table import zones_of
from emulators.arm.errors import ArmError, invalid_parameter, missing_parameter
from emulators.arm.network.interfaces import INTERFACES, require_referenced
from emulators.arm.state.ids import same_subscription
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import Resource
from emulators.arm.state.world import World

_PLAN = ("name", "publisher", "product")


def check_choices(body: Mapping[str, Any]) -> None:
    """Raises 400 for a value that Azure does not know, or that this emulator does not support."""
    properties = body["properties"]
    storage = properties["storageProfile"]
    entries = [storage["osDisk"], *storage.get("dataDisks", [])]
    delete_options = [entry.get("deleteOption", "Detach") for entry in entries]
    interfaces = properties["networkProfile"]["networkInterfaces"]
    delete_options += [entry.get("properties", {}).get("deleteOption", "Detach") for entry in interfaces]
    security = properties.get("securityProfile", {}).get("securityType", "Standard")
    for name, given, known in (
        *(("deleteOption", option, ("Delete", "Detach")) for option in delete_options),
        *(("caching", entry.get("caching", "None"), ("None", "ReadOnly", "ReadWrite")) for entry in entries),
        ("securityType", security, ("Standard", "TrustedLaunch", "ConfidentialVM")),
        ("priority", properties.get("priority", "Regular"), ("Regular",)),
        ("identity.type", body.get("identity", {}).get("type", "None"), ("None", "SystemAssigned")),
    ):
        if given not in known:
            raise invalid_parameter(
                name, f"The value '{given}' of parameter '{name}' is not one of {', '.join(known)}."
            )
    luns = [entry["lun"] for entry in storage.get("dataDisks", [])]
    if len(set(luns)) != len(luns):
        raise invalid_parameter("dataDisk.lun", "A data disk's lun is used twice.")


def check_zones(vm_id: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The zone of the new VM, or none. Raises 400 for more than one, or one that the region does not have."""
    zones: list[str] = body.get("zones", [])
    known = zones_of(body["location"])
    if len(zones) > 1:
        message = "Virtual Machine cannot be created with more than one zone."
        raise invalid_parameter("zones", message)
    if not set(zones) <= set(known):
        message = (
            f"The zone(s) '{','.join(zones)}' for resource 'Microsoft.Compute/virtualMachines/"
            f"{vm_id.rsplit('/', 1)[1]}' is not supported. The supported zones for location '{body['location']}' are "
            f"'{','.join(known)}'"
        )
        raise ArmError(400, "InvalidAvailabilityZone", message)
    return tuple(zones)


def check_interfaces(world: World, vm_id: str, body: Mapping[str, Any]) -> list[Resource]:
    """The network interfaces of the new VM. Raises 400 or 409 when one cannot be used."""
    entries: list[dict[str, Any]] = body["properties"]["networkProfile"]["networkInterfaces"]
    if not entries:
        raise missing_parameter("networkProfile.networkInterfaces")
    primaries = [entry for entry in entries if entry.get("properties", {}).get("primary")]
    if len(primaries) > 1 or (len(entries) > 1 and not primaries):
        message = "Exactly one network interface of a virtual machine must be the primary one."
        raise ArmError(400, "VirtualMachineMustHaveOneNetworkInterfaceAsPrimary", message)
    found = [require_referenced(world.store, entry["id"], INTERFACES, vm_id, body["location"]) for entry in entries]
    for nic in found:
        others = [owner for owner in nic.owners if owner.lower() != vm_id.lower()]
        if others or nic.deleting:
            message = f"Network Interface {nic.id} is used by existing resource {(others or ['(being deleted)'])[0]}."
            raise ArmError(409, "NicInUse", message)
    return found


def attached_disk(world: World, vm_id: str, body: Mapping[str, Any], entry: Mapping[str, Any], what: str) -> Resource:
    """The disk that an entry of the storage profile attaches. Raises 400, 404 or 409 when it cannot be used."""
    disk_id = entry.get("managedDisk", {}).get("id")
    if disk_id is None:
        raise missing_parameter(f"{what}.managedDisk.id")
    disk = world.store.require(disk_id)
    if disk.kind != DISKS:
        raise invalid_parameter(f"{what}.managedDisk.id", f"'{disk_id}' is not a disk.")
    if region_key(disk.location) != region_key(body["location"]):
        message = f"Disk '{disk_id}' is in region '{disk.location}', the virtual machine in '{body['location']}'."
        raise invalid_parameter(f"{what}.managedDisk.id", message)
    if not same_subscription(disk_id, vm_id):
        message = f"Disk '{disk_id}' is not in the subscription of the virtual machine '{vm_id}'."
        raise invalid_parameter(f"{what}.managedDisk.id", message)
    if disk.zones and list(disk.zones) != list(body.get("zones", [])):
        message = f"Disk {disk_id} cannot be attached to the VM because it is not in the same zone as the VM."
        raise ArmError(400, "BadRequest", message)
    others = [owner for owner in disk.owners if owner.lower() != vm_id.lower()]
    if any(_is_going(world, owner) for owner in others):
        message = (
            f"Cannot attach disk '{disk.name}' to VM '{vm_id.rsplit('/', 1)[1]}' because the disk is currently being "
            "detached or the last detach operation failed. Please wait until the disk is completely detached and then "
            "try again."
        )
        raise ArmError(409, "AttachDiskWhileBeingDetached", message)
    if len(others) >= disk.properties.get("maxShares", 1):
        message = f"Disk '{disk_id}' cannot be attached as the disk is already owned by VM '{others[0]}'."
        raise ArmError(409, "ConflictingUserInput", message)
    if disk.provisioning_state != "Succeeded" or disk.deleting:
        message = f"Disk '{disk_id}' cannot be attached: its provisioning state is {disk.provisioning_state}."
        raise ArmError(409, "OperationNotAllowed", message)
    return disk


def _is_going(world: World, vm_id: str) -> bool:
    vm = world.vms.get(vm_id.lower())
    return vm is None or vm.deleting


def check_os_disk(disk: Resource, body: Mapping[str, Any]) -> None:
    """Raises 400 when the disk is not an OS disk of this OS type, or has another security type than the VM."""
    given = body["properties"]["storageProfile"]["osDisk"]
    if "osType" not in given:
        raise missing_parameter("osDisk.osType")
    if disk.properties.get("osType") != given["osType"] or disk.content is None:
        had = disk.properties.get("osType", "no operating system")
        message = f"The osType '{given['osType']}' does not fit disk '{disk.id}', which has {had}."
        raise invalid_parameter("osDisk.osType", message)
    has = str(disk.properties.get("securityProfile", {}).get("securityType", "Standard")).partition("_")[0]
    if security_type(body) != has:
        message = "Security type of VM is not compatible with the security type of attached OS Disk."
        raise ArmError(400, "BadRequest", message)


def security_type(body: Mapping[str, Any]) -> str:
    """The security type in a body; the default is `Standard`."""
    return str(body["properties"].get("securityProfile", {}).get("securityType", "Standard"))


def check_plan(vm_id: str, plan: Mapping[str, str] | None, source: Mapping[str, str] | None) -> None:
    """Raises 400 unless the plan is that of the source's Marketplace image."""
    wanted = None if source is None else tuple(source.get(name) for name in _PLAN)
    given = None if plan is None else tuple(plan.get(name) for name in _PLAN)
    if wanted == given:
        return
    if given is None:
        message = (
            "Creating a virtual machine from Marketplace image or a custom image sourced from a Marketplace image "
            f"requires Plan information in the request. VM: '{vm_id}'."
        )
    else:
        message = f"The Plan information in the request does not fit the source of the VM. VM: '{vm_id}'."
    raise ArmError(400, "VMMarketplaceInvalidInput", message)
