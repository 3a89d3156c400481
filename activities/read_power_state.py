"""Reads the machine's power state."""

from azure_clients.machines import read_machine_or_none
from contracts.machine_steps import OneMachine, PowerStateRead
from policy.identity import same_machine


async def read_power_state(request: OneMachine) -> PowerStateRead:
    """Read the machine as it is now (1 request); a machine that is gone or another one is a failure."""
    machine = await read_machine_or_none(request.vm_id)
    return PowerStateRead(machine=machine, failure=same_machine(machine, request.unique_id))
