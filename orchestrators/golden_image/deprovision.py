"""Deprovisions a VM: request it in the guest, wait for the guest's report, check the evidence."""

from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.activities.vm import ReadDeprovision, StartDeprovision
from contracts.catalog import READ_DEPROVISION, START_DEPROVISION
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.facts import VmState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.polling import LATE_BEGIN_MARGIN_SECONDS, LEAST_BEGIN_SECONDS, RECOVERY_READ_LIMIT, Polling
from contracts.request import EvidenceLevel
from contracts.run_commands import DEPROVISION, run_command_name
from orchestrators.golden_image.ends import Denied, Failed, Refused
from orchestrators.golden_image.polling import ask, try_to_submit, wait_for
from orchestrators.golden_image.ready import Ready
from orchestrators.golden_image.serial_mark import Deprovisioning, read_mark
from orchestrators.golden_image.vm_run import VmRun, is_linux
from orchestrators.run_activity import Orchestration
from orchestrators.waiting import growing
from policy.stop_evidence import STOPPED, check_stop

# Windows: a script that ran twice reports this while Sysprep still works. Linux reports as soon as it has scheduled it.
_STILL_DEPROVISIONING = frozenset({GuestOutcome.REQUESTED, GuestOutcome.ALREADY_REQUESTED})


class GuestRefused(Refused):
    """The guest refused to deprovision itself; it changed nothing."""


class Rejected(Exception):
    """Azure rejected the request, or the app's settings no longer allow it: the VM is as it was."""

    def __init__(self, end: Failed | Refused) -> None:
        """Store how the run ends."""
        self.end = end
        super().__init__(str(end))


@dataclass(frozen=True)
class Begun:
    """A deprovisioning that was requested, and the guest's report, if there is one.

    `wanted`: the weakest evidence that is enough. `note` is added to the evidence once that is found.
    """

    identity: Deprovisioning
    report: GuestReport | None
    wanted: EvidenceLevel
    note: str | None = None


def deprovision(run: VmRun, vm: VmState, script_sha256: str, ready: Ready) -> Orchestration[Begun]:
    """Request that the guest deprovisions itself, and wait for its report; GuestRefused or Rejected if it will not."""
    yield from _request_deprovision(run, vm, script_sha256, ready)
    report = yield from _wait_for_report(run, vm)
    return Begun(Deprovisioning.of_run(run), report, run.job.target.deprovision.evidence)


def _request_deprovision(run: VmRun, vm: VmState, script_sha256: str, ready: Ready) -> Orchestration[None]:
    """Send the request. This is the point of no return: the run can only go forward.

    A request without an answer may have been accepted: it is read back.
    """
    wait = _report_polling(run, vm)
    run.audit("irreversible operation requested", activity=START_DEPROVISION.name, uniqueId=vm.unique_id)
    try:
        submission = yield from try_to_submit(run, wait, START_DEPROVISION, _request(run, vm, script_sha256, ready))
    except Denied as denied:
        raise Rejected(denied) from None
    if submission.unanswered:
        if submission.failure is not None:
            run.log("deprovision request not answered, reading its result", error=submission.failure.message)
        return
    if submission.failure is not None:
        raise Rejected(Failed(submission.failure))
    if submission.answer is not None and submission.answer.refusal is not None:
        raise Rejected(Refused(submission.answer.refusal))


def _wait_for_report(run: VmRun, vm: VmState) -> Orchestration[GuestReport | None]:
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
            run.journal.saw(read.vm)
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


def check_deprovisioned(run: VmRun, stopped: VmState, begun: Begun) -> Orchestration[EvidenceLevel | None]:
    """Check the evidence that the guest deprovisioned itself before the VM stopped; Failed if it is too weak."""
    mark, report = SerialMark(readable=False), begun.report
    reported = report is not None and report.outcome is GuestOutcome.DEPROVISIONED
    if not reported and stopped.boot_diagnostics:

        def poll(until: datetime) -> Orchestration[bool | None]:
            # The serial log lags behind the VM, by ten minutes at times: a log without the mark proves nothing yet.
            nonlocal mark
            mark = yield from read_mark(run, stopped, begun.identity, until)
            return True if mark.deprovisioned or mark.failure is not None else None

        wait = run.polling.serial_mark
        pauses = growing(wait.initial_delay_seconds, interval=wait.interval_seconds)
        yield from wait_for(run, wait, poll, pauses=pauses)
    checked = check_stop(stopped.power_state, report, mark, begun.wanted)
    run.journal.evidence_level = checked.level
    run.journal.guest_facts = report.facts if report else {}
    for note in checked.notes:
        run.note(note)
    if checked.failure is not None:
        raise Failed(checked.failure)
    if begun.note is not None:
        run.note(begun.note)
    return checked.level


def check_again(run: VmRun, vm: VmState, begun: Begun, level: EvidenceLevel | None) -> Orchestration[None]:
    """Read the proof again right before the act that rests on it: the VM may have booted and stopped unseen."""
    if level is not EvidenceLevel.GUEST_REPORTED or not is_linux(vm):
        return
    mark = yield from read_mark(run, vm, begun.identity, run.ctx.current_utc_datetime + RECOVERY_READ_LIMIT)
    if not mark.deprovisioned:
        run.note("the serial log could not be read again before the VM was marked generalized")


def _request(run: VmRun, vm: VmState, script_sha256: str, ready: Ready) -> StartDeprovision:
    settings = run.settings
    now = int(run.ctx.current_utc_datetime.replace(tzinfo=UTC).timestamp())
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
        # By the guest's own clock, which may be wrong.
        not_after=now + ready.clock_ahead + _latest_begin(run, vm),
        boot_id=ready.boot_id,
        tags=run.job.tags,
        shutdown_delay_seconds=settings.shutdown_delay_seconds,
        sysprep_timeout_seconds=settings.sysprep_timeout_seconds,
    )


def _latest_begin(run: VmRun, vm: VmState) -> int:
    """Return within how many seconds the guest must begin, so that it reports before the run stops waiting for it."""
    needed = 0 if is_linux(vm) else run.settings.sysprep_timeout_seconds
    return max(_report_polling(run, vm).timeout_seconds - needed - LATE_BEGIN_MARGIN_SECONDS, LEAST_BEGIN_SECONDS)


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
