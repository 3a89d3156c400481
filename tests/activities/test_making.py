"""The activities that make temporary things: once, under this run's tags, never over somebody else's."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from activities.adopt_disk import adopt_disk
from activities.delete_made import delete_made
from activities.make_disk import make_disk
from activities.make_machine import make_machine
from activities.make_network_interface import make_network_interface
from activities.make_security_group import make_security_group
from activities.make_snapshot import make_snapshot
from activities.read_made import read_made
from activities.read_new_machine import read_new_machine
from azure_clients.errors import ArmRefused, ArmUnavailable
from azure_clients.things import put_thing
from contracts.facts import OsType
from contracts.ids import VmId
from contracts.machine_steps import NewMachine, Ordered
from contracts.made import Kind, Made, Purpose
from contracts.making_steps import AdoptDisk, DeleteMade, MadeRead, NewThing, ReadMade
from contracts.reasons import RefusalCode
from tests.support.azure import Azure, azure, target
from tests.support.journey import spec
from tests.support.making import (
    CLONE,
    DISK,
    INTERFACE,
    MACHINE,
    RULES,
    RUN_ID,
    SNAPSHOT,
    VERIFY_DISK,
    disk_order,
    interface_order,
    machine_order,
    made,
    make_clone,
    rules_order,
    shape_of,
    snapshot_order,
)
from workbench.arm_simulator import Role

OUR_TAGS = {"golden-image-app": "tests", "golden-image-run": RUN_ID, "golden-image-purpose": "clone"}
TRUSTED: dict[str, Any] = {
    "security_type": "TrustedLaunch",
    "plan": {"name": "hardened", "publisher": "acme", "product": "linux"},
    "license_type": "RHEL_BYOS",
    "zones": ("2",),
    "disk_encryption_set": "des1",
}


def stored(az: Azure, thing: Made) -> Any:
    """Give a thing as the simulator keeps it."""
    return az.simulator.world.store.require(thing.id)


SHUT = ("DenyAll", "Disabled")


def shut(thing: Any) -> tuple[str, str]:
    return thing.properties["networkAccessPolicy"], thing.properties["publicNetworkAccess"]


def look(az: Azure, thing: Made, run_id: str = RUN_ID) -> MadeRead:
    return az.call(read_made(ReadMade(made=thing, run_id=run_id)))


def puts(az: Azure) -> int:
    return sum(record.method == "PUT" for record in az.simulator.requests())


def test_a_clone_is_made_like_its_source_and_the_source_is_not_written() -> None:
    with azure(spec("vm1", **TRUSTED), role=Role()) as az:
        source = az.simulator.world.picture(az.machine())
        shape = shape_of(az)
        make_clone(az, shape)
        clone = az.machine(CLONE.name)
        state = az.read(CLONE.name)
        disk, snapshot = stored(az, DISK), stored(az, SNAPSHOT)
        copied = shape_of(az, CLONE.name)
        untouched = az.simulator.world.picture(az.machine()) == source
        seen = [look(az, thing) for thing in (SNAPSHOT, DISK, RULES, INTERFACE, MACHINE)]
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


def test_everything_is_tagged_as_this_runs_before_it_can_leak() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(make_snapshot(snapshot_order(shape_of(az), tags={"why": "test", "golden-image-run": "another"})))
        az.call(make_security_group(rules_order()))
        tags = [stored(az, thing).tags for thing in (SNAPSHOT, RULES)]
    assert tags == [{**OUR_TAGS, "why": "test"}, OUR_TAGS]


def _after_snapshot(az: Azure) -> None:
    az.call(make_snapshot(snapshot_order(shape_of(az))))
    az.pass_time(10)


def _after_rules(az: Azure) -> None:
    az.call(make_security_group(rules_order()))
    az.pass_time(10)


def _after_disk_and_interface(az: Azure) -> None:
    _after_snapshot(az)
    _after_rules(az)
    az.call(make_disk(disk_order(shape_of(az))))
    az.call(make_network_interface(interface_order()))
    az.pass_time(10)


type Make = tuple[
    Callable[[Azure], None], Callable[[Any], Coroutine[Any, Any, Ordered]], Callable[[Azure], NewThing], str
]
MAKERS: dict[str, Make] = {
    "snapshot": (lambda az: None, make_snapshot, lambda az: snapshot_order(shape_of(az)), "snapshots"),
    "disk": (_after_snapshot, make_disk, lambda az: disk_order(shape_of(az)), "disks"),
    "security group": (lambda az: None, make_security_group, lambda az: rules_order(), "networkSecurityGroups"),
    "interface": (_after_rules, make_network_interface, lambda az: interface_order(), "networkInterfaces"),
    "machine": (
        _after_disk_and_interface, make_machine, lambda az: machine_order(shape_of(az)), "virtualMachines",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MAKERS)
def test_a_thing_is_ordered_once(kind: str) -> None:
    prepare, make, order, operation = MAKERS[kind]
    with azure(spec("vm1"), role=Role()) as az:
        prepare(az)
        wanted = order(az)
        before = puts(az)
        # The order is taken and its answer never comes: the second call must find it.
        az.trouble("cutAfter", f"{operation}.createOrUpdate")
        with pytest.raises(ArmUnavailable):
            az.call(make(wanted))
        again = az.call(make(wanted))
        another = az.call(make(wanted.model_copy(update={"run_id": "vm-r2-0123456789"})))
        other_app = az.call(make(wanted.model_copy(update={"app_name": "other"})))
        ordered = puts(az) - before
        foreign = look(az, wanted.made, "vm-r2-0123456789")
    assert again.already
    assert ordered == 1
    for answer in (another, other_app):
        assert answer.refusal is not None
        assert answer.refusal.code is RefusalCode.NAME_TAKEN
        assert RUN_ID in answer.refusal.message
    assert foreign.refusal is not None
    assert foreign.provisioning_state is None


def test_an_order_gives_its_correlation_id() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        by_sdk = az.call(make_snapshot(snapshot_order(shape_of(az))))
        plain = az.call(make_security_group(rules_order()))
    assert by_sdk.correlation_id
    assert plain.correlation_id
    assert not by_sdk.already


def test_what_azure_refuses_is_its_own_words() -> None:
    with azure(spec("vm1"), role=Role(not_actions=("Microsoft.Compute/disks/beginGetAccess/action",))) as az:
        with pytest.raises(ArmRefused) as linked:
            az.call(make_snapshot(snapshot_order(shape_of(az))))
        az.trouble("status", "networkSecurityGroups.createOrUpdate", status=409, code="InUse", message="taken")
        with pytest.raises(ArmRefused) as conflict:
            az.call(make_security_group(rules_order()))
    assert linked.value.code == "LinkedAuthorizationFailed"
    assert (conflict.value.status, conflict.value.code) == (409, "InUse")
    assert conflict.value.correlation_id


def test_what_is_not_there_and_what_failed_can_be_told_apart() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        missing = look(az, SNAPSHOT)
        az.trouble("operationFails", "snapshots.createOrUpdate", code="InternalDiskManagementError")
        az.call(make_snapshot(snapshot_order(shape_of(az))))
        az.pass_time(60)
        failed = look(az, SNAPSHOT)
    assert missing == MadeRead()
    assert failed.provisioning_state == "Failed"


@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_a_machine_out_of_an_image_is_provisioned_and_takes_its_disk_along(system: str) -> None:
    image = made(Kind.MANAGED_IMAGE, "image", Purpose.IMAGE)
    machine = made(Kind.MACHINE, "verify", Purpose.VERIFY)
    from_image = {
        "made": machine, "os_disk_id": None, "image_id": image.id, "os_disk_name": VERIFY_DISK.name,
        "computer_name": "gold0123456789", "os_type": OsType(system),
    }  # fmt: skip
    with azure(spec("vm1", os=system, power="deallocated", generalized=True), role=Role()) as az:
        source = {"sourceVirtualMachine": {"id": str(target())}, "hyperVGeneration": "V2"}
        az.call(put_thing(image, {"location": "westeurope", "properties": source}))
        _after_rules(az)
        az.call(make_network_interface(interface_order()))
        az.pass_time(60)
        assert look(az, image.model_copy(), RUN_ID).refusal is not None
        az.call(make_machine(machine_order(shape_of(az), **from_image)))
        az.pass_time(240)
        vm_id = VmId.parse(machine.id)
        state = az.call(read_new_machine(NewMachine(vm_id=vm_id, run_id=RUN_ID))).machine
        disk = look(az, VERIFY_DISK)
        adoption = AdoptDisk(made=VERIFY_DISK, run_id=RUN_ID, app_name="tests", machine_id=machine.id)
        adopted = az.call(adopt_disk(adoption))
        tags, export = stored(az, VERIFY_DISK).tags, shut(stored(az, VERIFY_DISK))
        az.call(delete_made(DeleteMade(made=machine, run_id=RUN_ID)))
        az.pass_time(60)
        after = [look(az, thing) for thing in (machine, VERIFY_DISK)]
    assert state is not None
    assert (state.agent_ready, state.os_type, state.provisioning_state) == (True, OsType(system), "Succeeded")
    assert disk.provisioning_state == "Succeeded"
    assert adopted.refusal is None
    assert tags == {**OUR_TAGS, "golden-image-purpose": "verify"}
    assert export == SHUT
    assert after == [MadeRead(), MadeRead()]


def test_the_disk_that_azure_makes_along_with_a_machine_is_adopted() -> None:
    # A clone's disk stands for it here: untagged, named by the run, attached to the run's machine.
    with azure(spec("vm1"), role=Role()) as az:
        make_clone(az, shape_of(az))
        disk = stored(az, DISK)
        disk.tags = {"owner": "azure"}
        order = AdoptDisk(made=DISK, run_id=RUN_ID, app_name="tests", machine_id=MACHINE.id.upper())
        first = az.call(adopt_disk(order))
        tags = dict(disk.tags)
        az.pass_time(5)
        second = az.call(adopt_disk(order))
        disk.tags = {"golden-image-run": "another"}
        refused = az.call(adopt_disk(order))
        disk.tags = {}
        elsewhere = az.call(adopt_disk(order.model_copy(update={"machine_id": f"{MACHINE.id}x"})))
        missing = az.call(adopt_disk(order.model_copy(update={"made": VERIFY_DISK})))
        patched = [record.operation for record in az.simulator.requests() if record.method == "PATCH"]
    assert first.refusal is None
    assert tags == {"owner": "azure", **OUR_TAGS}
    assert second.already
    for answer in (refused, elsewhere):
        assert answer.refusal is not None
        assert answer.refusal.code is RefusalCode.NAME_TAKEN
    assert missing == Ordered()
    assert len(patched) == 1


def test_a_disk_of_a_machine_that_is_not_ours_is_not_adopted() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        shape = shape_of(az)
        assert shape.os_disk is not None
        theirs = Made(kind=Kind.DISK, id=shape.os_disk.id, purpose=VERIFY_DISK.purpose, implied=True)
        machine_id = az.machine().id
        order = AdoptDisk(made=theirs, run_id=RUN_ID, app_name="tests", machine_id=machine_id)
        answer = az.call(adopt_disk(order))
        methods = {record.method for record in az.simulator.requests()}
    assert answer.refusal is not None
    assert methods == {"GET"}
