"""Deprovisions a VM: request it in the guest, wait for the guest's report, check the evidence."""

from datetime import UTC, datetime

from contracts.activities.vm import ReadDeprovision, ReadSerialMarker, StartDeprovision
from contracts.catalog import READ_DEPROVISION, READ_SERIAL_MARKER, START_DEPROVISION
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.facts import VmState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.polling import Polling
from contracts.request import EvidenceLevel
from contracts.run_commands import DEPROVISION, run_command_name
from orchestrators.golden_image.ends import Denied, Failed, Refused
from orchestrators.golden_image.polling import ask, try_to_submit, wait_for
from orchestrators.golden_image.vm_run import VmRun, is_linux
from orchestrators.run_activity import Orchestration
from policy.stop_evidence import STOPPED, check_stop

# Windows: a script that ran twice reports this while Sysprep still works. Linux reports as soon as it has scheduled it.
_STILL_DEPROVISIONING = frozenset({GuestOutcome.REQUESTED, GuestOutcome.ALREADY_REQUESTED})


class GuestRefused(Refused):
    """The guest refused to deprovision itself; it changed nothing."""


def request_deprovision(run: VmRun, vm: VmState, script_sha256: str) -> Orchestration[Failed | Refused | None]:
    """Request that the guest deprovisions itself. This is the point of no return: the run can only go forward.

    Returns how the run ends if Azure rejected the request, or the app's settings no longer allow it. A request without
    an answer may have been accepted: it is read back.
    """
    wait = _report_polling(run, vm)
    run.audit("irreversible operation requested", activity=START_DEPROVISION.name, uniqueId=vm.unique_id)
    try:
        submission = yield from try_to_submit(run, wait, START_DEPROVISION, _request(run, vm, script_sha256, wait))
    except Denied as denied:
        return denied
    if submission.unanswered:
        if submission.failure is not None:
            run.log("deprovision request not answered, reading its result", error=submission.failure.message)
        return None
    if submission.failure is not None:
        return Failed(submission.failure)
    if submission.answer is not None and submission.answer.refusal is not None:
        return Refused(submission.answer.refusal)
    return None


def wait_for_report(run: VmRun, vm: VmState) -> Orchestration[GuestReport | None]:
    """Wait until the guest reports, or the VM stops without a report (None); neither by the deadline is a failure."""
    request = ReadDeprovision(
        vm_id=vm.vm_id,
        unique_id=vm.unique_id,
        run_id=run.job.run_id,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, DEPROVISION),
    )
    report: GuestReport | None = None

    def poll(until: datetime) -> Orchestration[bool | None]:
        nonlocal report
        read = yield from ask(run, READ_DEPROVISION, request, until)
        if read.vm is not None:
            run.journal.power_state = read.vm.power_state
        if read.report is not None and (is_linux(vm) or read.report.outcome not in _STILL_DEPROVISIONING):
            report = read.report
            return True
        if read.vm is not None and read.vm.power_state in STOPPED:
            return True
        if read.ended_without_report is not None:
            raise Failed(Failure.of(FailureCode.RUN_COMMAND_FAILED, read.ended_without_report))
        return None

    if (yield from wait_for(run, _report_polling(run, vm), poll)) is None:
        message = "the guest did not report before the deadline, and the VM still runs"
        raise Failed(Failure.of(FailureCode.GUEST_REPORT_TIMED_OUT, message))
    if report is not None:
        _check_report(run, report)
    return report


def check_deprovisioned(
    run: VmRun, stopped: VmState, report: GuestReport | None
) -> Orchestration[EvidenceLevel | None]:
    """Check the evidence that the guest deprovisioned itself before the VM stopped; Failed if it is too weak."""
    mark = SerialMark(readable=False)
    reported = report is not None and report.outcome is GuestOutcome.DEPROVISIONED
    if not reported and stopped.boot_diagnostics:
        request = ReadSerialMarker(vm_id=stopped.vm_id, run_id=run.job.run_id, nonce=run.nonce)

        def poll(until: datetime) -> Orchestration[bool | None]:
            # The serial log lags behind the VM: a log without the mark proves nothing yet.
            nonlocal mark
            mark = (yield from ask(run, READ_SERIAL_MARKER, request, until)).mark
            return True if mark.deprovisioned or mark.failure is not None else None

        yield from wait_for(run, run.polling.serial_mark, poll)
    checked = check_stop(stopped.power_state, report, mark, run.job.target.deprovision.evidence)
    run.journal.evidence_level = checked.level
    run.journal.guest_facts = report.facts if report else {}
    for note in checked.notes:
        run.note(note)
    if checked.failure is not None:
        raise Failed(checked.failure)
    return checked.level


def _request(run: VmRun, vm: VmState, script_sha256: str, wait: Polling) -> StartDeprovision:
    settings = run.settings
    return StartDeprovision(
        vm=vm,
        run_id=run.job.run_id,
        app_name=settings.app_name,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, DEPROVISION),
        options=run.job.target.deprovision,
        script_sha256=script_sha256,
        opt_in_tag=settings.opt_in_tag,
        opt_in_value=settings.opt_in_value,
        not_after=int(run.ctx.current_utc_datetime.replace(tzinfo=UTC).timestamp()) + wait.timeout_seconds,
        shutdown_delay_seconds=settings.shutdown_delay_seconds,
        sysprep_timeout_seconds=settings.sysprep_timeout_seconds,
    )


def _check_report(run: VmRun, report: GuestReport) -> None:
    """End the run if the guest reports that it refused or failed."""
    message = f"{report.code}: {report.message}"
    run.journal.guest_facts = report.facts
    if report.outcome is GuestOutcome.REFUSED:
        raise GuestRefused(Refusal.of(RefusalCode.GUEST_REFUSED, message))
    if report.outcome is GuestOutcome.FAILED:
        raise Failed(Failure.of(FailureCode.GUEST_FAILED, message))


def _report_polling(run: VmRun, vm: VmState) -> Polling:
    return run.polling.linux_report if is_linux(vm) else run.polling.windows_report
