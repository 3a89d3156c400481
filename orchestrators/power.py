"""Stops a VM in Azure's sense: wait until it has stopped, deallocate it, mark it generalized."""

from contracts.activities.vm import Deallocate, PowerStateRead
from contracts.catalog import DEALLOCATE_VM, GENERALIZE_VM, READ_POWER_STATE
from contracts.error_codes import Failure, FailureCode
from contracts.facts import PowerState
from contracts.run import Polling
from orchestrators.polling import ask, submit, wait_for
from orchestrators.run_activity import Orchestration
from orchestrators.vm_run import Failed, VmRun
from policy.stop_evidence import STOPPED


def wait_until_stopped(run: VmRun) -> Orchestration[PowerState]:
    """Wait until the VM's power state is stopped or deallocated; a VM that still runs at the deadline is a failure."""
    polling = run.job.settings.polling

    def poll() -> Orchestration[PowerState | None]:
        state = yield from read_power_state(run)
        return state if state in STOPPED else None

    stopped = yield from wait_for(run, polling.linux_stop if run.is_linux else polling.windows_stop, poll)
    if stopped is None:
        message = "deprovisioning and shutdown were requested, and the VM still runs at the deadline"
        raise Failed(Failure.of(FailureCode.STOP_TIMED_OUT, message))
    run.stopped = True
    return stopped


def deallocate(run: VmRun, wait: Polling | None = None, *, even_running: bool = False) -> Orchestration[None]:
    """Deallocate the VM and wait until its power state is deallocated; a request without effect is submitted again.

    A VM that was started again is left alone: it is no longer deprovisioned. `even_running` deallocates a running VM
    too: a clone for a specialized image, which is not deprovisioned.
    """
    wait = wait or run.job.settings.polling.deallocate
    if run.vm is not None and run.vm.power_state is PowerState.DEALLOCATED:
        return
    request = Deallocate(**run.subject.model_dump(), even_running=even_running)
    yield from submit(run, wait, DEALLOCATE_VM, request)

    def poll() -> Orchestration[bool | None]:
        state = yield from read_power_state(run)
        if state in {PowerState.STOPPED, PowerState.RUNNING, PowerState.STARTING}:
            yield from ask(run, DEALLOCATE_VM, request)
        return True if state is PowerState.DEALLOCATED else None

    if (yield from wait_for(run, wait, poll)) is None:
        state = run.vm.power_state if run.vm else "unknown"
        message = f"deallocation was requested, and the power state is still {state} at the deadline"
        raise Failed(Failure.of(FailureCode.DEALLOCATE_TIMED_OUT, message))


def generalize(run: VmRun) -> Orchestration[None]:
    """Mark the VM generalized, and wait until its instance view shows OSState/generalized."""
    run.audit("irreversible operation requested", activity=GENERALIZE_VM.name, uniqueId=run.subject.unique_id)

    def poll() -> Orchestration[PowerStateRead | None]:
        answer = yield from ask(run, GENERALIZE_VM, run.subject)
        run.vm = answer.vm or run.vm
        return answer if answer.vm is not None and answer.vm.generalized else None

    if (yield from wait_for(run, run.job.settings.polling.generalize, poll)) is None:
        message = "Azure accepted the request, and the VM does not show OSState/generalized at the deadline"
        raise Failed(Failure.of(FailureCode.NOT_GENERALIZED, message))


def read_power_state(run: VmRun) -> Orchestration[PowerState]:
    """Read the VM's current power state."""
    answer = yield from ask(run, READ_POWER_STATE, run.subject)
    run.vm = answer.vm or run.vm
    return answer.vm.power_state if answer.vm else PowerState.UNKNOWN
