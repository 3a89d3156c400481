"""Generalizes a clone of the VM; the VM itself is left as it is."""

from contracts.stages import Stage
from orchestrators.golden_image.authority import wait_until_allowed
from orchestrators.golden_image.create_clone import create_clone
from orchestrators.golden_image.customize import run_scripts
from orchestrators.golden_image.deprovision import deprovision
from orchestrators.golden_image.extensions import check_none_appeared, remove_extensions
from orchestrators.golden_image.generalize import deprovision_and_generalize
from orchestrators.golden_image.plan import ImageSource, Plan
from orchestrators.golden_image.power import deallocate
from orchestrators.golden_image.ready import make_ready
from orchestrators.golden_image.recovery import explain_clone
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def generalize_clone(run: VmRun, plan: Plan) -> Orchestration[ImageSource]:
    """Create a clone and run the scripts on it, rid it of extensions, then deprovision, deallocate and generalize it.

    For a specialized image the clone is only deallocated.
    """
    run = run.on_temporary_vm()
    run.enter(Stage.CLONING)
    clone = yield from create_clone(run, plan)
    run.enter(Stage.CUSTOMIZING)
    vm = yield from run_scripts(run, clone, plan.scripts)
    ready = yield from make_ready(run, vm, plan)
    yield from remove_extensions(run, vm)
    yield from wait_until_allowed(run)
    run.stop_if_canceled()

    # A source that does not run reports no operating system: take it from the clone.
    running = plan.source if plan.source.os_name is not None else clone
    if plan.specialized:
        run.enter(Stage.DEALLOCATING)
        vm = yield from deallocate(run, vm, run.polling.deallocate, even_running=True)
        check_none_appeared(vm)
        return ImageSource(run, vm, running)
    run.enter(Stage.DEPROVISIONING)
    deprovisioning = deprovision(run, vm, plan.deprovision_script, ready)
    generalized = yield from deprovision_and_generalize(run, vm, deprovisioning, explain_clone)
    check_none_appeared(generalized.vm)
    return ImageSource(run, generalized.vm, running, ready.identity, generalized.evidence)
