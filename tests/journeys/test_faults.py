"""Faults during a run, and how each run ends: guests that fail, VMs stopped externally, broken answers."""

import logging

import pytest

from contracts.error_codes import FailureCode, RefusalCode
from contracts.results import Outcome, VmResult
from emulators.arm import Fault, ForeignStop, LinuxTraits, WindowsTraits
from tests.support.journey import journey, spec
from tests.support.requests import GROUP, job, seldom, settings

SCALE_SET = f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/set1"


def code_of(result: VmResult) -> FailureCode | None:
    assert result.outcome is Outcome.FAILED, result
    return result.failure.code if result.failure else None


def test_every_activity_may_run_twice() -> None:
    with journey(spec("lin"), spec("win", os="Windows"), twice=True) as reported:
        results = [reported.report(job("lin")), reported.report(job("win"))]
        vms = [reported.simulator.vm(name) for name in ("lin", "win")]
    assert [result.outcome for result in results] == [Outcome.GENERALIZED] * 2
    for vm in vms:
        kinds = [effect.kind for effect in vm.effects]
        assert vm.requested_count == 1
        assert kinds.count("generalized") == 1
        assert kinds.count("waagent") + kinds.count("sysprep") == 1


def test_waagent_that_fails_leaves_the_vm_up_with_its_reason() -> None:
    with journey(spec("vm1", linux=LinuxTraits(waagent="fails"))) as reported:
        result = reported.report(job("vm1"))
        vm, orders = reported.simulator.vm("vm1"), reported.orders("vm1")
    assert code_of(result) is FailureCode.GUEST_FAILED, "heard on its console while it runs"
    assert vm.power == "running"
    assert result.evidence is not None
    assert result.evidence.collected
    assert "waagent" in result.evidence.collected
    assert orders.count("DELETE runCommands.delete 202") == 3
    assert not vm.generalized


def test_a_guest_that_refuses_changes_nothing() -> None:
    with journey(spec("vm1", linux=LinuxTraits(distribution="unknown-1"))) as reported:
        result = reported.report(job("vm1"))
        vm = reported.simulator.vm("vm1")
    assert result.outcome is Outcome.REFUSED
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.GUEST_REFUSED]
    assert vm.requested_count == 0
    assert vm.power == "running"


def test_sysprep_that_fails_is_reported_with_its_reason() -> None:
    with journey(spec("vm1", os="Windows", windows=WindowsTraits(sysprep="fails"))) as reported:
        result = reported.report(job("vm1"))
        vm = reported.simulator.vm("vm1")
    assert code_of(result) is FailureCode.GUEST_FAILED
    assert vm.power == "running"
    assert result.evidence is not None
    assert result.evidence.collected


def test_sysprep_that_hangs_ends_at_its_own_timeout() -> None:
    with journey(spec("vm1", os="Windows", windows=WindowsTraits(sysprep="hangs"))) as reported:
        result = reported.report(job("vm1", settings=settings(polling=seldom())))
    assert code_of(result) is FailureCode.GUEST_FAILED
    assert result.failure is not None
    assert "sysprepTimedOut" in result.failure.message


def test_a_windows_precondition_is_a_refusal() -> None:
    with journey(spec("vm1", os="Windows", windows=WindowsTraits(precondition="pendingReboot"))) as reported:
        result = reported.report(job("vm1"))
    assert result.outcome is Outcome.REFUSED
    assert "pendingReboot" in result.refusals[0].message


def test_a_vm_that_never_stops() -> None:
    with journey(spec("vm1", never_stops=True)) as reported:
        result = reported.report(job("vm1", settings=settings(polling=seldom())))
        orders = reported.orders("vm1")
    assert code_of(result) is FailureCode.STOP_TIMED_OUT
    assert "POST virtualMachines.deallocate 202" not in orders


def test_the_vm_is_powered_off_externally_before_it_is_deprovisioned() -> None:
    stranger = ForeignStop("powerOff", after_seconds=20, since="requested")
    with journey(spec("vm1", foreign_stop=stranger)) as reported:
        result = reported.report(job("vm1"))
        vm = reported.simulator.vm("vm1")
    assert code_of(result) is FailureCode.STOPPED_WITHOUT_PROOF
    assert vm.power == "deallocated", "a stopped VM is billed"
    assert not vm.generalized


def test_the_vm_is_deallocated_externally_before_it_is_deprovisioned() -> None:
    stranger = ForeignStop("deallocate", after_seconds=20, since="requested")
    with journey(spec("vm1", foreign_stop=stranger)) as reported:
        result = reported.report(job("vm1"))
        vm = reported.simulator.vm("vm1")
    assert code_of(result) is FailureCode.DEALLOCATED_EXTERNALLY
    assert not vm.generalized


REFUSED: list[tuple[dict[str, object], RefusalCode]] = [
    ({"tags": {}}, RefusalCode.NOT_OPTED_IN),
    ({"power": "deallocated"}, RefusalCode.NOT_RUNNING),
    ({"power": "guestStopped"}, RefusalCode.NOT_RUNNING),
    ({"agent_ready": False}, RefusalCode.AGENT_NOT_READY),
    ({"ephemeral_os_disk": True}, RefusalCode.EPHEMERAL_OS_DISK),
    ({"ade_encrypted": True}, RefusalCode.DISK_ENCRYPTION),
    ({"lock": "ReadOnly"}, RefusalCode.RESOURCE_LOCKED),
    ({"boot_diagnostics": False}, RefusalCode.NO_PROOF_POSSIBLE),
    ({"os": "Windows", "windows": WindowsTraits(build=26100)}, RefusalCode.WINDOWS_BUILD),
    ({"generalized": True}, RefusalCode.ALREADY_GENERALIZED),
    ({"scale_set": SCALE_SET}, RefusalCode.IN_SCALE_SET),
]


def test_a_vm_that_may_not_be_touched_is_refused_and_not_changed() -> None:
    fleet = {f"vm{place}": more for place, (more, _) in enumerate(REFUSED)}
    with journey(*(spec(name, **more) for name, more in fleet.items())) as reported:
        results = [reported.report(job(name)) for name in fleet]
        changes = reported.changes()
    for result, (more, code) in zip(results, REFUSED, strict=True):
        assert code in [refusal.code for refusal in result.refusals], more
    assert changes == []


def test_a_vm_that_is_not_there() -> None:
    with journey(spec("other")) as reported:
        result = reported.report(job("vm1"))
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.VM_NOT_FOUND]


OPERATIONS = [
    ("GET", "virtualMachines.get"),
    ("GET", "runCommands.list"),
    ("GET", "runCommands.get"),
    ("PUT", "runCommands.put"),
    ("POST", "virtualMachines.retrieveBootDiagnosticsData"),
    ("POST", "virtualMachines.deallocate"),
    ("POST", "virtualMachines.generalize"),
]
FAULTS = {
    "server error": {"kind": "status", "status": 500, "code": "InternalServerError"},
    "unavailable": {"kind": "status", "status": 503, "code": "ServerTimeout"},
    "throttled": {"kind": "status", "status": 429, "code": "OperationNotAllowed", "headers": {"Retry-After": "60"}},
    "cut before": {"kind": "cutBefore"},
    "cut after": {"kind": "cutAfter"},
}


@pytest.mark.parametrize("fault_kind", FAULTS)
def test_a_passing_fault_at_every_call_is_outlived_and_repeats_no_effect(fault_kind: str) -> None:
    with journey(spec("vm1")) as reported:
        injected = [
            reported.simulator.inject(Fault.from_json({"method": method, "operation": operation, **FAULTS[fault_kind]}))
            for method, operation in OPERATIONS
        ]
        result = reported.report(job("vm1"))
        vm = reported.simulator.vm("vm1")
    assert [fault.met for fault in injected] == [1] * len(OPERATIONS)
    assert result.outcome is Outcome.GENERALIZED, result.failure
    kinds = [effect.kind for effect in vm.effects]
    assert vm.requested_count == 1
    assert kinds.count("waagent") == kinds.count("generalized") == 1


def test_a_deallocation_that_fails_is_ordered_again() -> None:
    with journey(spec("vm1")) as reported:
        reported.simulator.inject(Fault(kind="operationFails", operation="virtualMachines.deallocate"))
        result = reported.report(job("vm1"))
    assert result.outcome is Outcome.GENERALIZED, result.failure


def test_no_token_and_no_signed_address_is_kept_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), journey(spec("vm1")) as reported:
        asked = job("vm1")
        reported.simulator.inject(Fault(kind="status", status=500, operation="virtualMachines.deallocate"))
        reported.report(asked)
        state = reported.engine.client.get_orchestration_state(asked.run_id)
        history = reported.engine.client.get_orchestration_history(asked.run_id)
    assert state is not None
    kept = f"{state}{history}{reported.sent}"
    assert "generalize_vm" in kept, "the history was read"
    logged = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith(("golden_images", "azure")))
    for secret in ("sig=", "eyJ", "Bearer ", "bootdiagnostics-"):
        assert secret not in kept
        assert secret not in logged
