"""Evidence is bound to this VM, this run and this boot, and is read again right before the act that rests on it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.error_codes import FailureCode, RefusalCode
from contracts.results import Outcome
from contracts.stages import Stage
from emulators.arm.compute.vms.power import start
from emulators.arm.state.durations import Durations
from tests.support.golden import begin, end_of
from tests.support.journey import Journey, journey, spec
from tests.support.requests import job, seldom, settings
from tests.support.running import failure_of

SELDOM = settings(polling=seldom())


def later(reported: Journey, seconds: float, action: Callable[[], object]) -> None:
    """Do something to the emulated Azure when simulated seconds have passed."""

    def act() -> None:
        action()

    async def plan() -> None:
        reported.simulator.clock.call_in(seconds, act)

    asyncio.run_coroutine_threadsafe(plan(), reported.loop).result(30)


def once_deprovisioned(reported: Journey, action: Callable[[], object]) -> None:
    """Do something one second after the VM has stopped by itself."""
    vm = reported.simulator.vm("vm1")

    def look() -> None:
        if vm.deprovisioned_count and vm.power == "stopped":
            action()
        else:
            reported.simulator.clock.call_in(1, look)

    later(reported, 1, look)


def test_a_vm_that_somebody_starts_is_not_deprovisioned_again_and_nothing_more_is_sent_to_it() -> None:
    """The agent runs the standing Run Command again: deprovisioning deleted what it remembered."""
    asked = job("vm1", settings=SELDOM)
    with journey(spec("vm1")) as reported:
        begin(reported, asked, Stage.DEPROVISIONING)
        vm = reported.simulator.vm("vm1")
        sent: list[int] = []
        once_deprovisioned(reported, lambda: (start(vm), sent.append(len(reported.simulator.requests()))))
        result = end_of(reported, asked)
        reported.pass_time(600)
        changes = [r.operation for r in reported.simulator.requests()[sent[0] :] if r.method in {"PUT", "DELETE"}]
        assert (vm.power, vm.generalized) == ("running", False)
        assert (vm.requested_count, vm.deprovisioned_count) == (1, 1)
    assert failure_of(result) is FailureCode.STARTED_EXTERNALLY
    assert changes == []
    assert result.evidence is not None
    assert any("delete its Run Command" in note for note in result.evidence.notes)


def test_a_mark_that_was_followed_by_a_boot_proves_nothing() -> None:
    """Started and stopped again between two looks: it is stopped, and the mark is still in its log."""
    asked = job("vm1", settings=SELDOM)
    with journey(spec("vm1")) as reported:
        begin(reported, asked, Stage.DEPROVISIONING)
        vm = reported.simulator.vm("vm1")

        def boot_and_stop() -> None:
            vm.set_power("running")
            vm.write_boot(at_once=True)
            vm.set_power("stopped")

        once_deprovisioned(reported, boot_and_stop)
        result = end_of(reported, asked)
        assert (vm.generalized, vm.power) == (False, "deallocated"), "it is stopped, and would be billed"
    assert failure_of(result) is FailureCode.STARTED_EXTERNALLY


def test_a_boot_after_the_deallocation_is_seen_before_the_vm_is_marked() -> None:
    asked = job("vm1", settings=SELDOM)
    with journey(spec("vm1")) as reported:
        begin(reported, asked, Stage.DEALLOCATING)
        vm = reported.simulator.vm("vm1")
        later(reported, 1, lambda: vm.write_boot(at_once=True))
        result = end_of(reported, asked)
        assert not vm.generalized
    assert failure_of(result) is FailureCode.STARTED_EXTERNALLY


@pytest.mark.parametrize("seconds", [-7_200.0, 7_200.0])
@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_a_guest_with_a_wrong_clock_is_deprovisioned(system: str, seconds: float) -> None:
    with journey(spec("vm1", os=system, clock_ahead=seconds)) as reported:
        result = reported.report(job("vm1"))
    assert result.outcome is Outcome.GENERALIZED, result


def lose_the_agent(reported: Journey, seconds: float) -> None:
    """Let the agent break as soon as deprovisioning is requested, and be repaired later."""
    vm = reported.simulator.vm("vm1")

    def look() -> None:
        if any("-deprovision-" in name for name in vm.run_commands):
            vm.agent = "notReady"
            reported.simulator.clock.call_in(seconds, vm.make_agent_ready)
        else:
            reported.simulator.clock.call_in(0.5, look)

    later(reported, 0.5, look)


@pytest.mark.parametrize("behind", [0.0, 7_200.0])
def test_a_guest_that_would_begin_too_late_does_not_begin(behind: float) -> None:
    """What begins when the run is about to give up would outlive it; a slow clock must not extend the time."""
    asked = job("vm1")
    with journey(spec("vm1", clock_ahead=-behind)) as reported:
        begin(reported, asked, Stage.CUSTOMIZING)
        lose_the_agent(reported, 570)
        result = end_of(reported, asked)
        reported.pass_time(7_200)
        vm = reported.simulator.vm("vm1")
        assert (vm.power, vm.requested_count) == ("running", 0)
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.GUEST_REFUSED]
    assert "expired" in result.refusals[0].message


def test_without_a_console_that_reaches_azure_nothing_is_deprovisioned() -> None:
    with journey(spec("vm1", console_reaches_azure=False)) as reported:
        result = reported.report(job("vm1"))
        assert reported.simulator.vm("vm1").requested_count == 0
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.NO_PROOF_POSSIBLE]
    assert "does not show the line" in result.refusals[0].message


def test_where_no_proof_is_wanted_the_console_is_not_needed() -> None:
    with journey(spec("vm1", console_reaches_azure=False)) as reported:
        result = reported.report(job("vm1", target={"deprovision": {"evidence": "powerStateOnly"}}))
    assert result.outcome is Outcome.GENERALIZED


def test_a_serial_log_that_lags_by_ten_minutes_is_waited_for() -> None:
    with journey(spec("vm1"), durations=replace(Durations(), serial_log_lag=(600, 620))) as reported:
        result = reported.report(job("vm1"))
    assert result.outcome is Outcome.GENERALIZED, result
    assert result.evidence is not None
    assert result.evidence.level == "guestReported"


def test_a_proof_that_came_too_late_is_found_by_the_next_request() -> None:
    with journey(spec("vm1")) as reported:
        begin(reported, job("vm1"), Stage.STOPPING)
        vm = reported.simulator.vm("vm1")
        vm.hold_console(7_200)
        first = end_of(reported, job("vm1"))
        assert (vm.power, vm.generalized) == ("deallocated", False)
        vm.hold_console(0)
        second = reported.report(job("vm1", request_id="r2"))
        assert (vm.requested_count, vm.deprovisioned_count, vm.generalized) == (1, 1, True)
    assert failure_of(first) is FailureCode.STOPPED_WITHOUT_PROOF
    assert second.outcome is Outcome.GENERALIZED, second
    assert second.evidence is not None
    assert second.evidence.level == "guestReported"
    assert any(first.run_id in note for note in second.evidence.notes)


def test_a_vm_that_was_merely_stopped_is_not_taken_for_one_that_deprovisioned_itself() -> None:
    """An earlier run's Run Command is on it, but there is no mark of that run."""
    with journey(spec("vm1")) as reported:
        begin(reported, job("vm1"), Stage.DEPROVISIONING)
        vm = reported.simulator.vm("vm1")
        later(reported, 1, lambda: vm.set_power("stopped"))
        first = end_of(reported, job("vm1"))
        second = reported.report(job("vm1", request_id="r2"))
        assert not vm.generalized
    assert first.failure is not None
    assert second.outcome is Outcome.FAILED
    assert failure_of(second) in {FailureCode.STOPPED_WITHOUT_PROOF, FailureCode.DEALLOCATED_EXTERNALLY}


def test_a_vm_that_was_only_asked_is_not_taken_for_deprovisioned_whatever_evidence_is_accepted() -> None:
    later_request = job("vm1", request_id="r2", target={"deprovision": {"evidence": "powerStateOnly"}})
    with journey(spec("vm1")) as reported:
        asked = job("vm1")
        begin(reported, asked, Stage.DEPROVISIONING)
        vm = reported.simulator.vm("vm1")
        vm.agent = "notReady"
        reported.engine.client.terminate_orchestration(asked.run_id)
        vm.set_power("stopped")
        reported.engine.clock.allow(None)
        result = reported.report(later_request)
        assert (vm.deprovisioned_count, vm.generalized) == (0, False)
    assert failure_of(result) is FailureCode.STOPPED_WITHOUT_PROOF


def test_of_two_earlier_deprovisionings_the_one_counts_whose_mark_counts() -> None:
    with journey(spec("vm1")) as reported:
        vm = reported.simulator.vm("vm1")
        for request_id in ("r1", "r2"):
            asked = job("vm1", request_id=request_id, settings=SELDOM)
            begin(reported, asked, Stage.STOPPING)
            vm.hold_console(7_200)
            assert failure_of(end_of(reported, asked)) is FailureCode.STOPPED_WITHOUT_PROOF
            vm.hold_console(0)
            if request_id == "r1":
                vm.set_power("running")
                vm.guest.boot()
                vm.write_boot(at_once=True)
                vm.agent = "ready"
        third = reported.report(job("vm1", request_id="r3"))
        assert vm.generalized
    assert third.outcome is Outcome.GENERALIZED, third


def test_a_vm_that_stops_long_after_its_run_gave_up_is_finished_by_the_next_one() -> None:
    with journey(spec("vm1", never_stops=True)) as reported:
        first = reported.report(job("vm1", settings=SELDOM))
        vm = reported.simulator.vm("vm1")
        assert any("-deprovision-" in name for name in vm.run_commands), "what it says is needed to recognize the mark"
        (late,) = vm.guest.scheduled()
        asyncio.run_coroutine_threadsafe(vm.guest.run_scheduled(late.id), reported.loop).result(30)
        vm.read_guest()
        vm.set_power("stopped")
        second = reported.report(job("vm1", request_id="r2"))
        assert vm.generalized
    assert failure_of(first) is FailureCode.STOP_TIMED_OUT
    assert second.outcome is Outcome.GENERALIZED, second
