"""Machines that a terminated or broken run left stopped: a stopped machine is billed until it is deallocated."""

from datetime import timedelta

from durabletask import task
from durabletask.entities import EntityInstanceId

from contracts.facts import MachineState, PowerState
from contracts.ids import VmId, run_command_name
from contracts.machine_steps import Deallocate, OneMachine
from contracts.steps import DEALLOCATE_VM, FIND_ENDED_RUNS, MACHINE_LEASE, READ_POWER_STATE, READ_STUCK_MACHINE
from contracts.sweep_steps import EndedRun, FindEndedRuns, ReadStuckMachine
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.lease import LeaseUnavailable, ask_lease
from orchestrators.sweeping import Sweep, pauses
from orchestrators.waiting import words
from policy.leftovers import why_not_deallocated

_DEPROVISION = "deprovision"


def look_after_stuck(swept: Sweep) -> Story[None]:
    """Deallocate each machine of an ended run that stands stopped; a dry run only tells which."""
    since = swept.job.asked_at - timedelta(days=swept.job.look_back_days)
    answer = yield from swept.ask(FIND_ENDED_RUNS, FindEndedRuns(since=since), "ended runs")
    stuck: list[MachineState] = []
    for ended in answer.runs if answer else ():
        machine = yield from _stuck(swept, ended)
        if machine is not None and machine.vm_id not in {each.vm_id for each in stuck}:
            stuck.append(machine)
    if not swept.acts:
        swept.would_deallocate += [str(machine.vm_id) for machine in stuck]
        return
    if stuck:
        swept.tell("stopped machines deallocated", (machine.vm_id for machine in stuck))
    for machine in stuck:
        yield from _deallocate(swept, machine)


def _stuck(swept: Sweep, ended: EndedRun) -> Story[MachineState | None]:
    """Give the machine if it may be deallocated; otherwise it is kept with its reason."""
    name = run_command_name(ended.run_id, _DEPROVISION)
    request = ReadStuckMachine(vm_id=ended.vm_id, run_id=ended.run_id, run_command=name)
    read = yield from swept.ask(READ_STUCK_MACHINE, request, ended.vm_id)
    if read is None:
        return None
    why = why_not_deallocated(ended, read.machine, swept.job)
    if why is None:
        why = yield from _held(swept, ended)
    if why is not None:
        swept.keep(ended.vm_id, why)
        return None
    return read.machine


def _held(swept: Sweep, ended: EndedRun) -> Story[str | None]:
    """Tell whether a live run holds the machine's lease: it would take a deallocation for a stranger's."""
    try:
        answer = yield from ask_lease(swept.ctx, swept.first_of, _lease(ended.vm_id), "peek", {})
    except LeaseUnavailable as silent:
        return str(silent)
    holder = answer["holder"]
    if holder is None or holder == ended.run_id:
        return None
    state = yield from swept.run_state(holder)
    return f"run {holder} holds the machine" if state.alive else None


def _deallocate(swept: Sweep, machine: MachineState) -> Story[None]:
    """Order it, and wait until the power state says so."""
    wait, vm_id = swept.job.deallocate, machine.vm_id
    ordered = yield from swept.ask(DEALLOCATE_VM, Deallocate(vm_id=vm_id, unique_id=machine.unique_id), vm_id)
    if ordered is None:
        return
    deadline = swept.ctx.current_utc_datetime + timedelta(seconds=wait.deadline)
    seen = "ordered, and its power state was not read before the deadline"
    for pause in pauses(wait):
        if swept.ctx.current_utc_datetime + timedelta(seconds=pause) > deadline:
            break
        yield swept.ctx.create_timer(timedelta(seconds=pause))
        try:
            read = yield from run_step(
                swept.ctx, READ_POWER_STATE, OneMachine(vm_id=vm_id, unique_id=machine.unique_id)
            )
        except (task.TaskFailedError, Throttled) as error:
            seen = words(error)
            continue
        if read.failure is not None or read.machine is None:
            seen = read.failure.message if read.failure else seen
            break
        if read.machine.power_state is PowerState.DEALLOCATED:
            swept.deallocated.append(str(vm_id))
            return
        seen = f"ordered, and still {read.machine.power_state} at the deadline"
    swept.fail(vm_id, seen)


def _lease(vm_id: VmId) -> EntityInstanceId:
    # The key under which the machine's lease is held: the digest of the lower-cased id.
    return EntityInstanceId(MACHINE_LEASE, vm_id.digest)
