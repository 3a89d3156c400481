"""Recovers a VM whose guest refused to deprovision, or whose run failed."""

from durabletask import task

from contracts.activities.vm import CollectEvidence, EvidenceCollected, RemoveRunCommands
from contracts.catalog import COLLECT_EVIDENCE, REMOVE_RUN_COMMANDS
from contracts.ids import run_command_name
from contracts.results import Evidence
from contracts.run import Polling
from orchestrators.deprovision import DEPROVISION
from orchestrators.polling import wait_for
from orchestrators.power import deallocate, read_power_state
from orchestrators.run_activity import Orchestration, Throttled, run_activity
from orchestrators.vm_run import Failed, VmRun
from policy.stop_evidence import STOPPED

_EVIDENCE = "evidence"
# A stopped VM is billed: keep trying for hours, even while Azure is not available.
_LONG_DEALLOCATION = Polling(initial_delay_seconds=35, interval_seconds=300, timeout_seconds=14_400)
_REMOVAL = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=180)


def recover(run: VmRun, *, failed: bool) -> Orchestration[None]:
    """Collect the evidence, remove the Run Commands, and deallocate the VM if it has stopped.

    A stopped VM is billed until it is deallocated. A running VM is left running, so that an operator can investigate.
    The power state is read first and last: the VM may stop at any time. Of a clone only the evidence is collected: it
    is deleted afterwards.
    """
    if run.clones:
        if failed and not (yield from _stopped(run)):
            yield from _collect(run)
        return
    if not (yield from _stopped(run)):
        if failed:
            yield from _collect(run)
        names = tuple(run_command_name(run.job.run_id, stage) for stage in (DEPROVISION, _EVIDENCE))
        yield from remove_run_commands(run, names)
        if not (yield from _stopped(run)):
            if failed:
                run.note("the VM still runs; deallocate it if it stops later: a stopped VM is billed")
            return
    try:
        yield from deallocate(run, _LONG_DEALLOCATION)
    except Failed as fault:
        run.note(f"the VM was not deallocated, deallocate it: {fault.failure.message}")


def _stopped(run: VmRun) -> Orchestration[bool]:
    """Read the power state again: the last one may be old."""
    try:
        return (yield from read_power_state(run)) in STOPPED
    except (task.TaskFailedError, Throttled):
        return run.stopped


def _collect(run: VmRun) -> Orchestration[None]:
    vm = run.vm
    assert vm is not None
    request = CollectEvidence(
        vm=vm,
        run_id=run.job.run_id,
        app_name=run.job.settings.app_name,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, _EVIDENCE),
    )

    def poll() -> Orchestration[EvidenceCollected | None]:
        answer = yield from run_activity(run.ctx, COLLECT_EVIDENCE, request, until=run.deadline)
        return answer if answer.ready or answer.failure is not None else None

    found = yield from wait_for(
        run, run.job.settings.polling.evidence.model_copy(update={"initial_delay_seconds": 0}), poll
    )
    text = found.text if found else "the evidence script did not end before its deadline"
    evidence = run.evidence or Evidence()
    run.evidence = evidence.model_copy(update={"collected": text})


def remove_run_commands(run: VmRun, names: tuple[str, ...]) -> Orchestration[None]:
    """Delete Run Commands and wait until they are gone: the VM agent could still run one that was not delivered yet."""
    request = RemoveRunCommands(vm_id=run.subject.vm_id, run_commands=names)
    left = names

    def poll() -> Orchestration[bool | None]:
        nonlocal left
        left = (yield from run_activity(run.ctx, REMOVE_RUN_COMMANDS, request, until=run.deadline)).left
        return None if left else True

    if (yield from wait_for(run, _REMOVAL, poll)) is None:
        run.note(f"these Run Commands are still on the VM, delete them: {', '.join(left)}")
