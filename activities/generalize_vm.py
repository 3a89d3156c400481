"""Marks the VM generalized, and reads OSState/generalized to confirm it."""

from azure_clients.clients import CALL, compute
from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.vms import read_vm, read_vm_or_none
from contracts.activities.vm import OneVm, PowerStateRead
from policy.identity import may_be_deallocated, same_vm


async def generalize_vm(request: OneVm) -> PowerStateRead:
    """Mark the VM generalized unless it is, and read it again (1 to 3 requests).

    The VM is read first: another VM of the same name must not be marked, nor one that was started again. After a
    rejection it is read too: an earlier request without an answer may have been accepted.
    """
    vm_id = request.vm_id
    before = await read_vm_or_none(vm_id)
    failure = same_vm(before, request.unique_id)
    if failure is not None or before is None or before.generalized:
        return PowerStateRead(vm=before, failure=failure)
    if failure := may_be_deallocated(before):
        return PowerStateRead(vm=before, failure=failure)
    client = await compute(vm_id.subscription_id)
    seen = CorrelationId()
    try:
        async with arm_errors():
            await client.virtual_machines.generalize(vm_id.resource_group, vm_id.name, raw_response_hook=seen, **CALL)
    except ArmRefused:
        vm = await read_vm(vm_id)
        if not vm.generalized:
            raise
        return PowerStateRead(vm=vm)
    return PowerStateRead(vm=await read_vm(vm_id), correlation_id=seen.value)
