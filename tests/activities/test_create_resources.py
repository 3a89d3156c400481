"""The activities that create temporary resources: once, with this run's tags, never over another caller's."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from activities.adopt_disk import adopt_disk
from activities.create_disk import create_disk
from activities.create_network_interface import create_network_interface
from activities.create_security_group import create_security_group
from activities.create_snapshot import create_snapshot
from activities.create_vm import create_vm
from activities.delete_resource import delete_resource
from activities.read_resource import read_resource
from activities.read_temporary_vm import read_temporary_vm
from azure_clients.errors import ArmRefused, ArmUnavailable
from azure_clients.resources import put_resource
from contracts.activities.resources import AdoptDisk, DeleteResource, NewResource, ReadResource, ResourceRead
from contracts.activities.vm import Submitted, TemporaryVm
from contracts.error_codes import RefusalCode
from contracts.facts import OsType
from contracts.ids import VmId
from contracts.resources import Kind, Purpose, Resource
from emulators.arm import Role
from tests.support.azure import Azure, azure, target
from tests.support.creating import (
    CLONE,
    DISK,
    INTERFACE,
    RULES,
    RUN_ID,
    SNAPSHOT,
    VALIDATE_DISK,
    VM,
    create_clone,
    created_resource,
    disk_request,
    interface_request,
    rules_request,
    shape_of,
    snapshot_request,
    vm_request,
)
from tests.support.journey import spec

OUR_TAGS = {"golden-image-app": "tests", "golden-image-run": RUN_ID, "golden-image-purpose": "clone"}
TRUSTED: dict[str, Any] = {
    "security_type": "TrustedLaunch",
    "plan": {"name": "hardened", "publisher": "acme", "product": "linux"},
    "license_type": "RHEL_BYOS",
    "zones": ("2",),
    "disk_encryption_set": "des1",
}


def stored(az: Azure, resource: Resource) -> Any:
    """Return a resource as the simulator stores it."""
    return az.simulator.world.store.require(resource.id)


SHUT = ("DenyAll", "Disabled")


def shut(resource: Any) -> tuple[str, str]:
    return resource.properties["networkAccessPolicy"], resource.properties["publicNetworkAccess"]


def read(az: Azure, resource: Resource, run_id: str = RUN_ID) -> ResourceRead:
    return az.call(read_resource(ReadResource(resource=resource, run_id=run_id)))


def puts(az: Azure) -> int:
    return sum(record.method == "PUT" for record in az.simulator.requests())


def test_a_clone_is_created_like_its_source_and_the_source_is_not_written() -> None:
    with azure(spec("vm1", **TRUSTED), role=Role()) as az:
        source = az.simulator.world.picture(az.vm())
        shape = shape_of(az)
        create_clone(az, shape)
        clone = az.vm(CLONE.name)
        state = az.read(CLONE.name)
        disk, snapshot = stored(az, DISK), stored(az, SNAPSHOT)
        copied = shape_of(az, CLONE.name)
        untouched = az.simulator.world.picture(az.vm()) == source
        seen = [read(az, resource) for resource in (SNAPSHOT, DISK, RULES, INTERFACE, VM)]
    assert untouched
    assert [entry.provisioning_state for entry in seen] == ["Succeeded"] * 5
    assert snapshot.properties["incremental"] is True
    for copied_disk in (disk, snapshot):
        assert copied_disk.properties["encryption"]["diskEncryptionSetId"].endswith("/des1")
        assert shut(copied_disk) == SHUT
    assert (disk.zones, disk.sku) == (("2",), {"name": "Premium_LRS"})
    alike = {"vm_size", "zones", "plan", "license_type", "security_type", "secure_boot", "v_tpm", "generation"}
    assert [name for name in alike if getattr(copied, name) != getattr(shape, name)] == []
    assert state.boot_diagnostics
    assert state.tags == {**OUR_TAGS}
    assert (clone.power, state.agent_ready) == ("running", True)


def test_a_disk_of_another_vm_is_not_copied() -> None:
    """The id of a disk comes from the run's history, which others may have written."""
    with azure(spec("vm1"), spec("vm2")) as az:
        answer = az.call(create_snapshot(snapshot_request(shape_of(az, "vm2"))))
        assert az.simulator.world.tagged("golden-image-run", RUN_ID) == []
    assert answer.refusal is not None
    assert answer.refusal.code is RefusalCode.DISK_CANNOT_BE_COPIED


def test_everything_is_tagged_as_this_runs_before_it_can_leak() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(create_snapshot(snapshot_request(shape_of(az), tags={"why": "test", "golden-image-run": "another"})))
        az.call(create_security_group(rules_request()))
        tags = [stored(az, resource).tags for resource in (SNAPSHOT, RULES)]
    assert tags == [{**OUR_TAGS, "why": "test"}, OUR_TAGS]


def _after_snapshot(az: Azure) -> None:
    az.call(create_snapshot(snapshot_request(shape_of(az))))
    az.pass_time(10)


def _after_rules(az: Azure) -> None:
    az.call(create_security_group(rules_request()))
    az.pass_time(10)


def _after_disk_and_interface(az: Azure) -> None:
    _after_snapshot(az)
    _after_rules(az)
    az.call(create_disk(disk_request(shape_of(az))))
    az.call(create_network_interface(interface_request()))
    az.pass_time(10)


type Make = tuple[
    Callable[[Azure], None], Callable[[Any], Coroutine[Any, Any, Submitted]], Callable[[Azure], NewResource], str
]
MAKERS: dict[str, Make] = {
    "snapshot": (lambda az: None, create_snapshot, lambda az: snapshot_request(shape_of(az)), "snapshots"),
    "disk": (_after_snapshot, create_disk, lambda az: disk_request(shape_of(az)), "disks"),
    "security group": (lambda az: None, create_security_group, lambda az: rules_request(), "networkSecurityGroups"),
    "interface": (_after_rules, create_network_interface, lambda az: interface_request(), "networkInterfaces"),
    "vm": (
        _after_disk_and_interface, create_vm, lambda az: vm_request(shape_of(az)), "virtualMachines",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MAKERS)
def test_a_resource_is_requested_once(kind: str) -> None:
    customize, make, new_request, operation = MAKERS[kind]
    with azure(spec("vm1"), role=Role()) as az:
        customize(az)
        wanted = new_request(az)
        before = puts(az)
        # The request is accepted and its answer lost: the second call must find the resource.
        az.fault("cutAfter", f"{operation}.createOrUpdate")
        with pytest.raises(ArmUnavailable):
            az.call(make(wanted))
        again = az.call(make(wanted))
        another = az.call(make(wanted.model_copy(update={"run_id": "vm-r2-0123456789"})))
        other_app = az.call(make(wanted.model_copy(update={"app_name": "other"})))
        submitted = puts(az) - before
        foreign = read(az, wanted.resource, "vm-r2-0123456789")
    assert again.already
    assert submitted == 1
    for answer in (another, other_app):
        assert answer.refusal is not None
        assert answer.refusal.code is RefusalCode.NAME_TAKEN
        assert RUN_ID in answer.refusal.message
    assert foreign.refusal is not None
    assert foreign.provisioning_state is None


def test_a_request_returns_its_correlation_id() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        by_sdk = az.call(create_snapshot(snapshot_request(shape_of(az))))
        plain = az.call(create_security_group(rules_request()))
    assert by_sdk.correlation_id
    assert plain.correlation_id
    assert not by_sdk.already


def test_a_rejection_has_azures_own_message() -> None:
    with azure(spec("vm1"), role=Role(not_actions=("Microsoft.Compute/disks/beginGetAccess/action",))) as az:
        with pytest.raises(ArmRefused) as linked:
            az.call(create_snapshot(snapshot_request(shape_of(az))))
        az.fault("status", "networkSecurityGroups.createOrUpdate", status=409, code="InUse", message="taken")
        with pytest.raises(ArmRefused) as conflict:
            az.call(create_security_group(rules_request()))
    assert linked.value.code == "LinkedAuthorizationFailed"
    assert (conflict.value.status, conflict.value.code) == (409, "InUse")
    assert conflict.value.correlation_id


def test_a_resource_that_does_not_exist_differs_from_one_that_failed() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        missing = read(az, SNAPSHOT)
        az.fault("operationFails", "snapshots.createOrUpdate", code="InternalDiskManagementError")
        az.call(create_snapshot(snapshot_request(shape_of(az))))
        az.pass_time(60)
        failed = read(az, SNAPSHOT)
    assert missing == ResourceRead()
    assert failed.provisioning_state == "Failed"


@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_a_vm_from_an_image_is_provisioned_and_deleted_with_its_disk(system: str) -> None:
    image = created_resource(Kind.MANAGED_IMAGE, "image", Purpose.IMAGE)
    vm = created_resource(Kind.VM, "validate", Purpose.VALIDATE)
    from_image = {
        "resource": vm, "os_disk_id": None, "image_id": image.id, "os_disk_name": VALIDATE_DISK.name,
        "computer_name": "gold0123456789", "os_type": OsType(system),
    }  # fmt: skip
    with azure(spec("vm1", os=system, power="deallocated", generalized=True), role=Role()) as az:
        source = {"sourceVirtualMachine": {"id": str(target())}, "hyperVGeneration": "V2"}
        az.call(put_resource(image, {"location": "westeurope", "properties": source}))
        _after_rules(az)
        az.call(create_network_interface(interface_request()))
        az.pass_time(60)
        assert read(az, image.model_copy(), RUN_ID).refusal is not None
        az.call(create_vm(vm_request(shape_of(az), **from_image)))
        az.pass_time(240)
        vm_id = VmId.parse(vm.id)
        state = az.call(read_temporary_vm(TemporaryVm(vm_id=vm_id, run_id=RUN_ID))).vm
        disk = read(az, VALIDATE_DISK)
        adoption = AdoptDisk(resource=VALIDATE_DISK, run_id=RUN_ID, app_name="tests", vm_id=vm.id)
        adopted = az.call(adopt_disk(adoption))
        tags, export = stored(az, VALIDATE_DISK).tags, shut(stored(az, VALIDATE_DISK))
        az.call(delete_resource(DeleteResource(resource=vm, run_id=RUN_ID)))
        az.pass_time(60)
        after = [read(az, resource) for resource in (vm, VALIDATE_DISK)]
    assert state is not None
    assert (state.agent_ready, state.os_type, state.provisioning_state) == (True, OsType(system), "Succeeded")
    assert disk.provisioning_state == "Succeeded"
    assert adopted.refusal is None
    assert tags == {**OUR_TAGS, "golden-image-purpose": "validate"}
    assert export == SHUT
    assert after == [ResourceRead(), ResourceRead()]


def test_the_disk_that_azure_creates_with_a_vm_is_tagged() -> None:
    # A clone's disk is used in its place: untagged, named by the run, attached to the run's VM.
    with azure(spec("vm1"), role=Role()) as az:
        create_clone(az, shape_of(az))
        disk = stored(az, DISK)
        disk.tags = {"owner": "azure"}
        request = AdoptDisk(resource=DISK, run_id=RUN_ID, app_name="tests", vm_id=VM.id.upper())
        first = az.call(adopt_disk(request))
        tags = dict(disk.tags)
        az.pass_time(5)
        second = az.call(adopt_disk(request))
        disk.tags = {"golden-image-run": "another"}
        refused = az.call(adopt_disk(request))
        disk.tags = {}
        elsewhere = az.call(adopt_disk(request.model_copy(update={"vm_id": f"{VM.id}x"})))
        missing = az.call(adopt_disk(request.model_copy(update={"resource": VALIDATE_DISK})))
        patched = [record.operation for record in az.simulator.requests() if record.method == "PATCH"]
    assert first.refusal is None
    assert tags == {"owner": "azure", **OUR_TAGS}
    assert second.already
    for answer in (refused, elsewhere):
        assert answer.refusal is not None
        assert answer.refusal.code is RefusalCode.NAME_TAKEN
    assert missing == Submitted()
    assert len(patched) == 1


def test_a_disk_of_another_vm_is_not_tagged() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        shape = shape_of(az)
        assert shape.os_disk is not None
        theirs = Resource(kind=Kind.DISK, id=shape.os_disk.id, purpose=VALIDATE_DISK.purpose, implied=True)
        vm_id = az.vm().id
        request = AdoptDisk(resource=theirs, run_id=RUN_ID, app_name="tests", vm_id=vm_id)
        answer = az.call(adopt_disk(request))
        methods = {record.method for record in az.simulator.requests()}
    assert answer.refusal is not None
    assert methods == {"GET"}
