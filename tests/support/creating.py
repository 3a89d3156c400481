"""Requests for the temporary resources of a clone, as the activities take them, against the simulator."""

from typing import Any

from contracts.activities.resources import (
    CreateDisk,
    CreateNetworkInterface,
    CreateSecurityGroup,
    CreateSnapshot,
    CreateVm,
    InspectDisks,
)
from contracts.facts import OsType, VmShape
from contracts.ids import Scope, VmId
from contracts.resource_ids import SubnetId
from contracts.resources import Kind, Purpose, Resource, resource_id, resource_name
from tests.support.azure import Azure, target
from tests.support.requests import GROUP

RUN_ID = "vm-r1-0123456789"
APP = "tests"
SUBNET = SubnetId.parse(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-westeurope/subnets/default")


def created_resource(
    kind: Kind, part: str, purpose: Purpose = Purpose.CLONE, *, run_id: str = RUN_ID, **more: Any
) -> Resource:
    """Name a resource of the run."""
    resource = resource_id(Scope.parse(GROUP), kind, resource_name(run_id, part))
    return Resource(kind=kind, id=resource, purpose=purpose, **more)


SNAPSHOT = created_resource(Kind.SNAPSHOT, "os-snapshot")
DISK = created_resource(Kind.DISK, "os-disk")
RULES = created_resource(Kind.SECURITY_GROUP, "nsg")
INTERFACE = created_resource(Kind.NETWORK_INTERFACE, "nic")
VM = created_resource(Kind.VM, "clone")
CLONE = VmId.parse(VM.id)
VALIDATE_DISK = created_resource(Kind.DISK, "validate-os-disk", Purpose.VALIDATE, implied=True)


def new(resource: Resource, **more: Any) -> dict[str, Any]:
    """Return the fields that every request to create a resource has in common."""
    return {"resource": resource, "run_id": RUN_ID, "app_name": APP, "location": "westeurope", **more}


def shape_of(az: Azure, name: str = "vm1") -> VmShape:
    """Read the model and the disks of a VM, as the app does."""
    from activities.inspect_disks import inspect_disks

    shape = az.call(inspect_disks(InspectDisks(vm_id=target(name)))).shape
    assert shape is not None
    return shape


def snapshot_request(shape: VmShape, **more: Any) -> CreateSnapshot:
    """Return the request for a snapshot of the OS disk."""
    assert shape.os_disk is not None
    disk = {"vm_id": target(), "source_disk_id": shape.os_disk.id}
    return CreateSnapshot.model_validate({**new(SNAPSHOT), **disk, **more})


def disk_request(shape: VmShape, **more: Any) -> CreateDisk:
    """Return the request for a disk from that snapshot."""
    zone = next(iter(shape.zones), None)
    return CreateDisk.model_validate(
        {**new(DISK), "snapshot_id": SNAPSHOT.id, "like": shape.os_disk, "zone": zone, **more}
    )


def rules_request(*service_tags: str) -> CreateSecurityGroup:
    """Return the request for the security group."""
    return CreateSecurityGroup(**new(RULES), service_tags=service_tags)


def interface_request() -> CreateNetworkInterface:
    """Return the request for the network interface."""
    return CreateNetworkInterface(**new(INTERFACE), subnet_id=SUBNET, security_group_id=RULES.id)


def vm_request(shape: VmShape, **more: Any) -> CreateVm:
    """Return the request for the clone."""
    values: dict[str, Any] = {"os_type": OsType.LINUX, "vm_size": shape.vm_size, "network_interface_id": INTERFACE.id}
    values["zone"] = next(iter(shape.zones), None)
    return CreateVm.model_validate({**new(VM), "shape": shape, **values, "os_disk_id": DISK.id, **more})


def create_clone(az: Azure, shape: VmShape, **vm: Any) -> None:
    """Create a complete clone of a VM with one disk."""
    from activities.create_disk import create_disk
    from activities.create_network_interface import create_network_interface
    from activities.create_security_group import create_security_group
    from activities.create_snapshot import create_snapshot
    from activities.create_vm import create_vm

    az.call(create_snapshot(snapshot_request(shape)))
    az.call(create_security_group(rules_request()))
    az.pass_time(10)
    az.call(create_disk(disk_request(shape)))
    az.call(create_network_interface(interface_request()))
    az.pass_time(10)
    az.call(create_vm(vm_request(shape, **vm)))
    az.pass_time(180)
