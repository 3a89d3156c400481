"""Whether the machine that answers now is the one the run began with."""

from contracts.facts import MachineState
from contracts.reasons import Failure, FailureCode


def same_machine(machine: MachineState | None, unique_id: str) -> Failure | None:
    """Give a failure if the machine is gone, or if another one was made under its name; None if it is the same."""
    if machine is None:
        return Failure.of(FailureCode.MACHINE_GONE, "no machine answers under this id any more")
    if machine.unique_id != unique_id:
        message = f"the run began with machine {unique_id}; now {machine.unique_id} answers"
        return Failure.of(FailureCode.MACHINE_REPLACED, message)
    return None
