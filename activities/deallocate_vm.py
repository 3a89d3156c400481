"""Deallocates a VM that has stopped, or a temporary VM that still runs."""

import re

from azure_clients.clients import CALL, compute
from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, ArmUnavailable, arm_errors
from azure_clients.vms import read_vm_or_none
from contracts.activities.vm import Deallocate, Submitted
from contracts.facts import PowerState
from policy.identity import may_be_deallocated, same_vm
from policy.ownership import not_temporary

_ALREADY = re.compile(r"deallocated or marked to be deallocated", re.IGNORECASE)


async def deallocate_vm(request: Deallocate) -> Submitted:
    """Request the deallocation and return at once (2 requests); a deallocated VM is left as it is.

    The VM is read first: one that was replaced, or started again, is left alone. Only a temporary VM is deallocated
    while it runs (`even_running`).
    """
    vm_id = request.vm_id
    vm = await read_vm_or_none(vm_id)
    failure = same_vm(vm, request.unique_id)
    if failure is not None or vm is None:
        return Submitted(failure=failure)
    failure = not_temporary(vm_id.name, vm.tags) if request.even_running else may_be_deallocated(vm)
    if failure is not None:
        return Submitted(failure=failure)
    if vm.power_state is PowerState.UNKNOWN:
        raise ArmUnavailable("PowerStateMissing", "the instance view shows no power state")
    if vm.power_state is PowerState.DEALLOCATED:
        return Submitted(already=True)
    client = await compute(vm_id.subscription_id)
    seen = CorrelationId()
    try:
        async with arm_errors():
            await client.virtual_machines.begin_deallocate(
                vm_id.resource_group, vm_id.name, polling=False, raw_response_hook=seen, **CALL
            )
    except ArmRefused as refused:
        if refused.status == 409 and _ALREADY.search(refused.message):
            return Submitted(already=True, correlation_id=refused.correlation_id)
        raise
    return Submitted(correlation_id=seen.value)
