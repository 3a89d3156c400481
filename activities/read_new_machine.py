"""Reads a machine that this run made."""

from azure_clients.machines import read_machine_or_none
from contracts.machine_steps import NewMachine, PowerStateRead
from contracts.made import RUN_TAG
from contracts.reasons import Failure, FailureCode
from policy.ownership import tag


async def read_new_machine(request: NewMachine) -> PowerStateRead:
    """Read the machine as it is now (1 request); None: it is not there. One without this run's tag is a failure."""
    machine = await read_machine_or_none(request.vm_id)
    if machine is not None and tag(machine.tags, RUN_TAG) != request.run_id:
        message = f"the machine that answers under {request.vm_id} is not one that this run made"
        return PowerStateRead(failure=Failure.of(FailureCode.MACHINE_REPLACED, message))
    return PowerStateRead(machine=machine)
