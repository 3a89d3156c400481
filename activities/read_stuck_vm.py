"""Reads the VM of an ended run, if it is still the one that the run worked on."""

from azure_clients.permissions_and_locks import list_run_commands
from azure_clients.vms import read_vm_or_none
from contracts.activities.cleanup import ReadStuckVm, StuckVmRead


async def read_stuck_vm(request: ReadStuckVm) -> StuckVmRead:
    """Read the VM, and its Run Commands if its vmId is not known (1 or 2 requests).

    None unless the VM has that vmId, or the Run Command of that name with the run's tag: a VM that was created again
    under the same id has neither.
    """
    vm = await read_vm_or_none(request.vm_id)
    if vm is None:
        return StuckVmRead()
    if request.unique_id is not None:
        return StuckVmRead(vm=vm if vm.unique_id == request.unique_id else None)
    commands = await list_run_commands(request.vm_id) or ()
    ours = any(
        command.name.lower() == request.run_command.lower() and command.run_id == request.run_id for command in commands
    )
    return StuckVmRead(vm=vm if ours else None)
