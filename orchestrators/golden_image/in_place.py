"""Generalizes the VM itself, irreversibly."""

from contracts.stages import Stage
from orchestrators.golden_image.authority import wait_until_allowed
from orchestrators.golden_image.generalize import deprovision_and_generalize
from orchestrators.golden_image.plan import ImageSource, Plan
from orchestrators.golden_image.ready import Ready, make_ready
from orchestrators.golden_image.recovery import recover_in_place
from orchestrators.golden_image.rollback_snapshot import take_rollback_snapshot
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def generalize_in_place(run: VmRun, plan: Plan) -> Orchestration[ImageSource]:
    """Take a rollback snapshot if asked, then deprovision, deallocate and generalize the VM.

    A VM that is generalized already stays as it is; one that an earlier run deprovisioned is only finished. From the
    point of no return the snapshot is kept, unless the guest refused.
    """
    vm = plan.source
    yield from wait_until_allowed(run)
    if plan.already_generalized:
        return ImageSource(run, vm, vm)
    run.enter(Stage.CUSTOMIZING)
    ready = Ready() if plan.earlier else (yield from make_ready(run, vm, plan))
    snapshot = yield from take_rollback_snapshot(run, vm, plan.rollback_group)
    yield from wait_until_allowed(run)
    run.stop_if_canceled()

    run.enter(Stage.DEPROVISIONING)
    generalized = yield from deprovision_and_generalize(
        run, vm, plan, ready, recover_in_place, keep=() if snapshot is None else (snapshot,)
    )
    return ImageSource(run, generalized.vm, vm, ready.identity, generalized.evidence)
