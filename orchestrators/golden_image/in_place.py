"""Generalizes the VM itself, irreversibly."""

from contracts.stages import Stage
from orchestrators.golden_image.authority import wait_until_allowed
from orchestrators.golden_image.generalize import deprovision_and_generalize
from orchestrators.golden_image.identity import read_for_validation
from orchestrators.golden_image.plan import ImageSource, Plan
from orchestrators.golden_image.recovery import recover_in_place
from orchestrators.golden_image.rollback_snapshot import take_rollback_snapshot
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def generalize_in_place(run: VmRun, plan: Plan) -> Orchestration[ImageSource]:
    """Take a rollback snapshot if asked, then deprovision, deallocate and generalize the VM.

    A VM that is generalized already stays as it is. From the point of no return the snapshot is kept, unless the guest
    refused.
    """
    vm = plan.source
    if plan.already_generalized:
        return ImageSource(run, vm, vm)
    run.enter(Stage.CUSTOMIZING)
    identity = yield from read_for_validation(run, vm, plan)
    snapshot = yield from take_rollback_snapshot(run, vm)
    yield from wait_until_allowed(run)
    run.stop_if_canceled()

    run.enter(Stage.DEPROVISIONING)
    generalized = yield from deprovision_and_generalize(
        run, vm, plan.deprovision_script, recover_in_place, keep=() if snapshot is None else (snapshot,)
    )
    return ImageSource(run, generalized.vm, vm, identity, generalized.evidence)
