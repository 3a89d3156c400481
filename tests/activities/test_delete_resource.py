"""The activities that delete, restart and stop temporary resources: this run's, and nothing else."""

import pytest

from activities.create_security_group import create_security_group
from activities.create_snapshot import create_snapshot
from activities.deallocate_vm import deallocate_vm
from activities.delete_resource import delete_resource
from activities.read_temporary_vm import read_temporary_vm
from activities.restart_vm import restart_vm
from azure_clients.errors import ArmThrottled
from contracts.activities.resources import Deleted, DeleteResource
from contracts.activities.vm import Deallocate, OneVm, TemporaryVm
from contracts.error_codes import FailureCode
from contracts.facts import PowerState
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
    VM,
    create_clone,
    created_resource,
    rules_request,
    shape_of,
    snapshot_request,
)
from tests.support.journey import spec
from tests.support.requests import GROUP


def delete(az: Azure, resource: Resource, run_id: str = RUN_ID) -> Deleted:
    return az.call(delete_resource(DeleteResource(resource=resource, run_id=run_id)))


def deletes(az: Azure) -> int:
    return sum(record.method == "DELETE" for record in az.simulator.requests())


def test_all_resources_of_a_clone_are_deleted_in_the_order_that_arm_accepts() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        source = az.simulator.world.picture(az.vm())
        create_clone(az, shape_of(az))
        in_use = [delete(az, resource) for resource in (INTERFACE, RULES, DISK)]
        for resource in sorted(
            (SNAPSHOT, DISK, RULES, INTERFACE, VM), key=lambda resource: list(Kind).index(resource.kind)
        ):
            assert delete(az, resource).why is None
            az.pass_time(60)
            assert delete(az, resource).gone
        left = [entry.id for entry in az.simulator.world.store.all() if "golden-image-" in entry.id]
        untouched = az.simulator.world.picture(az.vm()) == source
    for answer in in_use:
        assert answer.why is not None
        assert not answer.gone
    assert left == []
    assert untouched


def test_a_deletion_is_requested_once() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        create_clone(az, shape_of(az))
        answers = [delete(az, VM) for _ in range(3)]
        assert deletes(az) == 1
        az.pass_time(60)
        after = delete(az, VM)
    assert answers[0].correlation_id
    assert [answer.gone for answer in answers] == [False, False, False]
    assert after.gone


def test_a_deletion_that_never_ends_is_requested_again_only_with_insist() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        create_clone(az, shape_of(az))
        az.fault("operationNeverEnds", "virtualMachines.delete")
        delete(az, VM)
        az.pass_time(3_600)
        assert not delete(az, VM).gone
        assert deletes(az) == 1
        az.call(delete_resource(DeleteResource(resource=VM, run_id=RUN_ID, insist=True)))
        az.pass_time(60)
        assert delete(az, VM).gone


def test_what_was_never_there_is_gone() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        resources = (SNAPSHOT, DISK, RULES, INTERFACE, VM, created_resource(Kind.MANAGED_IMAGE, "image", Purpose.IMAGE))
        assert all(delete(az, resource).gone for resource in resources)
        assert deletes(az) == 0


def test_no_resource_of_another_caller_is_deleted() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(create_snapshot(snapshot_request(shape_of(az))))
        az.pass_time(10)
        source = Resource(kind=Kind.VM, id=str(target()), purpose=Purpose.CLONE)
        implied = source.model_copy(update={"implied": True})
        another_run = delete(az, SNAPSHOT, "vm-r2-0123456789")
        untagged, misnamed = delete(az, source), delete(az, implied)
        assert deletes(az) == 0
    for answer in (another_run, untagged, misnamed):
        assert answer.why is not None
        assert not answer.gone
    assert RUN_ID in (another_run.why or "")


def test_an_implied_disk_is_deleted_only_if_its_name_and_vm_are_the_runs() -> None:
    implied = DISK.model_copy(update={"implied": True})
    with azure(spec("vm1"), role=Role()) as az:
        create_clone(az, shape_of(az))
        disk = az.simulator.world.store.require(DISK.id)
        disk.tags, owners = {}, disk.owners
        disk.owners = [str(target())]
        elsewhere = delete(az, implied)
        not_implied = delete(az, DISK)
        disk.owners = owners
        attached = delete(az, implied)
        delete(az, VM)
        az.pass_time(60)
        free = delete(az, implied)
        az.pass_time(10)
        assert delete(az, implied).gone
    assert "vm1" in (elsewhere.why or "")
    assert not_implied.why is not None
    # Azure itself rejects the deletion of an attached disk.
    assert "attached" in (attached.why or "")
    assert free.why is None


def test_a_lock_and_a_missing_right_are_reasons_and_no_failures() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(create_snapshot(snapshot_request(shape_of(az))))
        az.call(create_security_group(rules_request()))
        az.pass_time(10)
        az.simulator.lock(GROUP, "CanNotDelete", "keep")
        locked = [delete(az, resource) for resource in (SNAPSHOT, RULES)]
        az.simulator.role = Role(not_actions=("Microsoft.Compute/snapshots/*",))
        forbidden = delete(az, SNAPSHOT)
    assert ["ScopeLocked" in (answer.why or "") for answer in locked] == [True, True]
    assert all(answer.correlation_id for answer in locked)
    assert "AuthorizationFailed" in (forbidden.why or "")


def test_throttling_is_no_reason_to_keep_a_resource() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(create_snapshot(snapshot_request(shape_of(az))))
        az.pass_time(10)
        az.fault("status", "snapshots.delete", status=429, code="TooManyRequests", headers={"Retry-After": "9"})
        with pytest.raises(ArmThrottled):
            delete(az, SNAPSHOT)
        assert delete(az, SNAPSHOT).why is None


def test_a_clone_is_read_restarted_and_stopped_while_it_runs() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        early = az.call(read_temporary_vm(TemporaryVm(vm_id=CLONE, run_id=RUN_ID)))
        create_clone(az, shape_of(az))
        clone = az.call(read_temporary_vm(TemporaryVm(vm_id=CLONE, run_id=RUN_ID))).vm
        foreign = az.call(read_temporary_vm(TemporaryVm(vm_id=CLONE, run_id="vm-r2-0123456789")))
        assert clone is not None
        one = OneVm(vm_id=CLONE, unique_id=clone.unique_id)
        boots = az.vm(CLONE.name).boot_number
        restarted = az.call(restart_vm(one))
        az.pass_time(120)
        rebooted = az.vm(CLONE.name).boot_number - boots
        plain = Deallocate(vm_id=CLONE, unique_id=clone.unique_id)
        left_alone = az.call(deallocate_vm(plain))
        stopped = az.call(deallocate_vm(plain.model_copy(update={"even_running": True})))
        az.pass_time(60)
        state = az.read(CLONE.name)
    assert early.vm is None
    assert early.failure is None
    assert foreign.failure is not None
    assert foreign.failure.code is FailureCode.VM_REPLACED
    assert restarted.correlation_id
    assert rebooted == 1
    assert left_alone.failure is not None
    assert left_alone.failure.code is FailureCode.STARTED_EXTERNALLY
    assert stopped.failure is None
    assert state.power_state is PowerState.DEALLOCATED


def test_a_vm_that_no_run_created_is_neither_restarted_nor_stopped() -> None:
    impostor = spec("vm2", tags={"golden-image-run": RUN_ID})
    with azure(spec("vm1"), impostor, role=Role()) as az:
        for name in ("vm1", "vm2"):
            vm_id, unique_id = target(name), az.read(name).unique_id
            restarted = az.call(restart_vm(OneVm(vm_id=vm_id, unique_id=unique_id)))
            stopped = az.call(deallocate_vm(Deallocate(vm_id=vm_id, unique_id=unique_id, even_running=True)))
            replaced = az.call(restart_vm(OneVm(vm_id=vm_id, unique_id="another")))
            assert restarted.failure is not None
            assert stopped.failure is not None
            assert replaced.failure is not None
            assert replaced.failure.code is FailureCode.VM_REPLACED
        gone = az.call(restart_vm(OneVm(vm_id=target("gone"), unique_id="x")))
        methods = {record.method for record in az.simulator.requests()}
    assert gone.failure is not None
    assert gone.failure.code is FailureCode.VM_DELETED
    assert methods == {"GET"}
