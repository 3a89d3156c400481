"""Deallocates VMs that a terminated or failed run left stopped: a stopped VM is billed until it is deallocated."""

from datetime import datetime, timedelta

from contracts.activities.cleanup import EndedRun, FindEndedRuns, ReadStuckVm
from contracts.activities.vm import Deallocate, OneVm
from contracts.catalog import DEALLOCATE_VM, FIND_ENDED_RUNS, READ_POWER_STATE, READ_STUCK_VM
from contracts.entity_keys import vm_lease_key
from contracts.facts import PowerState, VmState
from contracts.polling import LONGEST_RUN
from contracts.run_commands import DEPROVISION, run_command_name
from orchestrators.cleanup.cleanup_run import Cleanup
from orchestrators.entities.lease_client import LeaseUnavailable, active_holder
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text, run_activity
from orchestrators.waiting import deadline_of, growing, poll_until
from policy.orphans import why_not_deallocated


def recover_stuck(run: Cleanup) -> Orchestration[None]:
    """Deallocate each stopped VM of an ended run; mode `report` only lists them."""
    since = run.job.asked_at - timedelta(days=run.job.look_back_days)
    request = FindEndedRuns(since=since, begun_since=since - LONGEST_RUN)
    answer = yield from run.ask(FIND_ENDED_RUNS, request, "ended runs")
    stuck: list[VmState] = []
    for ended in answer.runs if answer else ():
        vm = yield from _stuck(run, ended)
        if vm is not None and vm.vm_id not in {each.vm_id for each in stuck}:
            stuck.append(vm)
    if not run.acts:
        run.would_deallocate += [str(vm.vm_id) for vm in stuck]
        for vm in stuck:
            run.bill(vm.vm_id, "it stopped after its run had ended, and this cleanup only reports")
        return
    if stuck:
        run.audit("deallocating stopped VMs", (vm.vm_id for vm in stuck))
    for vm in stuck:
        yield from _deallocate(run, vm)


def _stuck(run: Cleanup, ended: EndedRun) -> Orchestration[VmState | None]:
    """Return the VM if it may be deallocated; otherwise record why it is kept."""
    name = run_command_name(ended.run_id, DEPROVISION)
    request = ReadStuckVm(vm_id=ended.vm_id, run_id=ended.run_id, run_command=name, unique_id=ended.unique_id)
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
        holder = yield from active_holder(run, vm_lease_key(ended.vm_id), but=ended.run_id)
    except LeaseUnavailable as error:
        return str(error)
    return None if holder is None else f"run {holder} holds the VM"


def _deallocate(run: Cleanup, vm: VmState) -> Orchestration[None]:
    """Request the deallocation, and wait until the power state is deallocated."""
    wait, one_vm = run.job.deallocate, OneVm(vm_id=vm.vm_id, unique_id=vm.unique_id)
    submitted = yield from run.ask(DEALLOCATE_VM, Deallocate(**one_vm.model_dump()), vm.vm_id)
    if submitted is None:
        run.bill(vm.vm_id, "its deallocation was not accepted; see failed")
        return
    last = "deallocation was requested, and the power state was not read before the deadline"

    def poll(_until: datetime) -> Orchestration[bool | None]:
        """Return whether it is deallocated; None: look again."""
        nonlocal last
        try:
            read = yield from run_activity(run.ctx, READ_POWER_STATE, one_vm)
        except NO_ANSWER as error:
            last = error_text(error)
            return None
        if read.failure is not None or read.vm is None:
            last = read.failure.message if read.failure else last
            return False
        last = f"deallocation was requested, and the power state is still {read.vm.power_state} at the deadline"
        return True if read.vm.power_state is PowerState.DEALLOCATED else None

    pauses = growing(wait.initial_delay_seconds, interval=wait.interval_seconds)
    if (yield from poll_until(run, poll, pauses, deadline_of(run.ctx, wait))):
        run.deallocated.append(str(vm.vm_id))
    else:
        run.fail(vm.vm_id, last)
        run.bill(vm.vm_id, last)
