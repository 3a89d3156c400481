"""Reads a temporary VM of this run."""

from azure_clients.vms import read_vm_or_none
from contracts.activities.vm import PowerStateRead, TemporaryVm
from policy.ownership import created_by_run


async def read_temporary_vm(request: TemporaryVm) -> PowerStateRead:
    """Read the VM (1 request); None: it does not exist. A VM that this run did not create is a failure."""
    vm = await read_vm_or_none(request.vm_id)
    failure = created_by_run(vm, request.run_id) if vm is not None else None
    return PowerStateRead(vm=None if failure else vm, failure=failure)
