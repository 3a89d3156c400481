"""The activities that only read: what they return, also for a VM that was deleted or replaced."""

from activities.inspect_vm import inspect_vm
from activities.read_power_state import read_power_state
from activities.read_serial_marker import read_serial_marker
from contracts.activities.vm import InspectVm, OneVm, ReadSerialMarker
from contracts.error_codes import FailureCode, RefusalCode
from contracts.facts import OsType, PowerState
from emulators.arm import Role
from tests.support.azure import NONCE, azure, target
from tests.support.journey import spec
from tests.support.requests import GROUP


def test_inspect_reads_model_view_rights_locks_and_run_commands() -> None:
    with azure(spec("vm1", tags={"a": "b"}, lock="CanNotDelete")) as az:
        found = az.call(inspect_vm(InspectVm(vm_id=target())))
        requests = az.requests()
        total = len(az.simulator.requests())
    facts = found.facts
    assert facts is not None
    assert facts.vm.os_type is OsType.LINUX
    assert facts.vm.power_state is PowerState.RUNNING
    assert facts.vm.agent_ready
    assert facts.vm.boot_diagnostics
    assert facts.vm.tags == {"a": "b"}
    assert facts.vm.unique_id
    assert facts.permissions is not None
    assert "Microsoft.Compute/virtualMachines/generalize/action" in facts.permissions[0].actions
    assert [(lock.level, lock.scope) for lock in facts.locks or ()] == [("CanNotDelete", str(target()).lower())]
    assert facts.run_commands == ()
    assert total == 4
    assert requests[0] == "GET virtualMachines.get 200"


def test_locks_above_the_vm_are_seen() -> None:
    with azure(spec("vm1")) as az:
        az.simulator.lock(GROUP, "ReadOnly", "freeze")
        found = az.call(inspect_vm(InspectVm(vm_id=target())))
    assert found.facts is not None
    assert [lock.name for lock in found.facts.locks or ()] == ["freeze"]


def test_a_vm_that_is_not_there_and_one_that_may_not_be_read_are_refusals() -> None:
    with azure(spec("vm1"), role=Role(("Microsoft.Authorization/*/read",))) as az:
        forbidden = az.call(inspect_vm(InspectVm(vm_id=target())))
        az.simulator.role = Role()
        gone = az.call(inspect_vm(InspectVm(vm_id=target("other"))))
    assert forbidden.refusal is not None
    assert forbidden.refusal.code is RefusalCode.VM_UNREADABLE
    assert "AuthorizationFailed" in forbidden.refusal.message
    assert forbidden.correlation_id
    assert gone.refusal is not None
    assert gone.refusal.code is RefusalCode.VM_NOT_FOUND


def test_what_cannot_be_read_is_none_and_not_empty() -> None:
    with azure(spec("vm1"), role=Role(("Microsoft.Compute/virtualMachines/read",))) as az:
        found = az.call(inspect_vm(InspectVm(vm_id=target())))
    assert found.facts is not None
    assert found.facts.permissions is None
    assert found.facts.locks is None
    assert found.facts.run_commands is None


def test_ready_counts_only_while_the_vm_runs() -> None:
    with azure(spec("vm1", power="guestStopped")) as az:
        state = az.read()
    assert state.power_state is PowerState.STOPPED
    assert not state.agent_ready


def test_a_view_without_a_power_state_is_unknown() -> None:
    with azure(spec("vm1")) as az:
        az.fault("powerStateMissing", "virtualMachines.get")
        assert az.read().power_state is PowerState.UNKNOWN


def test_another_vm_under_the_name_is_a_failure() -> None:
    with azure(spec("vm1")) as az:
        same = az.call(read_power_state(OneVm(vm_id=target(), unique_id=az.read().unique_id)))
        other = az.call(read_power_state(OneVm(vm_id=target(), unique_id="another")))
        gone = az.call(read_power_state(OneVm(vm_id=target("gone"), unique_id="x")))
    assert same.failure is None
    assert other.failure is not None
    assert other.failure.code is FailureCode.VM_REPLACED
    assert gone.failure is not None
    assert gone.failure.code is FailureCode.VM_DELETED


def test_the_serial_log_without_a_mark_and_one_that_is_not_there() -> None:
    request = ReadSerialMarker(vm_id=target(), run_id="vm-r1-x", nonce=NONCE)
    with azure(spec("vm1")) as az:
        readable = az.call(read_serial_marker(request))
    with azure(spec("vm1", boot_diagnostics=False)) as az:
        none = az.call(read_serial_marker(request))
    with azure(spec("vm1"), role=Role(("Microsoft.Compute/virtualMachines/read",))) as az:
        forbidden = az.call(read_serial_marker(request))
    assert readable.mark.readable
    assert not readable.mark.deprovisioned
    assert not none.mark.readable
    assert not forbidden.mark.readable
