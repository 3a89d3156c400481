"""What is done with a VM whose guest refused to deprovision, or whose run failed after the point of no return."""

from datetime import datetime

from contracts.activities.vm import CollectEvidence, EvidenceCollected
from contracts.catalog import COLLECT_EVIDENCE
from contracts.error_codes import FailureCode
from contracts.facts import VmState
from contracts.ids import NAME_PREFIX
from contracts.polling import LONG_DEALLOCATION, RECOVERY_READ_LIMIT
from contracts.run_commands import DEPROVISION, EVIDENCE, run_command_name
from orchestrators.golden_image.ends import Failed, Refused
from orchestrators.golden_image.polling import at_once, wait_for
from orchestrators.golden_image.power import deallocate, read_power_state
from orchestrators.golden_image.run_commands import remove_run_commands
from orchestrators.golden_image.vm_run import VmRun, is_linux
from orchestrators.run_activity import NO_ANSWER, Orchestration, run_activity
from policy.stop_evidence import STOPPED


def recover_in_place(run: VmRun, vm: VmState, why: Exception) -> Orchestration[None]:
    """Collect the evidence, remove the Run Commands, and deallocate the VM if it has stopped.

    A stopped VM is billed until it is deallocated. A running VM is left running, so that an operator can investigate.
    The power state is read first and last: the VM may stop at any time. Nothing more is sent to a VM that somebody else
    started and that runs: it is his now.
    """
    now = yield from _read(run, vm)
    if _started_by_others(why) and now.power_state not in STOPPED:
        run.note(f"nothing more was sent to the VM; delete its Run Commands {NAME_PREFIX}{DEPROVISION}-…")
        return
    failed = not isinstance(why, Refused)
    if now.power_state not in STOPPED:
        if failed:
            yield from _collect_evidence(run, now)
        # A Linux VM that still stops can be finished by a later run, with what this Run Command says.
        late = is_linux(now) and isinstance(why, Failed) and why.failure.code is FailureCode.STOP_TIMED_OUT
        yield from remove_run_commands(run, now, *(() if late else (DEPROVISION,)), EVIDENCE)
        now = yield from _read(run, now)
        if now.power_state not in STOPPED:
            if failed:
                run.note("the VM still runs; if it stops later it is billed until a cleanup (or you) deallocates it")
            return
    try:
        yield from deallocate(run, now, LONG_DEALLOCATION)
    except Failed as fault:
        run.journal.bill(now.vm_id, fault.failure.message)


def explain_clone(run: VmRun, clone: VmState, why: Exception) -> Orchestration[None]:
    """Collect the evidence of why the clone failed, while it runs; it is deleted afterwards."""
    if isinstance(why, Refused):
        return
    now = yield from _read(run, clone)
    if now.power_state not in STOPPED:
        yield from _collect_evidence(run, now)


def _started_by_others(why: Exception) -> bool:
    return isinstance(why, Failed) and why.failure.code is FailureCode.STARTED_EXTERNALLY


def _read(run: VmRun, vm: VmState) -> Orchestration[VmState]:
    """Read the VM again: what is known may be old. Without an answer it counts as it was seen last."""
    try:
        read = yield from read_power_state(run, vm, run.ctx.current_utc_datetime + RECOVERY_READ_LIMIT)
    except NO_ANSWER:
        return vm
    return read or vm


def _collect_evidence(run: VmRun, vm: VmState) -> Orchestration[None]:
    request = CollectEvidence(
        vm=vm,
        run_id=run.job.run_id,
        app_name=run.settings.app_name,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, EVIDENCE),
        tags=run.job.tags,
    )

    def poll(until: datetime) -> Orchestration[EvidenceCollected | None]:
        answer = yield from run_activity(run.ctx, COLLECT_EVIDENCE, request, bearer=run.bearer, until=until)
        return answer if answer.ready or answer.failure is not None or answer.denied is not None else None

    found = yield from wait_for(run, at_once(run.polling.evidence), poll)
    run.journal.guest_logs = found.text if found else "the evidence script did not end before its deadline"
