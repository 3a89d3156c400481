"""Orders Azure to deallocate a machine that has stopped, or a temporary one that still runs."""

import re

from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, ArmUnavailable, arm_errors
from azure_clients.machines import read_machine_or_none
from azure_clients.session import CALL, compute
from contracts.facts import PowerState
from contracts.machine_steps import Deallocate, Ordered
from policy.identity import may_be_deallocated, same_machine
from policy.ownership import not_temporary

_ALREADY = re.compile(r"deallocated or marked to be deallocated", re.IGNORECASE)


async def deallocate_vm(request: Deallocate) -> Ordered:
    """Begin to deallocate and return at once (2 requests); a machine that is deallocated stays so.

    The machine is read first: one that was replaced, or that somebody started again, is left alone. Only a machine
    that a run made is stopped while it runs (`even_running`).
    """
    vm_id = request.vm_id
    machine = await read_machine_or_none(vm_id)
    failure = same_machine(machine, request.unique_id)
    if failure is not None or machine is None:
        return Ordered(failure=failure)
    running = not_temporary(vm_id.name, machine.tags) if request.even_running else may_be_deallocated(machine)
    if failure := running:
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
