"""Reads the VM's power state."""

from azure_clients.vms import read_vm_or_none
from contracts.activities.vm import OneVm, PowerStateRead
from policy.identity import same_vm


async def read_power_state(request: OneVm) -> PowerStateRead:
    """Read the VM (1 request); a VM that was deleted or replaced is a failure."""
    vm = await read_vm_or_none(request.vm_id)
    return PowerStateRead(vm=vm, failure=same_vm(vm, request.unique_id))
