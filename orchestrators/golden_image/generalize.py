"""The point of no return, and what follows it: report, stop, evidence, deallocation, generalization."""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.error_codes import FailureCode
from contracts.facts import VmState
from contracts.redaction import redact
from contracts.request import EvidenceLevel
from contracts.stages import Stage
from orchestrators.golden_image.deprovision import Begun, Rejected, check_again, check_deprovisioned
from orchestrators.golden_image.ends import Denied, Failed
from orchestrators.golden_image.power import deallocate, generalize, wait_until_stopped
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration

type Recover = Callable[[VmRun, VmState, Exception], Orchestration[None]]
"""What is done with a VM that was asked to deprovision and is not generalized: the run, the VM, and why."""


@dataclass(frozen=True)
class Generalized:
    """A VM that is deallocated and generalized, and the evidence that it was deprovisioned."""

    vm: VmState
    evidence: EvidenceLevel | None


def deprovision_and_generalize(
    run: VmRun, vm: VmState, deprovisioning: Orchestration[Begun], recover: Recover
) -> Orchestration[Generalized]:
    """Run the deprovisioning, wait until the VM has stopped, then deallocate it and mark it generalized.

    If that fails, or the guest refuses, the VM is recovered before the error goes on; not if it is gone, or if Azure
    rejected the request.
    """
    seen = vm
    try:
        begun = yield from deprovisioning
        run.enter(Stage.STOPPING)
        seen = stopped = yield from wait_until_stopped(run, vm, begun.identity)
        evidence = yield from check_deprovisioned(run, stopped, begun)
        run.enter(Stage.DEALLOCATING)
        seen = yield from deallocate(run, stopped, run.polling.deallocate)
        run.enter(Stage.GENERALIZING)
        yield from check_again(run, seen, begun, evidence)
        generalized = yield from generalize(run, seen)
        return Generalized(generalized, evidence)
    except Rejected as rejected:
        raise rejected.end from None
    except Exception as error:
        if not _is_gone(error):
            run.enter(Stage.CLEANING_UP)
            yield from _log_errors(run, recover(run.on_no_temporary_vm(), seen, error))
        if isinstance(error, Denied):
            raise error.as_failure from None
        raise


def _is_gone(error: Exception) -> bool:
    return isinstance(error, Failed) and error.failure.code in {FailureCode.VM_DELETED, FailureCode.VM_REPLACED}


def _log_errors(run: VmRun, work: Orchestration[None]) -> Orchestration[None]:
    try:
        yield from work
    except Exception as error:
        # An error in the recovery must not hide why the run ended.
        run.log("cleaning up failed", error=redact(f"{type(error).__name__}: {error}")[:500])
