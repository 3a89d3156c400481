"""Takes a run's Run Commands off a machine that still runs, as a best effort."""

from azure_clients.errors import ArmRefused
from azure_clients.run_commands import delete_run_command
from contracts.steps import Ordered, RemoveRunCommands


async def remove_run_commands(request: RemoveRunCommands) -> Ordered:
    """Begin to delete each (1 request each), each tried even when another is refused.

    On a stopped machine Azure refuses (409: extensions cannot be changed); then they go with the machine.
    """
    for name in request.run_commands:
        try:
            await delete_run_command(request.vm_id, name)
        except ArmRefused:
            continue
    return Ordered()
