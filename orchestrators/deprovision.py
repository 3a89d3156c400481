"""Deprovisions a VM: inspect it, request deprovisioning, wait for the guest's report, check the evidence."""

from datetime import UTC, timedelta

from contracts.activities.vm import InspectVm, ReadDeprovision, ReadSerialMarker, StartDeprovision
from contracts.catalog import INSPECT_VM, READ_DEPROVISION, READ_SERIAL_MARKER, START_DEPROVISION
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.facts import PowerState, VmFacts, VmState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.ids import run_command_name
from contracts.results import Evidence
from contracts.run import Polling
from orchestrators.polling import ask, submit, wait_for
from orchestrators.run_activity import Orchestration
from orchestrators.vm_run import Failed, Refused, VmRun
from policy.stop_evidence import STOPPED, check_stop
from policy.vm_checks import wants_proof

DEPROVISION = "deprovision"
"""The part of the Run Command's name that says what it does."""
_INSPECT_LIMIT = timedelta(minutes=15)
# Windows: a script that ran twice reports this while Sysprep still works. Linux reports as soon as it has scheduled it.
_STILL_DEPROVISIONING = frozenset({GuestOutcome.REQUESTED, GuestOutcome.ALREADY_REQUESTED})


def inspect_vm(run: VmRun) -> Orchestration[VmFacts]:
    """Read the facts about the VM; Refused if it cannot be read at all."""
    run.deadline = run.ctx.current_utc_datetime + _INSPECT_LIMIT
    serial_log = wants_proof(run.job.target)
    answer = yield from ask(run, INSPECT_VM, InspectVm(vm_id=run.job.target.vm_id, serial_log=serial_log))
    if answer.refusal is not None or answer.facts is None:
        refusal = answer.refusal or Refusal.of(RefusalCode.VM_UNREADABLE, "Azure returned nothing about the VM")
        raise Refused(refusal)
    run.vm = answer.facts.vm
    return answer.facts


def request_deprovision(run: VmRun) -> Orchestration[None]:
    """Request that the guest deprovisions itself. This is the point of no return: the run can only go forward."""
    vm, wait = run.vm, _report_polling(run)
    assert vm is not None
    run.audit("irreversible operation requested", activity=START_DEPROVISION.name, uniqueId=vm.unique_id)
    run.submitted = True
    try:
        answer = yield from submit(run, wait, START_DEPROVISION, _request(run, vm, wait))
    except Failed as failed:
        # A request without an answer may still have been accepted: read it back. A rejected one was not.
        if run.unanswered:
            run.log("deprovision request not answered, reading its result", error=failed.failure.message)
            return
        run.submitted = False
        raise
    if answer.refusal is not None and not run.unanswered:
        run.submitted = False
        raise Refused(answer.refusal)


def wait_for_report(run: VmRun) -> Orchestration[None]:
    """Wait until the guest reports, or the VM stops without a report; neither by the deadline is a failure."""
    request = ReadDeprovision(
        vm_id=run.subject.vm_id,
        unique_id=run.subject.unique_id,
        run_id=run.job.run_id,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, DEPROVISION),
    )

    def poll() -> Orchestration[bool | None]:
        read = yield from ask(run, READ_DEPROVISION, request)
        run.vm = read.vm or run.vm
        if read.report is not None and (run.is_linux or read.report.outcome not in _STILL_DEPROVISIONING):
            run.report = read.report
            return True
        if read.vm is not None and read.vm.power_state in STOPPED:
            return True
        if read.ended_without_report is not None:
            raise Failed(Failure.of(FailureCode.RUN_COMMAND_FAILED, read.ended_without_report))
        return None

    if (yield from wait_for(run, _report_polling(run), poll)) is None:
        message = "the guest did not report before the deadline, and the VM still runs"
        raise Failed(Failure.of(FailureCode.GUEST_REPORT_TIMED_OUT, message))
    if run.report is not None:
        _check_report(run, run.report)


def check_deprovisioned(run: VmRun, power_state: PowerState) -> Orchestration[None]:
    """Check the evidence that the guest deprovisioned itself before the VM stopped; Failed if it is too weak."""
    mark = SerialMark(readable=False)
    reported = run.report is not None and run.report.outcome is GuestOutcome.DEPROVISIONED
    if not reported and run.vm is not None and run.vm.boot_diagnostics:
        request = ReadSerialMarker(vm_id=run.subject.vm_id, run_id=run.job.run_id, nonce=run.nonce)

        def poll() -> Orchestration[bool | None]:
            # The serial log lags behind the VM: a log without the mark proves nothing yet.
            nonlocal mark
            mark = (yield from ask(run, READ_SERIAL_MARKER, request)).mark
            return True if mark.deprovisioned or mark.failure is not None else None

        yield from wait_for(run, run.job.settings.polling.serial_mark, poll)
    checked = check_stop(power_state, run.report, mark, run.job.target.deprovision.evidence)
    facts = run.report.facts if run.report else {}
    run.evidence = Evidence(level=checked.level, guest=facts, notes=(*_notes(run), *checked.notes))
    if checked.failure is not None:
        raise Failed(checked.failure)


def _request(run: VmRun, vm: VmState, wait: Polling) -> StartDeprovision:
    settings = run.job.settings
    return StartDeprovision(
        vm=vm,
        run_id=run.job.run_id,
        app_name=settings.app_name,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, DEPROVISION),
        options=run.job.target.deprovision,
        script_sha256=run.script_sha256,
        opt_in_tag=settings.opt_in_tag,
        opt_in_value=settings.opt_in_value,
        not_after=int(run.ctx.current_utc_datetime.replace(tzinfo=UTC).timestamp()) + wait.timeout_seconds,
        shutdown_delay_seconds=settings.shutdown_delay_seconds,
        sysprep_timeout_seconds=settings.sysprep_timeout_seconds,
    )


def _check_report(run: VmRun, report: GuestReport) -> None:
    """End the run if the guest reports that it refused or failed."""
    message = f"{report.code}: {report.message}"
    run.evidence = Evidence(guest=report.facts, notes=_notes(run))
    if report.outcome is GuestOutcome.REFUSED:
        run.guest_refused = True
        raise Refused(Refusal.of(RefusalCode.GUEST_REFUSED, message))
    if report.outcome is GuestOutcome.FAILED:
        raise Failed(Failure.of(FailureCode.GUEST_FAILED, message))


def _notes(run: VmRun) -> tuple[str, ...]:
    """Return the notes from before the deprovisioning: they are kept."""
    return run.evidence.notes if run.evidence else ()


def _report_polling(run: VmRun) -> Polling:
    polling = run.job.settings.polling
    return polling.linux_report if run.is_linux else polling.windows_report
