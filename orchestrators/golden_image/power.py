"""Stops a VM in Azure's sense: wait until it has stopped, deallocate it, mark it generalized."""

from datetime import datetime

from contracts.activities.vm import Deallocate
from contracts.catalog import DEALLOCATE_VM, GENERALIZE_VM, READ_POWER_STATE
from contracts.error_codes import Failure, FailureCode
from contracts.facts import PowerState, VmState
from contracts.polling import Polling
from orchestrators.golden_image.ends import Failed
from orchestrators.golden_image.polling import ask, submit, wait_for
from orchestrators.golden_image.serial_mark import Deprovisioning, read_mark
from orchestrators.golden_image.vm_run import VmRun, is_linux, one_vm
from orchestrators.run_activity import Orchestration
from policy.stop_evidence import STOPPED

_MAY_BE_DEALLOCATED = frozenset({PowerState.STOPPED, PowerState.RUNNING, PowerState.STARTING})


def wait_until_stopped(run: VmRun, vm: VmState, begun: Deprovisioning) -> Orchestration[VmState]:
    """Wait until the VM's power state is stopped or deallocated; a VM that still runs at the deadline is a failure.

    What a Linux VM writes on its serial console is heard while it runs: that it failed, or that it booted again.
    """
    marked = False

    def poll(until: datetime) -> Orchestration[VmState | None]:
        nonlocal marked
        read = yield from read_power_state(run, vm, until)
        if read is not None and read.power_state in STOPPED:
            return read
        mark = yield from read_mark(run, vm, begun, until)
        marked = mark.deprovisioned
        if mark.failure is not None:
            message = f"the guest reported a failure on its serial console: {mark.failure}"
            raise Failed(Failure.of(FailureCode.GUEST_FAILED, message))
        return None

    wait = run.polling.linux_stop if is_linux(vm) else run.polling.windows_stop
    stopped = yield from wait_for(run, wait, poll)
    if stopped is None:
        message = "deprovisioning and shutdown were requested, and the VM still runs at the deadline"
        if marked:
            message = "the VM deprovisioned itself, and has not switched itself off by the deadline"
        raise Failed(Failure.of(FailureCode.STOP_TIMED_OUT, message))
    return stopped


def deallocate(run: VmRun, vm: VmState, wait: Polling, *, even_running: bool = False) -> Orchestration[VmState]:
    """Deallocate the VM and wait until its power state is deallocated; a request without effect is submitted again.

    A VM that was started again is left alone: it is no longer deprovisioned. `even_running` deallocates a running VM
    too: a clone for a specialized image, which is not deprovisioned.
    """
    if vm.power_state is PowerState.DEALLOCATED:
        return vm
    request = Deallocate(**one_vm(vm).model_dump(), even_running=even_running)
    last: PowerState = vm.power_state
    yield from submit(run, wait, DEALLOCATE_VM, request)

    def poll(until: datetime) -> Orchestration[VmState | None]:
        nonlocal last
        read = yield from read_power_state(run, vm, until)
        if read is None:
            return None
        last = read.power_state
        if last in _MAY_BE_DEALLOCATED:
            yield from ask(run, DEALLOCATE_VM, request, until)
        return read if last is PowerState.DEALLOCATED else None

    deallocated = yield from wait_for(run, wait, poll)
    if deallocated is None:
        message = f"deallocation was requested, and the power state is still {last} at the deadline"
        raise Failed(Failure.of(FailureCode.DEALLOCATE_TIMED_OUT, message))
    return deallocated


def generalize(run: VmRun, vm: VmState) -> Orchestration[VmState]:
    """Mark the VM generalized, and wait until its instance view shows OSState/generalized."""
    run.audit("irreversible operation requested", activity=GENERALIZE_VM.name, uniqueId=vm.unique_id)

    def poll(until: datetime) -> Orchestration[VmState | None]:
        read = (yield from ask(run, GENERALIZE_VM, one_vm(vm), until)).vm
        _saw(run, read)
        return read if read is not None and read.generalized else None

    generalized = yield from wait_for(run, run.polling.generalize, poll)
    if generalized is None:
        message = "Azure accepted the request, and the VM does not show OSState/generalized at the deadline"
        raise Failed(Failure.of(FailureCode.NOT_GENERALIZED, message))
    return generalized


def read_power_state(run: VmRun, vm: VmState, until: datetime) -> Orchestration[VmState | None]:
    """Read the VM with its current power state; None: Azure returned nothing."""
    read = (yield from ask(run, READ_POWER_STATE, one_vm(vm), until)).vm
    _saw(run, read)
    return read


def _saw(run: VmRun, read: VmState | None) -> None:
    if read is not None:
        run.journal.saw(read)
