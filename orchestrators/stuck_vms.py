"""Deallocates VMs that a terminated or failed run left stopped: a stopped VM is billed until it is deallocated."""

from datetime import timedelta

from durabletask import task

from contracts.activities.cleanup import EndedRun, FindEndedRuns, ReadStuckVm
from contracts.activities.vm import Deallocate, OneVm
from contracts.catalog import DEALLOCATE_VM, FIND_ENDED_RUNS, READ_POWER_STATE, READ_STUCK_VM
from contracts.facts import PowerState, VmState
from contracts.ids import run_command_name
from orchestrators.cleanup_run import Cleanup, pauses
from orchestrators.lease import LeaseUnavailable, ask_lease
from orchestrators.polling import error_text
from orchestrators.run_activity import Orchestration, Throttled, run_activity
from orchestrators.vm_lease import lease_entity
from policy.orphans import why_not_deallocated

_DEPROVISION = "deprovision"


def recover_stuck(run: Cleanup) -> Orchestration[None]:
    """Deallocate each stopped VM of an ended run; mode `report` only lists them."""
    since = run.job.asked_at - timedelta(days=run.job.look_back_days)
    answer = yield from run.ask(FIND_ENDED_RUNS, FindEndedRuns(since=since), "ended runs")
    stuck: list[VmState] = []
    for ended in answer.runs if answer else ():
        vm = yield from _stuck(run, ended)
        if vm is not None and vm.vm_id not in {each.vm_id for each in stuck}:
            stuck.append(vm)
    if not run.acts:
        run.would_deallocate += [str(vm.vm_id) for vm in stuck]
        return
    if stuck:
        run.audit("deallocating stopped VMs", (vm.vm_id for vm in stuck))
    for vm in stuck:
        yield from _deallocate(run, vm)


def _stuck(run: Cleanup, ended: EndedRun) -> Orchestration[VmState | None]:
    """Return the VM if it may be deallocated; otherwise record why it is kept."""
    name = run_command_name(ended.run_id, _DEPROVISION)
    request = ReadStuckVm(vm_id=ended.vm_id, run_id=ended.run_id, run_command=name)
    read = yield from run.ask(READ_STUCK_VM, request, ended.vm_id)
    if read is None:
        return None
    why = why_not_deallocated(ended, read.vm, run.job)
    if why is None:
        why = yield from _leased(run, ended)
    if why is not None:
        run.keep(ended.vm_id, why)
        return None
    return read.vm


def _leased(run: Cleanup, ended: EndedRun) -> Orchestration[str | None]:
    """Return a reason if an active run holds the VM's lease: it would treat the deallocation as external."""
    try:
        answer = yield from ask_lease(run.ctx, run.first_of, lease_entity(ended.vm_id), "peek", {})
    except LeaseUnavailable as error:
        return str(error)
    holder = answer["holder"]
    if holder is None or holder == ended.run_id:
        return None
    state = yield from run.run_state(holder)
    return f"run {holder} holds the VM" if state.alive else None


def _deallocate(run: Cleanup, vm: VmState) -> Orchestration[None]:
    """Request the deallocation, and wait until the power state is deallocated."""
    wait, vm_id = run.job.deallocate, vm.vm_id
    submitted = yield from run.ask(DEALLOCATE_VM, Deallocate(vm_id=vm_id, unique_id=vm.unique_id), vm_id)
    if submitted is None:
        return
    deadline = run.ctx.current_utc_datetime + timedelta(seconds=wait.timeout_seconds)
    last = "deallocation was requested, and the power state was not read before the deadline"
    for pause in pauses(wait):
        if run.ctx.current_utc_datetime + timedelta(seconds=pause) > deadline:
            break
        yield run.ctx.create_timer(timedelta(seconds=pause))
        try:
            read = yield from run_activity(run.ctx, READ_POWER_STATE, OneVm(vm_id=vm_id, unique_id=vm.unique_id))
        except (task.TaskFailedError, Throttled) as error:
            last = error_text(error)
            continue
        if read.failure is not None or read.vm is None:
            last = read.failure.message if read.failure else last
            break
        if read.vm.power_state is PowerState.DEALLOCATED:
            run.deallocated.append(str(vm_id))
            return
        last = f"deallocation was requested, and the power state is still {read.vm.power_state} at the deadline"
    run.fail(vm_id, last)
