"""Orders Azure to deallocate the machine."""

import re

from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.session import CALL, compute
from contracts.steps import OneMachine, Ordered

_ALREADY = re.compile(r"deallocated or marked to be deallocated", re.IGNORECASE)


async def deallocate_vm(request: OneMachine) -> Ordered:
    """Begin to deallocate and return at once (1 request); a machine that is deallocated stays so."""
    vm_id = request.vm_id
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
