"""Reads a machine that this run made."""

from azure_clients.machines import read_machine_or_none
from contracts.machine_steps import NewMachine, PowerStateRead
from policy.ownership import made_by_run


async def read_new_machine(request: NewMachine) -> PowerStateRead:
    """Read the machine as it is now (1 request); None: it is not there. One that this run did not make is a failure."""
    machine = await read_machine_or_none(request.vm_id)
    failure = made_by_run(machine, request.run_id) if machine is not None else None
    return PowerStateRead(machine=None if failure else machine, failure=failure)
