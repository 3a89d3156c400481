"""Orders a thing, remembered the moment it is asked for, and waits until it stands."""

from collections.abc import Sequence

from contracts.facts import MachineState, PowerState
from contracts.ids import Scope, VmId
from contracts.machine_steps import NewMachine, Ordered
from contracts.made import Kind, Made, Purpose, made_id, made_name
from contracts.making_steps import MadeRead, NewThing, ReadMade
from contracts.reasons import Failure, FailureCode, RefusalCode
from contracts.run import Wait
from contracts.steps import (
    MAKE_DISK,
    MAKE_MACHINE,
    MAKE_MANAGED_IMAGE,
    MAKE_NETWORK_INTERFACE,
    MAKE_SECURITY_GROUP,
    MAKE_SNAPSHOT,
    READ_MADE,
    READ_NEW_MACHINE,
    Step,
)
from orchestrators.calling import Story
from orchestrators.machine_run import Failed, MachineRun, Refused
from orchestrators.waiting import ask, order, wait_for

_WHOLE = 100.0
_ORDERED_BY = {
    Kind.SNAPSHOT: MAKE_SNAPSHOT,
    Kind.DISK: MAKE_DISK,
    Kind.SECURITY_GROUP: MAKE_SECURITY_GROUP,
    Kind.NETWORK_INTERFACE: MAKE_NETWORK_INTERFACE,
    Kind.MANAGED_IMAGE: MAKE_MANAGED_IMAGE,
}


def thing(run: MachineRun, group: Scope, kind: Kind, part: str, purpose: Purpose, *, implied: bool = False) -> Made:
    """Name a thing of this run, the same way every time."""
    name = made_name(run.job.run_id, part)
    return Made(kind=kind, id=made_id(group, kind, name), purpose=purpose, implied=implied)


def make[I: NewThing, O: Ordered](run: MachineRun, wait: Wait, step: Step[I, O], wanted: I) -> Story[O]:
    """Order a thing; from here on it may exist, answered or not, so it is remembered first.

    A name that another's thing bears ends the story: that thing is not ours to unmake.
    """
    run.things.append(wanted.made)
    answer = yield from order(run, wait, step, wanted)
    if answer.refusal is not None:
        if answer.refusal.code is RefusalCode.NAME_TAKEN:
            run.things.remove(wanted.made)
        raise Refused(answer.refusal)
    return answer


def wait_until_whole(run: MachineRun, wait: Wait, things: Sequence[Made], code: FailureCode) -> Story[None]:
    """Wait until each thing is provisioned; one that failed, or is not whole at the deadline, is a failure."""
    standing = list(things)

    def look() -> Story[bool | None]:
        for made in list(standing):
            seen = yield from ask(run, READ_MADE, ReadMade(made=made, run_id=run.job.run_id))
            if seen.refusal is not None:
                raise Refused(seen.refusal)
            if seen.provisioning_state is not None:
                run.seen.add(made.id)
            if _settled(run, seen, made, code):
                standing.remove(made)
        return None if standing else True

    if (yield from wait_for(run, wait, look)) is None:
        names = ", ".join(made.name for made in standing)
        raise Failed(Failure.of(code, f"not whole at the deadline: {names}"))


def _settled(run: MachineRun, seen: MadeRead, made: Made, code: FailureCode) -> bool:
    state = (seen.provisioning_state or "").lower()
    if state in {"failed", "canceled"}:
        message = f"{made.kind} {made.name}: provisioning state {seen.provisioning_state}"
        raise Failed(Failure.of(code, message, run.correlation_id(_ORDERED_BY[made.kind].name)))
    return state == "succeeded" and (seen.progress is None or seen.progress >= _WHOLE)


def wait_until_ready(run: MachineRun, wait: Wait, vm_id: VmId, code: FailureCode) -> Story[MachineState]:
    """Wait until a machine of ours runs, is provisioned and its agent reports ready."""
    request = NewMachine(vm_id=vm_id, run_id=run.job.run_id)
    last = "it has not been seen"

    def look() -> Story[MachineState | None]:
        nonlocal last
        machine = (yield from ask(run, READ_NEW_MACHINE, request)).machine
        if machine is None:
            return None
        state = machine.provisioning_state.lower()
        run.seen.add(str(vm_id))
        if state == "failed":
            message = f"{vm_id.name}: provisioning state {machine.provisioning_state} {machine.trouble}".rstrip()
            raise Failed(Failure.of(code, message, run.correlation_id(MAKE_MACHINE.name)))
        agent = "ready" if machine.agent_ready else "not ready"
        last = f"provisioning state {machine.provisioning_state}, power state {machine.power_state}, agent {agent}"
        ready = state == "succeeded" and machine.power_state is PowerState.RUNNING and machine.agent_ready
        return machine if ready else None

    found = yield from wait_for(run, wait, look)
    if found is None:
        raise Failed(Failure.of(code, f"{vm_id.name} was not ready at the deadline: {last}"))
    return found
