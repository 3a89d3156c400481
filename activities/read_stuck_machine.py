"""Reads a machine that an ended run left behind, if the run's own Run Command proves that it was about it."""

from azure_clients.machines import read_machine_or_none
from azure_clients.surroundings import list_run_commands
from contracts.sweep_steps import ReadStuckMachine, StuckMachineRead


async def read_stuck_machine(request: ReadStuckMachine) -> StuckMachineRead:
    """Read the machine and its Run Commands (2 requests).

    None unless the Run Command of that name stands on it and carries the run's tag: a machine that was made anew
    under the same id has none.
    """
    machine = await read_machine_or_none(request.vm_id)
    if machine is None:
        return StuckMachineRead()
    standing = await list_run_commands(request.vm_id) or ()
    ours = any(
        command.name.lower() == request.run_command.lower() and command.run_id == request.run_id for command in standing
    )
    return StuckMachineRead(machine=machine if ours else None)
