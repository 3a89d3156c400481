"""Deletes a run's Run Commands on a VM that still runs, and returns those that still exist."""

from azure_clients.errors import ArmRefused
from azure_clients.run_commands import delete_run_command, read_run_command
from contracts.activities.vm import RemoveRunCommands, RunCommandsLeft


async def remove_run_commands(request: RemoveRunCommands) -> RunCommandsLeft:
    """Request the deletion of each that exists (1 or 2 requests each); each is tried even if another is rejected.

    Call it again to see whether they are gone. On a stopped VM Azure rejects it (409: extensions cannot be changed).
    """
    left: list[str] = []
    for name in request.run_commands:
        left.append(name)
        try:
            if await read_run_command(request.vm_id, name) is None:
                left.remove(name)
            else:
                await delete_run_command(request.vm_id, name)
        except ArmRefused:
            # A Run Command that cannot be read counts as existing: it could run again.
            continue
    return RunCommandsLeft(left=tuple(left))
