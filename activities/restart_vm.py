"""Restarts a temporary VM."""

from azure_clients.clients import CALL, compute
from azure_clients.correlation import CorrelationId
from azure_clients.errors import arm_errors
from azure_clients.vms import read_vm_or_none
from contracts.activities.vm import OneVm, Submitted
from contracts.facts import PowerState
from policy.identity import same_vm
from policy.ownership import not_temporary


async def restart_vm(request: OneVm) -> Submitted:
    """Request the restart and return at once (2 requests); a VM that is already starting is left alone.

    A second request only restarts it again. A VM that no run created is never restarted.
    """
    vm_id = request.vm_id
    vm = await read_vm_or_none(vm_id)
    failure = same_vm(vm, request.unique_id)
    if failure is not None or vm is None:
        return Submitted(failure=failure)
    if failure := not_temporary(vm_id.name, vm.tags):
        return Submitted(failure=failure)
    if vm.power_state is PowerState.STARTING:
        return Submitted(already=True)
    client = await compute(vm_id.subscription_id)
    seen = CorrelationId()
    async with arm_errors():
        await client.virtual_machines.begin_restart(
            vm_id.resource_group, vm_id.name, polling=False, raw_response_hook=seen, **CALL
        )
    return Submitted(correlation_id=seen.value)
