"""Orders for the temporary things of a clone, as the activities take them, against the simulator."""

from typing import Any

from contracts.facts import MachineShape, OsType
from contracts.ids import Scope, VmId
from contracts.made import Kind, Made, Purpose, made_id, made_name
from contracts.making_steps import (
    InspectDisks,
    MakeDisk,
    MakeMachine,
    MakeNetworkInterface,
    MakeSecurityGroup,
    MakeSnapshot,
)
from contracts.resource_ids import SubnetId
from tests.support.azure import Azure, target
from tests.support.requests import GROUP

RUN_ID = "vm-r1-0123456789"
APP = "tests"
SUBNET = SubnetId.parse(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-westeurope/subnets/default")


def made(kind: Kind, part: str, purpose: Purpose = Purpose.CLONE, *, run_id: str = RUN_ID, **more: Any) -> Made:
    """Name a thing of the run."""
    thing = made_id(Scope.parse(GROUP), kind, made_name(run_id, part))
    return Made(kind=kind, id=thing, purpose=purpose, **more)


SNAPSHOT = made(Kind.SNAPSHOT, "os-snapshot")
DISK = made(Kind.DISK, "os-disk")
RULES = made(Kind.SECURITY_GROUP, "nsg")
INTERFACE = made(Kind.NETWORK_INTERFACE, "nic")
MACHINE = made(Kind.MACHINE, "clone")
CLONE = VmId.parse(MACHINE.id)
VERIFY_DISK = made(Kind.DISK, "verify-os-disk", Purpose.VERIFY, implied=True)


def new(thing: Made, **more: Any) -> dict[str, Any]:
    """Give what every order for a new thing has in common."""
    return {"made": thing, "run_id": RUN_ID, "app_name": APP, "location": "westeurope", **more}


def shape_of(az: Azure, name: str = "vm1") -> MachineShape:
    """Read what a machine is made of, as the product does."""
    from activities.inspect_disks import inspect_disks

    shape = az.call(inspect_disks(InspectDisks(vm_id=target(name)))).shape
    assert shape is not None
    return shape


def snapshot_order(shape: MachineShape, **more: Any) -> MakeSnapshot:
    """Order a snapshot of the OS disk."""
    assert shape.os_disk is not None
    return MakeSnapshot.model_validate({**new(SNAPSHOT), "source_disk_id": shape.os_disk.id, **more})


def disk_order(shape: MachineShape, **more: Any) -> MakeDisk:
    """Order a disk out of that snapshot."""
    zone = next(iter(shape.zones), None)
    return MakeDisk.model_validate(
        {**new(DISK), "snapshot_id": SNAPSHOT.id, "like": shape.os_disk, "zone": zone, **more}
    )


def rules_order(*service_tags: str) -> MakeSecurityGroup:
    """Order the security group."""
    return MakeSecurityGroup(**new(RULES), service_tags=service_tags)


def interface_order() -> MakeNetworkInterface:
    """Order the network interface behind it."""
    return MakeNetworkInterface(**new(INTERFACE), subnet_id=SUBNET, security_group_id=RULES.id)


def machine_order(shape: MachineShape, **more: Any) -> MakeMachine:
    """Order the clone."""
    values: dict[str, Any] = {"os_type": OsType.LINUX, "vm_size": shape.vm_size, "network_interface_id": INTERFACE.id}
    return MakeMachine.model_validate({**new(MACHINE), "shape": shape, **values, "os_disk_id": DISK.id, **more})


def make_clone(az: Azure, shape: MachineShape, **machine: Any) -> None:
    """Make the whole clone of a machine with one disk."""
    from activities.make_disk import make_disk
    from activities.make_machine import make_machine
    from activities.make_network_interface import make_network_interface
    from activities.make_security_group import make_security_group
    from activities.make_snapshot import make_snapshot

    az.call(make_snapshot(snapshot_order(shape)))
    az.call(make_security_group(rules_order()))
    az.pass_time(10)
    az.call(make_disk(disk_order(shape)))
    az.call(make_network_interface(interface_order()))
    az.pass_time(10)
    az.call(make_machine(machine_order(shape, **machine)))
    az.pass_time(180)
