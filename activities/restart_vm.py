"""Restarts a temporary machine of a run."""

from azure_clients.correlation import CorrelationId
from azure_clients.errors import arm_errors
from azure_clients.machines import read_machine_or_none
from azure_clients.session import CALL, compute
from contracts.facts import PowerState
from contracts.machine_steps import OneMachine, Ordered
from policy.identity import same_machine
from policy.ownership import not_temporary


async def restart_vm(request: OneMachine) -> Ordered:
    """Begin to restart and return at once (2 requests); one that is starting already is left to it.

    Done twice it boots twice, which harms no temporary machine; a machine that no run made is never restarted.
    """
    vm_id = request.vm_id
    machine = await read_machine_or_none(vm_id)
    failure = same_machine(machine, request.unique_id)
    if failure is not None or machine is None:
        return Ordered(failure=failure)
    if failure := not_temporary(vm_id.name, machine.tags):
        return Ordered(failure=failure)
    if machine.power_state is PowerState.STARTING:
        return Ordered(already=True)
    client = await compute(vm_id.subscription_id)
    seen = CorrelationId()
    async with arm_errors():
        await client.virtual_machines.begin_restart(
            vm_id.resource_group, vm_id.name, polling=False, raw_response_hook=seen, **CALL
        )
    return Ordered(correlation_id=seen.value)
