"""The activities that read before anything is created: a VM's disks, and where a clone would be created."""

import pytest

from activities.inspect_disks import inspect_disks
from activities.inspect_network import inspect_network
from azure_clients.errors import ArmThrottled
from contracts.activities.resources import InspectDisks, InspectNetwork
from contracts.error_codes import RefusalCode
from contracts.facts import NetworkFacts, OsType, Permission
from contracts.ids import Scope
from contracts.resource_ids import SubnetId
from emulators.arm import Role
from tests.support.azure import Azure, azure, target
from tests.support.creating import SUBNET, shape_of
from tests.support.journey import spec
from tests.support.requests import GROUP

PLAN = {"name": "hardened", "publisher": "acme", "product": "linux"}


def site(az: Azure, subnet_id: SubnetId | None = SUBNET, group: str = GROUP) -> NetworkFacts:
    return az.call(inspect_network(InspectNetwork(group=Scope.parse(group), subnet_id=subnet_id))).facts


def test_the_shape_has_everything_that_a_clone_needs() -> None:
    rich = spec(
        "vm1",
        security_type="TrustedLaunch",
        plan=PLAN,
        license_type="RHEL_BYOS",
        zones=("2",),
        disk_encryption_set="des1",
        data_disks=2,
        data_disk_skus=("UltraSSD_LRS",),
        shared_data_disk=True,
        os_disk_gb=64,
    )
    with azure(rich, role=Role()) as az:
        shape = shape_of(az)
        asked = [record.operation for record in az.simulator.requests()]
    assert asked == ["virtualMachines.get", "disks.get", "disks.get", "disks.get"]
    assert (shape.security_type, shape.secure_boot, shape.v_tpm, shape.generation) == (
        "TrustedLaunch",
        True,
        True,
        "V2",
    )
    assert shape.plan is not None
    assert (shape.plan.name, shape.license_type, shape.zones) == ("hardened", "RHEL_BYOS", ("2",))
    disk = shape.os_disk
    assert disk is not None
    assert (disk.sku, disk.size_gb, disk.os_type, disk.zones) == ("Premium_LRS", 64, OsType.LINUX, ("2",))
    assert (disk.lun, disk.security_type) == (None, "TrustedLaunch")
    assert (disk.disk_encryption_set_id or "").endswith("/diskEncryptionSets/des1")
    assert disk.encryption_type == "EncryptionAtRestWithCustomerKey"
    assert [(d.lun, d.sku, d.max_shares) for d in shape.data_disks] == [(0, "UltraSSD_LRS", 2), (1, "Premium_LRS", 1)]


def test_a_plain_vm_has_no_more_than_it_has() -> None:
    with azure(spec("vm1", hyper_v_generation="V1"), role=Role()) as az:
        shape = shape_of(az)
    assert (shape.generation, shape.plan, shape.license_type, shape.zones, shape.data_disks) == (
        "V1",
        None,
        None,
        (),
        (),
    )
    assert shape.os_disk is not None
    assert (shape.os_disk.security_type, shape.os_disk.disk_encryption_set_id, shape.os_disk.disk_encryption) == (
        None, None, False,
    )  # fmt: skip


def test_disk_encryption_is_seen_on_the_disk_itself() -> None:
    with azure(spec("vm1", ade_encrypted=True), role=Role()) as az:
        shape = shape_of(az)
    assert shape.os_disk is not None
    assert shape.os_disk.disk_encryption


def test_an_ephemeral_disk_cannot_be_copied() -> None:
    with azure(spec("vm1", ephemeral_os_disk=True), role=Role()) as az:
        assert shape_of(az).os_disk is None


def test_disks_that_cannot_be_read_are_a_refusal() -> None:
    with azure(spec("vm1"), role=Role(not_actions=("Microsoft.Compute/disks/read",))) as az:
        forbidden = az.call(inspect_disks(InspectDisks(vm_id=target())))
        gone = az.call(inspect_disks(InspectDisks(vm_id=target("gone"))))
        az.simulator.role = Role()
        az.fault("status", "disks.get", status=429, code="TooManyRequests", headers={"Retry-After": "9"})
        with pytest.raises(ArmThrottled):
            az.call(inspect_disks(InspectDisks(vm_id=target())))
    for answer in (forbidden, gone):
        assert answer.shape is None
        assert answer.refusal is not None
        assert answer.refusal.code is RefusalCode.DISKS_UNREADABLE


def test_a_site_is_read_with_four_requests() -> None:
    with azure(spec("vm1"), role=Role(("*/read",))) as az:
        az.simulator.lock(GROUP, "CanNotDelete", "keep")
        az.simulator.lock(f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm1", "ReadOnly", "not-in-the-way")
        facts = site(az)
        asked = sorted(record.operation for record in az.simulator.requests())
    assert asked == ["locks.list", "permissions.list", "permissions.list", "virtualNetworks.get"]
    assert facts.group_permissions == facts.subnet_permissions == (Permission(actions=("*/read",)),)
    assert [lock.name for lock in facts.group_locks or ()] == ["keep"]
    assert facts.vnet_location == "westeurope"


def test_a_site_without_a_subnet_is_read_with_two() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        facts = site(az, None)
        asked = sorted(record.operation for record in az.simulator.requests())
    assert asked == ["locks.list", "permissions.list"]
    assert (facts.group_locks, facts.vnet_location, facts.subnet_permissions) == ((), None, None)


def test_what_cannot_be_read_of_a_site_is_none() -> None:
    nowhere = SubnetId.parse(str(SUBNET).replace("/default", "/elsewhere"))
    no_network = SubnetId.parse(str(SUBNET).replace("vnet-westeurope", "vnet-mars"))
    with azure(spec("vm1"), role=Role()) as az:
        assert site(az, nowhere).vnet_location is None
        assert site(az, no_network) == site(az, None)
        assert site(az, None, group=f"{GROUP}-gone") == NetworkFacts()
        az.simulator.role = Role(not_actions=("Microsoft.Network/virtualNetworks/read",))
        assert site(az).vnet_location is None
        az.simulator.role = Role(not_actions=("Microsoft.Authorization/*",))
        hidden = site(az)
    assert (hidden.group_permissions, hidden.group_locks, hidden.subnet_permissions) == (None, None, None)


def test_a_subnet_is_found_in_any_case() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        assert site(az, SubnetId.parse(str(SUBNET).upper())).vnet_location == "westeurope"
