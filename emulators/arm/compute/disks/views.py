"""Disks and snapshots as they are now: what is on them, and their JSON."""

from typing import Any

from emulators.arm.guests.model import DiskContent
from emulators.arm.state.store import Resource
from emulators.arm.state.world import World

DISKS = "Microsoft.Compute/disks"


SNAPSHOTS = "Microsoft.Compute/snapshots"


def content_of(world: World, disk: Resource) -> DiskContent | None:
    """What is on a disk or a snapshot now; for an attached OS disk, the state of its running VM."""
    for owner in disk.owners:
        vm = world.vms.get(owner.lower())
        if vm is not None and vm.model.disks()[0][0].lower() == disk.id.lower():
            return vm.guest.freeze()
    return disk.content


def holds_memory(world: World, disk: Resource) -> bool:
    """Whether the memory of a hibernated VM is on a disk or a snapshot."""
    for owner in disk.owners:
        vm = world.vms.get(owner.lower())
        if vm is not None and vm.model.disks()[0][0].lower() == disk.id.lower():
            return vm.hibernated
    return disk.hibernated


def disk_view(world: World, disk: Resource) -> dict[str, Any]:
    """A disk or a snapshot as GET returns it."""
    if disk.kind == SNAPSHOTS:
        return disk.body()
    more: dict[str, Any] = {}
    if disk.owners:
        more["managedBy"] = disk.owners[0]
    if disk.properties.get("maxShares", 1) > 1 and disk.owners:
        more["managedByExtended"] = list(disk.owners)
    body = disk.body(**more)
    owners = [world.vms[owner.lower()] for owner in disk.owners if owner.lower() in world.vms]
    attached = "Reserved" if owners and all(owner.power == "deallocated" for owner in owners) else "Attached"
    body["properties"]["diskState"] = attached if disk.owners else "Unattached"
    return body
