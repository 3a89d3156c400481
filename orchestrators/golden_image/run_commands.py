"""Removes Run Commands from a VM."""

from datetime import datetime

from contracts.activities.vm import RemoveRunCommands
from contracts.catalog import REMOVE_RUN_COMMANDS
from contracts.facts import VmState
from contracts.polling import RUN_COMMAND_REMOVAL
from contracts.run_commands import run_command_name
from orchestrators.golden_image.polling import wait_for
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text, run_activity


def forget_run_commands(run: VmRun, vm: VmState, *parts: str) -> Orchestration[None]:
    """Request once that this run's Run Commands are deleted, without waiting until they are gone."""
    names = tuple(run_command_name(run.job.run_id, part) for part in parts)
    request = RemoveRunCommands(vm_id=vm.vm_id, run_commands=names)
    try:
        yield from run_activity(run.ctx, REMOVE_RUN_COMMANDS, request, bearer=run.bearer, again=False)
    except NO_ANSWER as error:
        run.log("Run Commands not deleted", names=names, error=error_text(error))


def remove_run_commands(run: VmRun, vm: VmState, *parts: str) -> Orchestration[None]:
    """Delete this run's Run Commands with these parts of a name, and wait until they are gone.

    The VM agent could still run one that was not delivered yet, and a VM created from the image would run one again.
    """
    names = tuple(run_command_name(run.job.run_id, part) for part in parts)
    request = RemoveRunCommands(vm_id=vm.vm_id, run_commands=names)
    left = names

    def poll(until: datetime) -> Orchestration[bool | None]:
        nonlocal left
        answer = yield from run_activity(run.ctx, REMOVE_RUN_COMMANDS, request, bearer=run.bearer, until=until)
        left = answer.left
        return None if left else True

    if (yield from wait_for(run, RUN_COMMAND_REMOVAL, poll)) is None:
        run.note(f"these Run Commands are still on the VM, delete them: {', '.join(left)}")
