"""What is still done for a machine whose run was refused by its guest, or failed."""

from durabletask import task

from contracts.ids import run_command_name
from contracts.machine_steps import CollectEvidence, EvidenceCollected, RemoveRunCommands
from contracts.results import Evidence
from contracts.run import Wait
from contracts.steps import COLLECT_EVIDENCE, REMOVE_RUN_COMMANDS
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.in_place import DEPROVISION, deallocate, power_state
from orchestrators.machine_run import Failed, MachineRun
from orchestrators.waiting import wait_for
from policy.ends import STOPPED

_EVIDENCE = "evidence"
# A stopped machine is billed: Azure may be away for hours before this is given up.
_PATIENTLY = Wait(first=35, every=300, deadline=14_400)
_REMOVAL = Wait(first=0, every=15, deadline=180)


def look_after(run: MachineRun, *, failed: bool) -> Story[None]:
    """Leave the machine in the best state it can have: evidence out, Run Commands off, not billed when stopped.

    A machine that stopped is deallocated, since it is billed until then; one that runs stays up with its
    evidence, so that somebody can look. It is looked at first and last: it may stop at any time. Of a clone only the
    evidence is wanted: the rest is unmade with it.
    """
    if run.clones:
        if failed and not (yield from _stopped(run)):
            yield from _collect(run)
        return
    if not (yield from _stopped(run)):
        if failed:
            yield from _collect(run)
        names = tuple(run_command_name(run.job.run_id, stage) for stage in (DEPROVISION, _EVIDENCE))
        yield from take_run_commands_off(run, names)
        if not (yield from _stopped(run)):
            if failed:
                run.note("the machine still ran when the run ended; should it stop later, deallocate it")
            return
    try:
        yield from deallocate(run, _PATIENTLY)
    except Failed as trouble:
        run.note(f"could not be deallocated: {trouble.failure.message}")


def _stopped(run: MachineRun) -> Story[bool]:
    """Look once more: what was read last may be old."""
    try:
        return (yield from power_state(run)) in STOPPED
    except (task.TaskFailedError, Throttled):
        return run.stopped


def _collect(run: MachineRun) -> Story[None]:
    machine = run.machine
    assert machine is not None
    request = CollectEvidence(
        machine=machine,
        run_id=run.job.run_id,
        app_name=run.job.settings.app_name,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, _EVIDENCE),
    )

    def look() -> Story[EvidenceCollected | None]:
        answer = yield from run_step(run.ctx, COLLECT_EVIDENCE, request, until=run.deadline)
        return answer if answer.ready or answer.failure is not None else None

    found = yield from wait_for(run, run.job.settings.waits.evidence.model_copy(update={"first": 0}), look)
    text = found.text if found else "the evidence script did not answer before its deadline"
    evidence = run.evidence or Evidence()
    run.evidence = evidence.model_copy(update={"collected": text})


def take_run_commands_off(run: MachineRun, names: tuple[str, ...]) -> Story[None]:
    """Take them off and see that they are gone: one that is left could still be taken by a repaired agent."""
    request = RemoveRunCommands(vm_id=run.subject.vm_id, run_commands=names)
    left = names

    def look() -> Story[bool | None]:
        nonlocal left
        left = (yield from run_step(run.ctx, REMOVE_RUN_COMMANDS, request, until=run.deadline)).left
        return None if left else True

    if (yield from wait_for(run, _REMOVAL, look)) is None:
        run.note(f"still on the machine, delete them: Run Commands {', '.join(left)}")
