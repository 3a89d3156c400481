"""What is still done for a machine whose run was refused by its guest, or failed."""

from contracts.facts import PowerState
from contracts.ids import run_command_name
from contracts.results import Evidence
from contracts.steps import (
    COLLECT_EVIDENCE,
    REMOVE_RUN_COMMANDS,
    CollectEvidence,
    EvidenceCollected,
    RemoveRunCommands,
)
from orchestrators.calling import Story, run_step
from orchestrators.in_place import DEPROVISION, deallocate
from orchestrators.machine_run import Failed, MachineRun
from orchestrators.waiting import wait_for

_EVIDENCE = "evidence"


def look_after(run: MachineRun, nonce: str, *, failed: bool) -> Story[None]:
    """Leave the machine in the best state it can have: evidence out, Run Commands off, not billed when stopped.

    A machine that stopped is deallocated, since it is billed until then; one that runs stays up with its
    evidence, so that somebody can look. Nothing here may hide the reason of the failure.
    """
    if run.stopped:
        try:
            yield from deallocate(run)
        except Failed as trouble:
            _note(run, f"could not be deallocated: {trouble.failure.message}")
    elif run.ordered and run.machine is not None and run.machine.power_state is PowerState.RUNNING:
        if failed:
            yield from _collect(run, nonce)
        yield from _take_run_commands_off(run)


def _collect(run: MachineRun, nonce: str) -> Story[None]:
    machine = run.machine
    assert machine is not None
    request = CollectEvidence(
        machine=machine,
        run_id=run.job.run_id,
        app_name=run.job.settings.app_name,
        nonce=nonce,
        run_command=run_command_name(run.job.run_id, _EVIDENCE),
    )

    def look() -> Story[EvidenceCollected | None]:
        answer = yield from run_step(run.ctx, COLLECT_EVIDENCE, request)
        return answer if answer.ready or answer.failure is not None else None

    first_order = yield from wait_for(run, run.job.settings.waits.evidence.model_copy(update={"first": 0}), look)
    text = first_order.text if first_order else "the evidence script did not answer before its deadline"
    evidence = run.evidence or Evidence()
    run.evidence = evidence.model_copy(update={"collected": text})


def _take_run_commands_off(run: MachineRun) -> Story[None]:
    names = tuple(run_command_name(run.job.run_id, stage) for stage in (DEPROVISION, _EVIDENCE))
    request = RemoveRunCommands(vm_id=run.job.target.vm_id, run_commands=names)
    yield from run_step(run.ctx, REMOVE_RUN_COMMANDS, request)


def _note(run: MachineRun, text: str) -> None:
    evidence = run.evidence or Evidence()
    run.evidence = evidence.model_copy(update={"notes": (*evidence.notes, text)})
