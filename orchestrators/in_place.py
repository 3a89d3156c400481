"""The steps of generalizing a machine in place, each as one short story."""

from datetime import UTC, timedelta

from contracts.facts import MachineFacts, MachineState, OsType, PowerState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.ids import run_command_name
from contracts.machine_steps import (
    Deallocate,
    InspectVm,
    PowerStateRead,
    ReadDeprovision,
    ReadSerialMarker,
    StartDeprovision,
)
from contracts.reasons import Failure, FailureCode, Refusal, RefusalCode
from contracts.results import Evidence
from contracts.run import Wait
from contracts.steps import (
    DEALLOCATE_VM,
    GENERALIZE_VM,
    INSPECT_VM,
    READ_DEPROVISION,
    READ_POWER_STATE,
    READ_SERIAL_MARKER,
    START_DEPROVISION,
)
from orchestrators.calling import Story
from orchestrators.machine_run import Failed, MachineRun, Refused
from orchestrators.waiting import ask, order, wait_for
from policy.ends import STOPPED, judge_stop
from policy.verdict import wants_proof

DEPROVISION = "deprovision"
_INSPECT_LIMIT = timedelta(minutes=15)
# What a Windows script says that was run again while Sysprep still works; Linux arms and reports at once.
_STILL_SEALING = frozenset({GuestOutcome.ARMED, GuestOutcome.ALREADY_ARMED})


def inspect(run: MachineRun) -> Story[MachineFacts]:
    """Read the facts about the machine; Refused if it cannot be read at all."""
    run.deadline = run.ctx.current_utc_datetime + _INSPECT_LIMIT
    serial_log = wants_proof(run.job.target)
    answer = yield from ask(run, INSPECT_VM, InspectVm(vm_id=run.job.target.vm_id, serial_log=serial_log))
    if answer.refusal is not None or answer.facts is None:
        refusal = answer.refusal or Refusal.of(RefusalCode.MACHINE_UNREADABLE, "the machine gave no facts")
        raise Refused(refusal)
    run.machine = answer.facts.machine
    return answer.facts


def order_deprovision(run: MachineRun) -> Story[None]:
    """Order the guest to seal itself. From here on the run only goes forward."""
    machine, wait = run.machine, _report_wait(run)
    assert machine is not None
    run.audit("irreversible step ordered", step=START_DEPROVISION.name, uniqueId=machine.unique_id)
    run.ordered = True
    try:
        answer = yield from order(run, wait, START_DEPROVISION, _order(run, machine, wait))
    except Failed as failed:
        # An order without an answer may stand all the same: only reading it back tells. A refused one does not.
        if run.unanswered:
            run.log("order not answered, read it back", error=failed.failure.message)
            return
        run.ordered = False
        raise
    if answer.refusal is not None and not run.unanswered:
        run.ordered = False
        raise Refused(answer.refusal)


def _order(run: MachineRun, machine: MachineState, wait: Wait) -> StartDeprovision:
    settings = run.job.settings
    return StartDeprovision(
        machine=machine,
        run_id=run.job.run_id,
        app_name=settings.app_name,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, DEPROVISION),
        options=run.job.target.deprovision,
        script_sha256=run.script_sha256,
        opt_in_tag=settings.opt_in_tag,
        opt_in_value=settings.opt_in_value,
        not_after=int(run.ctx.current_utc_datetime.replace(tzinfo=UTC).timestamp()) + wait.deadline,
        shutdown_delay_seconds=settings.shutdown_delay_seconds,
        sysprep_timeout_seconds=settings.sysprep_timeout_seconds,
    )


def wait_for_report(run: MachineRun) -> Story[None]:
    """Wait until the guest reports, or stops without a word; neither word nor stop by the deadline is a failure."""
    request = ReadDeprovision(
        vm_id=run.subject.vm_id,
        unique_id=run.subject.unique_id,
        run_id=run.job.run_id,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, DEPROVISION),
    )

    def look() -> Story[bool | None]:
        seen = yield from ask(run, READ_DEPROVISION, request)
        run.machine = seen.machine or run.machine
        if seen.report is not None and (_linux(run) or seen.report.outcome not in _STILL_SEALING):
            run.report = seen.report
            return True
        if seen.machine is not None and seen.machine.power_state in STOPPED:
            return True
        if seen.ended_without_report is not None:
            raise Failed(Failure.of(FailureCode.RUN_COMMAND_FAILED, seen.ended_without_report))
        return None

    if (yield from wait_for(run, _report_wait(run), look)) is None:
        raise Failed(Failure.of(FailureCode.GUEST_NEVER_REPORTED, "no report, and the machine still runs"))
    if run.report is not None:
        _hear(run, run.report)


def wait_until_stopped(run: MachineRun) -> Story[PowerState]:
    """Wait until the power state reports that the machine no longer runs; still running is a failure."""
    waits = run.job.settings.waits

    def look() -> Story[PowerState | None]:
        state = yield from power_state(run)
        return state if state in STOPPED else None

    stopped = yield from wait_for(run, waits.linux_stop if _linux(run) else waits.windows_stop, look)
    if stopped is None:
        message = "the guest was told to seal itself and to stop, and the machine still runs"
        raise Failed(Failure.of(FailureCode.STILL_RUNNING, message))
    run.stopped = True
    return stopped


def prove(run: MachineRun, power_state: PowerState) -> Story[None]:
    """Judge how the machine stopped: with proof, without, or by somebody else."""
    mark = SerialMark(readable=False)
    reported = run.report is not None and run.report.outcome is GuestOutcome.SEALED
    if not reported and run.machine is not None and run.machine.boot_diagnostics:
        request = ReadSerialMarker(vm_id=run.subject.vm_id, run_id=run.job.run_id, nonce=run.nonce)

        def look() -> Story[bool | None]:
            # The log lags behind the machine: one without the mark is no news.
            nonlocal mark
            mark = (yield from ask(run, READ_SERIAL_MARKER, request)).mark
            return True if mark.sealed or mark.failure is not None else None

        yield from wait_for(run, run.job.settings.waits.serial_mark, look)
    end = judge_stop(power_state, run.report, mark, run.job.target.deprovision.evidence)
    facts = run.report.facts if run.report else {}
    run.evidence = Evidence(level=end.level, guest=facts, notes=(*_notes(run), *end.notes))
    if end.failure is not None:
        raise Failed(end.failure)


def deallocate(run: MachineRun, wait: Wait | None = None, *, even_running: bool = False) -> Story[None]:
    """Deallocate and wait until the power state says so; an order that came to nothing is given again.

    A machine that somebody started again is left alone: it is no sealed machine any more (`even_running`: a clone
    that was never to be sealed).
    """
    wait = wait or run.job.settings.waits.deallocate
    if run.machine is not None and run.machine.power_state is PowerState.DEALLOCATED:
        return
    request = Deallocate(**run.subject.model_dump(), even_running=even_running)
    yield from order(run, wait, DEALLOCATE_VM, request)

    def look() -> Story[bool | None]:
        state = yield from power_state(run)
        if state in {PowerState.STOPPED, PowerState.RUNNING, PowerState.STARTING}:
            yield from ask(run, DEALLOCATE_VM, request)
        return True if state is PowerState.DEALLOCATED else None

    if (yield from wait_for(run, wait, look)) is None:
        message = f"ordered, and still {run.machine.power_state if run.machine else 'unknown'} at the deadline"
        raise Failed(Failure.of(FailureCode.DEALLOCATE_TIMED_OUT, message))


def generalize(run: MachineRun) -> Story[None]:
    """Mark the machine generalized, and believe it only when OSState/generalized was read."""
    run.audit("irreversible step ordered", step=GENERALIZE_VM.name, uniqueId=run.subject.unique_id)

    def look() -> Story[PowerStateRead | None]:
        answer = yield from ask(run, GENERALIZE_VM, run.subject)
        run.machine = answer.machine or run.machine
        return answer if answer.machine is not None and answer.machine.generalized else None

    if (yield from wait_for(run, run.job.settings.waits.generalize, look)) is None:
        message = "the order was taken, and the machine does not show OSState/generalized"
        raise Failed(Failure.of(FailureCode.NOT_GENERALIZED, message))


def _hear(run: MachineRun, report: GuestReport) -> None:
    """Take the guest at its word when it says no."""
    words = f"{report.code}: {report.message}"
    run.evidence = Evidence(guest=report.facts, notes=_notes(run))
    if report.outcome is GuestOutcome.REFUSED:
        run.guest_refused = True
        raise Refused(Refusal.of(RefusalCode.GUEST_REFUSED, words))
    if report.outcome is GuestOutcome.FAILED:
        raise Failed(Failure.of(FailureCode.GUEST_FAILED, words))


def _notes(run: MachineRun) -> tuple[str, ...]:
    """What was noted before the machine sealed itself stays noted."""
    return run.evidence.notes if run.evidence else ()


def power_state(run: MachineRun) -> Story[PowerState]:
    """Read the power state as it is now."""
    answer = yield from ask(run, READ_POWER_STATE, run.subject)
    run.machine = answer.machine or run.machine
    return answer.machine.power_state if answer.machine else PowerState.UNKNOWN


def _report_wait(run: MachineRun) -> Wait:
    waits = run.job.settings.waits
    return waits.linux_report if _linux(run) else waits.windows_report


def _linux(run: MachineRun) -> bool:
    return run.machine is not None and run.machine.os_type is OsType.LINUX
