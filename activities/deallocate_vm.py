"""Orders Azure to deallocate a machine that has stopped."""

import re

from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, ArmUnavailable, arm_errors
from azure_clients.machines import read_machine_or_none
from azure_clients.session import CALL, compute
from contracts.facts import PowerState
from contracts.machine_steps import OneMachine, Ordered
from policy.identity import may_be_deallocated, same_machine

_ALREADY = re.compile(r"deallocated or marked to be deallocated", re.IGNORECASE)


async def deallocate_vm(request: OneMachine) -> Ordered:
    """Begin to deallocate and return at once (2 requests); a machine that is deallocated stays so.

    The machine is read first: one that was replaced, or that somebody started again, is left alone.
    """
    vm_id = request.vm_id
    machine = await read_machine_or_none(vm_id)
    failure = same_machine(machine, request.unique_id)
    if failure is not None or machine is None:
        return Ordered(failure=failure)
    if failure := may_be_deallocated(machine):
        return Ordered(failure=failure)
    if machine.power_state is PowerState.UNKNOWN:
        raise ArmUnavailable("PowerStateMissing", "the instance view tells no power state")
    if machine.power_state is PowerState.DEALLOCATED:
        return Ordered(already=True)
    client = await compute(vm_id.subscription_id)
    seen = CorrelationId()
    try:
        async with arm_errors():
            await client.virtual_machines.begin_deallocate(
                vm_id.resource_group, vm_id.name, polling=False, raw_response_hook=seen, **CALL
            )
    except ArmRefused as refused:
        if refused.status == 409 and _ALREADY.search(refused.message):
            return Ordered(already=True, correlation_id=refused.correlation_id)
        raise
    return Ordered(correlation_id=seen.value)
