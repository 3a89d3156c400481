"""What goes wrong on the way, and how each run ends: guests that fail, strangers that stop machines, broken answers."""

import logging

import pytest

from contracts.reasons import FailureCode, RefusalCode
from contracts.results import MachineResult, Outcome
from tests.support.journey import journey, spec
from tests.support.requests import GROUP, job, seldom, settings
from workbench.arm_simulator import Fault, ForeignStop, LinuxTraits, WindowsTraits

SCALE_SET = f"{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/set1"


def code_of(result: MachineResult) -> FailureCode | None:
    assert result.outcome is Outcome.FAILED, result
    return result.failure.code if result.failure else None


def test_every_activity_may_run_twice() -> None:
    with journey(spec("lin"), spec("win", os="Windows"), twice=True) as told:
        results = [told.tell(job("lin")), told.tell(job("win"))]
        machines = [told.simulator.machine(name) for name in ("lin", "win")]
    assert [result.outcome for result in results] == [Outcome.GENERALIZED] * 2
    for machine in machines:
        kinds = [effect.kind for effect in machine.effects]
        assert machine.armed_count == 1
        assert kinds.count("generalized") == 1
        assert kinds.count("deprovisioned") + kinds.count("sysprep") == 1


def test_waagent_that_fails_leaves_the_machine_up_with_its_reason() -> None:
    with journey(spec("vm1", linux=LinuxTraits(waagent="fails"))) as told:
        result = told.tell(job("vm1"))
        machine, orders = told.simulator.machine("vm1"), told.orders("vm1")
    assert code_of(result) is FailureCode.STILL_RUNNING
    assert machine.power == "running"
    assert result.evidence is not None
    assert result.evidence.collected
    assert "waagent" in result.evidence.collected
    assert orders.count("DELETE runCommands.delete 202") == 2
    assert not machine.generalized


def test_a_guest_that_refuses_changes_nothing() -> None:
    with journey(spec("vm1", linux=LinuxTraits(distribution="unknown-1"))) as told:
        result = told.tell(job("vm1"))
        machine = told.simulator.machine("vm1")
    assert result.outcome is Outcome.REFUSED
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.GUEST_REFUSED]
    assert machine.armed_count == 0
    assert machine.power == "running"


def test_sysprep_that_fails_is_told_with_its_reason() -> None:
    with journey(spec("vm1", os="Windows", windows=WindowsTraits(sysprep="fails"))) as told:
        result = told.tell(job("vm1"))
        machine = told.simulator.machine("vm1")
    assert code_of(result) is FailureCode.GUEST_FAILED
    assert machine.power == "running"
    assert result.evidence is not None
    assert result.evidence.collected


def test_sysprep_that_hangs_ends_at_its_own_bound() -> None:
    with journey(spec("vm1", os="Windows", windows=WindowsTraits(sysprep="hangs"))) as told:
        result = told.tell(job("vm1", settings=settings(waits=seldom())))
    assert code_of(result) is FailureCode.GUEST_FAILED
    assert result.failure is not None
    assert "sysprepTimedOut" in result.failure.message


def test_a_windows_precondition_is_a_refusal() -> None:
    with journey(spec("vm1", os="Windows", windows=WindowsTraits(precondition="pendingReboot"))) as told:
        result = told.tell(job("vm1"))
    assert result.outcome is Outcome.REFUSED
    assert "pendingReboot" in result.refusals[0].message


def test_a_machine_that_never_stops() -> None:
    with journey(spec("vm1", never_stops=True)) as told:
        result = told.tell(job("vm1", settings=settings(waits=seldom())))
        orders = told.orders("vm1")
    assert code_of(result) is FailureCode.STILL_RUNNING
    assert "POST virtualMachines.deallocate 202" not in orders


def test_somebody_powers_the_machine_off_before_it_sealed_itself() -> None:
    stranger = ForeignStop("powerOff", after_seconds=20, since="armed")
    with journey(spec("vm1", foreign_stop=stranger)) as told:
        result = told.tell(job("vm1"))
        machine = told.simulator.machine("vm1")
    assert code_of(result) is FailureCode.STOPPED_WITHOUT_PROOF
    assert machine.power == "deallocated", "a stopped machine is billed"
    assert not machine.generalized


def test_somebody_deallocates_the_machine_before_it_sealed_itself() -> None:
    stranger = ForeignStop("deallocate", after_seconds=20, since="armed")
    with journey(spec("vm1", foreign_stop=stranger)) as told:
        result = told.tell(job("vm1"))
        machine = told.simulator.machine("vm1")
    assert code_of(result) is FailureCode.STOPPED_BY_SOMEBODY_ELSE
    assert not machine.generalized


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"tags": {}}, RefusalCode.NOT_OPTED_IN),
        ({"power": "deallocated"}, RefusalCode.NOT_RUNNING),
        ({"power": "guestStopped"}, RefusalCode.NOT_RUNNING),
        ({"agent_ready": False}, RefusalCode.AGENT_NOT_READY),
        ({"ephemeral_os_disk": True}, RefusalCode.EPHEMERAL_OS_DISK),
        ({"ade_encrypted": True}, RefusalCode.DISK_ENCRYPTION),
        ({"lock": "ReadOnly"}, RefusalCode.LOCK_IN_THE_WAY),
        ({"boot_diagnostics": False}, RefusalCode.NO_PROOF_POSSIBLE),
        ({"os": "Windows", "windows": WindowsTraits(build=26100)}, RefusalCode.WINDOWS_BUILD),
        ({"generalized": True}, RefusalCode.ALREADY_GENERALIZED),
        ({"scale_set": SCALE_SET}, RefusalCode.IN_SCALE_SET),
    ],
)
def test_a_machine_that_may_not_be_touched_is_refused_and_not_changed(
    more: dict[str, object], code: RefusalCode
) -> None:
    with journey(spec("vm1", **more)) as told:
        result = told.tell(job("vm1"))
        changes = told.changes()
    assert code in [refusal.code for refusal in result.refusals]
    assert changes == []


def test_a_machine_that_is_not_there() -> None:
    with journey(spec("other")) as told:
        result = told.tell(job("vm1"))
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.MACHINE_NOT_FOUND]


OPERATIONS = [
    ("GET", "virtualMachines.get"),
    ("GET", "runCommands.list"),
    ("GET", "runCommands.get"),
    ("PUT", "runCommands.put"),
    ("POST", "virtualMachines.retrieveBootDiagnosticsData"),
    ("POST", "virtualMachines.deallocate"),
    ("POST", "virtualMachines.generalize"),
]
TROUBLES = {
    "server error": {"kind": "status", "status": 500, "code": "InternalServerError"},
    "unavailable": {"kind": "status", "status": 503, "code": "ServerTimeout"},
    "throttled": {"kind": "status", "status": 429, "code": "OperationNotAllowed", "headers": {"Retry-After": "60"}},
    "cut before": {"kind": "cutBefore"},
    "cut after": {"kind": "cutAfter"},
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(("method", "operation"), OPERATIONS)
def test_a_passing_trouble_at_any_call_is_outlived_and_repeats_no_effect(
    method: str, operation: str, trouble: str
) -> None:
    fault = Fault.from_json({"method": method, "operation": operation, **TROUBLES[trouble]})
    with journey(spec("vm1")) as told:
        injected = told.simulator.inject(fault)
        result = told.tell(job("vm1"))
        machine = told.simulator.machine("vm1")
    assert injected.met == 1
    assert result.outcome is Outcome.GENERALIZED, result.failure
    kinds = [effect.kind for effect in machine.effects]
    assert machine.armed_count == 1
    assert kinds.count("deprovisioned") == kinds.count("generalized") == 1


def test_a_deallocation_that_fails_is_ordered_again() -> None:
    with journey(spec("vm1")) as told:
        told.simulator.inject(Fault(kind="operationFails", operation="virtualMachines.deallocate"))
        result = told.tell(job("vm1"))
    assert result.outcome is Outcome.GENERALIZED, result.failure


def test_no_token_and_no_signed_address_is_kept_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), journey(spec("vm1")) as told:
        asked = job("vm1")
        told.simulator.inject(Fault(kind="status", status=500, operation="virtualMachines.deallocate"))
        told.tell(asked)
        state = told.engine.client.get_orchestration_state(asked.run_id)
        history = told.engine.client.get_orchestration_history(asked.run_id)
    assert state is not None
    kept = f"{state}{history}{told.sent}"
    assert "generalize_vm" in kept, "the history was read"
    logged = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith(("golden_images", "azure")))
    for secret in ("sig=", "eyJ", "Bearer ", "bootdiagnostics-"):
        assert secret not in kept
        assert secret not in logged
