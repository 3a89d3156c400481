"""The activities that unmake, restart and stop temporary things: this run's, and nothing else."""

import pytest

from activities.deallocate_vm import deallocate_vm
from activities.delete_made import delete_made
from activities.make_security_group import make_security_group
from activities.make_snapshot import make_snapshot
from activities.read_new_machine import read_new_machine
from activities.restart_vm import restart_vm
from azure_clients.errors import ArmThrottled
from contracts.facts import PowerState
from contracts.machine_steps import Deallocate, NewMachine, OneMachine
from contracts.made import Kind, Made, Purpose
from contracts.making_steps import Deleted, DeleteMade
from contracts.reasons import FailureCode
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
    made,
    make_clone,
    rules_order,
    shape_of,
    snapshot_order,
)
from tests.support.requests import GROUP
from workbench.arm_simulator import Role


def delete(az: Azure, thing: Made, run_id: str = RUN_ID) -> Deleted:
    return az.call(delete_made(DeleteMade(made=thing, run_id=run_id)))


def deletes(az: Azure) -> int:
    return sum(record.method == "DELETE" for record in az.simulator.requests())


def test_all_that_a_clone_needed_goes_in_the_order_that_arm_accepts() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        source = az.simulator.world.picture(az.machine())
        make_clone(az, shape_of(az))
        in_use = [delete(az, thing) for thing in (INTERFACE, RULES, DISK)]
        for thing in sorted(
            (SNAPSHOT, DISK, RULES, INTERFACE, MACHINE), key=lambda thing: list(Kind).index(thing.kind)
        ):
            assert delete(az, thing).why is None
            az.pass_time(60)
            assert delete(az, thing).gone
        left = [entry.id for entry in az.simulator.world.store.all() if "golden-image-" in entry.id]
        untouched = az.simulator.world.picture(az.machine()) == source
    for answer in in_use:
        assert answer.why is not None
        assert not answer.gone
    assert left == []
    assert untouched


def test_a_delete_is_ordered_once() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        make_clone(az, shape_of(az))
        answers = [delete(az, MACHINE) for _ in range(3)]
        assert deletes(az) == 1
        az.pass_time(60)
        after = delete(az, MACHINE)
    assert answers[0].correlation_id
    assert [answer.gone for answer in answers] == [False, False, False]
    assert after.gone


def test_a_deletion_that_never_ends_is_ordered_again_only_by_whoever_insists() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        make_clone(az, shape_of(az))
        az.trouble("operationNeverEnds", "virtualMachines.delete")
        delete(az, MACHINE)
        az.pass_time(3_600)
        assert not delete(az, MACHINE).gone
        assert deletes(az) == 1
        az.call(delete_made(DeleteMade(made=MACHINE, run_id=RUN_ID, insist=True)))
        az.pass_time(60)
        assert delete(az, MACHINE).gone


def test_what_was_never_there_is_gone() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        things = (SNAPSHOT, DISK, RULES, INTERFACE, MACHINE, made(Kind.MANAGED_IMAGE, "image", Purpose.IMAGE))
        assert all(delete(az, thing).gone for thing in things)
        assert deletes(az) == 0


def test_nothing_of_somebody_elses_is_deleted() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(make_snapshot(snapshot_order(shape_of(az))))
        az.pass_time(10)
        source = Made(kind=Kind.MACHINE, id=str(target()), purpose=Purpose.CLONE)
        implied = source.model_copy(update={"implied": True})
        another_run = delete(az, SNAPSHOT, "vm-r2-0123456789")
        untagged, misnamed = delete(az, source), delete(az, implied)
        assert deletes(az) == 0
    for answer in (another_run, untagged, misnamed):
        assert answer.why is not None
        assert not answer.gone
    assert RUN_ID in (another_run.why or "")


def test_an_implied_disk_goes_only_if_it_is_ours_by_name_and_machine() -> None:
    implied = DISK.model_copy(update={"implied": True})
    with azure(spec("vm1"), role=Role()) as az:
        make_clone(az, shape_of(az))
        disk = az.simulator.world.store.require(DISK.id)
        disk.tags, owners = {}, disk.owners
        disk.owners = [str(target())]
        elsewhere = delete(az, implied)
        not_implied = delete(az, DISK)
        disk.owners = owners
        attached = delete(az, implied)
        delete(az, MACHINE)
        az.pass_time(60)
        free = delete(az, implied)
        az.pass_time(10)
        assert delete(az, implied).gone
    assert "vm1" in (elsewhere.why or "")
    assert not_implied.why is not None
    # Azure itself holds a disk that its machine still needs.
    assert "attached" in (attached.why or "")
    assert free.why is None


def test_a_lock_and_a_missing_right_are_reasons_and_no_failures() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(make_snapshot(snapshot_order(shape_of(az))))
        az.call(make_security_group(rules_order()))
        az.pass_time(10)
        az.simulator.lock(GROUP, "CanNotDelete", "keep")
        locked = [delete(az, thing) for thing in (SNAPSHOT, RULES)]
        az.simulator.role = Role(not_actions=("Microsoft.Compute/snapshots/*",))
        forbidden = delete(az, SNAPSHOT)
    assert ["ScopeLocked" in (answer.why or "") for answer in locked] == [True, True]
    assert all(answer.correlation_id for answer in locked)
    assert "AuthorizationFailed" in (forbidden.why or "")


def test_a_throttle_is_no_reason_to_leave_a_thing() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(make_snapshot(snapshot_order(shape_of(az))))
        az.pass_time(10)
        az.trouble("status", "snapshots.delete", status=429, code="TooManyRequests", headers={"Retry-After": "9"})
        with pytest.raises(ArmThrottled):
            delete(az, SNAPSHOT)
        assert delete(az, SNAPSHOT).why is None


def test_a_clone_is_read_restarted_and_stopped_while_it_runs() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        early = az.call(read_new_machine(NewMachine(vm_id=CLONE, run_id=RUN_ID)))
        make_clone(az, shape_of(az))
        clone = az.call(read_new_machine(NewMachine(vm_id=CLONE, run_id=RUN_ID))).machine
        foreign = az.call(read_new_machine(NewMachine(vm_id=CLONE, run_id="vm-r2-0123456789")))
        assert clone is not None
        one = OneMachine(vm_id=CLONE, unique_id=clone.unique_id)
        boots = az.machine(CLONE.name).boot_number
        restarted = az.call(restart_vm(one))
        az.pass_time(120)
        rebooted = az.machine(CLONE.name).boot_number - boots
        plain = Deallocate(vm_id=CLONE, unique_id=clone.unique_id)
        left_alone = az.call(deallocate_vm(plain))
        stopped = az.call(deallocate_vm(plain.model_copy(update={"even_running": True})))
        az.pass_time(60)
        state = az.read(CLONE.name)
    assert early.machine is None
    assert early.failure is None
    assert foreign.failure is not None
    assert foreign.failure.code is FailureCode.MACHINE_REPLACED
    assert restarted.correlation_id
    assert rebooted == 1
    assert left_alone.failure is not None
    assert left_alone.failure.code is FailureCode.STARTED_BY_SOMEBODY_ELSE
    assert stopped.failure is None
    assert state.power_state is PowerState.DEALLOCATED


def test_a_machine_that_no_run_made_is_neither_restarted_nor_stopped() -> None:
    impostor = spec("vm2", tags={"golden-image-run": RUN_ID})
    with azure(spec("vm1"), impostor, role=Role()) as az:
        for name in ("vm1", "vm2"):
            vm_id, unique_id = target(name), az.read(name).unique_id
            restarted = az.call(restart_vm(OneMachine(vm_id=vm_id, unique_id=unique_id)))
            stopped = az.call(deallocate_vm(Deallocate(vm_id=vm_id, unique_id=unique_id, even_running=True)))
            replaced = az.call(restart_vm(OneMachine(vm_id=vm_id, unique_id="another")))
            assert restarted.failure is not None
            assert stopped.failure is not None
            assert replaced.failure is not None
            assert replaced.failure.code is FailureCode.MACHINE_REPLACED
        gone = az.call(restart_vm(OneMachine(vm_id=target("gone"), unique_id="x")))
        methods = {record.method for record in az.simulator.requests()}
    assert gone.failure is not None
    assert gone.failure.code is FailureCode.MACHINE_GONE
    assert methods == {"GET"}
