"""Whether the machine that answers now is the one the run began with, and still given free."""

from contracts.facts import MachineState, PowerState
from contracts.made import tag_of
from contracts.reasons import Failure, FailureCode, Refusal, RefusalCode


def same_machine(machine: MachineState | None, unique_id: str) -> Failure | None:
    """Give a failure if the machine is gone, or if another one was made under its name; None if it is the same."""
    if machine is None:
        return Failure.of(FailureCode.MACHINE_GONE, "no machine answers under this id any more")
    if machine.unique_id != unique_id:
        message = f"the run began with machine {unique_id}; now {machine.unique_id} answers"
        return Failure.of(FailureCode.MACHINE_REPLACED, message)
    return None


def opt_in_missing(machine: MachineState, tag: str, value: str) -> Refusal | None:
    """Give a refusal if the machine does not carry its owner's opt-in; tag names have no case."""
    if tag_of(machine.tags, tag) == value:
        return None
    return Refusal.of(RefusalCode.NOT_OPTED_IN, f"the machine lacks the tag {tag}={value}")


def may_still_be_told(machine: MachineState, tag: str, value: str) -> Refusal | None:
    """Give a refusal if, since it was inspected, the machine stopped or its owner took the opt-in back."""
    if machine.power_state is not PowerState.RUNNING:
        return Refusal.of(RefusalCode.NOT_RUNNING, f"the machine's power state is now {machine.power_state}")
    return opt_in_missing(machine, tag, value)


def may_be_deallocated(machine: MachineState) -> Failure | None:
    """Give a failure if somebody started the machine after it had stopped: it is no sealed machine any more."""
    if machine.power_state not in {PowerState.RUNNING, PowerState.STARTING}:
        return None
    message = f"the machine had stopped, and is {machine.power_state} again"
    return Failure.of(FailureCode.STARTED_BY_SOMEBODY_ELSE, message)
