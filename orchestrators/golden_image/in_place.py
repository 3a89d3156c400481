"""Generalizes the VM itself, irreversibly, or finishes what an earlier run began with it."""

from contracts.activities.vm import ReadSerialMarker
from contracts.catalog import READ_SERIAL_MARKER
from contracts.facts import FoundRunCommand, VmState
from contracts.polling import INSPECT_LIMIT
from contracts.request import EvidenceLevel
from contracts.resources import Resource
from contracts.stages import Stage
from orchestrators.golden_image.authority import wait_until_allowed
from orchestrators.golden_image.deprovision import Begun, GuestRefused, Rejected, deprovision
from orchestrators.golden_image.generalize import deprovision_and_generalize
from orchestrators.golden_image.plan import ImageSource, Plan
from orchestrators.golden_image.polling import ask
from orchestrators.golden_image.ready import Ready, make_ready
from orchestrators.golden_image.recovery import recover_in_place
from orchestrators.golden_image.rollback_snapshot import take_rollback_snapshot
from orchestrators.golden_image.serial_mark import Deprovisioning
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def generalize_in_place(run: VmRun, plan: Plan) -> Orchestration[ImageSource]:
    """Take a rollback snapshot if asked, then deprovision, deallocate and generalize the VM.

    A VM that is generalized already stays as it is; one that an earlier run deprovisioned is only finished. From the
    point of no return the snapshot is kept, unless the guest refused.
    """
    vm, ready = plan.source, Ready()
    yield from wait_until_allowed(run)
    if plan.already_generalized:
        return ImageSource(run, vm, vm)
    run.enter(Stage.CUSTOMIZING)
    if plan.earlier:
        deprovisioning = _finish_earlier(run, vm, plan.earlier)
    else:
        ready = yield from make_ready(run, vm, plan)
        snapshot = yield from take_rollback_snapshot(run, vm, plan.rollback_group)
        deprovisioning = _deprovision(run, vm, plan, ready, snapshot)
    yield from wait_until_allowed(run)
    run.stop_if_canceled()

    run.enter(Stage.DEPROVISIONING)
    generalized = yield from deprovision_and_generalize(run, vm, deprovisioning, recover_in_place)
    return ImageSource(run, generalized.vm, vm, ready.identity, generalized.evidence)


def _deprovision(run: VmRun, vm: VmState, plan: Plan, ready: Ready, snapshot: Resource | None) -> Orchestration[Begun]:
    """Deprovision the VM; the snapshot is kept from then on, unless nothing was changed."""
    kept = () if snapshot is None else (snapshot,)
    try:
        begun = yield from deprovision(run, vm, plan.deprovision_script, ready)
    except Exception as error:
        if not isinstance(error, GuestRefused | Rejected):
            run.created.keep(*kept)
        raise
    run.created.keep(*kept)
    return begun


def _finish_earlier(run: VmRun, vm: VmState, found: tuple[FoundRunCommand, ...]) -> Orchestration[Begun]:
    """Return the earlier run's deprovisioning whose mark counts now; without any, the last: the mark may still come.

    That an earlier run asked the VM to deprovision itself is no proof that it did, whatever this request accepts.
    """
    until = run.ctx.current_utc_datetime + INSPECT_LIMIT
    chosen = _identity_of(found[-1])
    for each in map(_identity_of, found):
        request = ReadSerialMarker(vm_id=vm.vm_id, run_id=each.run_id, nonce=each.nonce)
        if (yield from ask(run, READ_SERIAL_MARKER, request, until)).mark.deprovisioned:
            chosen = each
    note = f"run {chosen.run_id} deprovisioned the VM; this run finished what it had begun, without a new snapshot"
    return Begun(chosen, None, EvidenceLevel.GUEST_REPORTED, note)


def _identity_of(found: FoundRunCommand) -> Deprovisioning:
    """Return what identifies the deprovisioning of the run which put this Run Command on the VM."""
    return Deprovisioning(found.run_id or "", found.nonce or "")
