"""Takes a run's Run Commands off a machine that still runs, and tells which are still there."""

from azure_clients.errors import ArmRefused
from azure_clients.run_commands import delete_run_command, read_run_command
from contracts.machine_steps import RemoveRunCommands, RunCommandsLeft


async def remove_run_commands(request: RemoveRunCommands) -> RunCommandsLeft:
    """Begin to delete each that is there (1 or 2 requests each), each tried even when another is refused.

    Ask again to see them gone. On a stopped machine Azure refuses (409: extensions cannot be changed).
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
            # One that may not be read counts as there: it could run again.
            continue
    return RunCommandsLeft(left=tuple(left))
