"""Marks the machine generalized, and proves it by reading OSState/generalized."""

from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.machines import read_machine, read_machine_or_none
from azure_clients.session import CALL, compute
from contracts.machine_steps import OneMachine, PowerStateRead
from policy.identity import may_be_deallocated, same_machine


async def generalize_vm(request: OneMachine) -> PowerStateRead:
    """Mark the machine generalized unless it is, and read it again (1 to 3 requests).

    Before the order the machine is read: another one under the same name must not be marked, nor one
    that has booted since. After a refusal
    it is read too, since an order may have been taken whose answer never came.
    """
    vm_id = request.vm_id
    before = await read_machine_or_none(vm_id)
    failure = same_machine(before, request.unique_id)
    if failure is not None or before is None or before.generalized:
        return PowerStateRead(machine=before, failure=failure)
    if failure := may_be_deallocated(before):
        return PowerStateRead(machine=before, failure=failure)
    client = await compute(vm_id.subscription_id)
    seen = CorrelationId()
    try:
        async with arm_errors():
            await client.virtual_machines.generalize(vm_id.resource_group, vm_id.name, raw_response_hook=seen, **CALL)
    except ArmRefused:
        machine = await read_machine(vm_id)
        if not machine.generalized:
            raise
        return PowerStateRead(machine=machine)
    return PowerStateRead(machine=await read_machine(vm_id), correlation_id=seen.value)
