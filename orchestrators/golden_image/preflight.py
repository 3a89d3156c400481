"""Reads and checks everything that a run will need, so that it is refused before anything is changed."""

from dataclasses import replace
from typing import NamedTuple

from contracts.activities.image import InspectImage
from contracts.activities.resources import InspectDisks
from contracts.activities.scripts import CheckScripts, CheckSecret
from contracts.activities.vm import InspectVm
from contracts.catalog import CHECK_SCRIPTS, CHECK_SECRET, INSPECT_DISKS, INSPECT_IMAGE, INSPECT_VM
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import ImageFacts, OsType, VmFacts, VmShape
from contracts.image_options import GalleryImageVersion, ImageValidation
from contracts.polling import INSPECT_LIMIT
from contracts.request import Mode
from orchestrators.golden_image.authority import wait_until_allowed
from orchestrators.golden_image.check_capacity import check_room
from orchestrators.golden_image.ends import Denied, Failed, Refused
from orchestrators.golden_image.governance import check_denied, check_disallowed, still_holds
from orchestrators.golden_image.inspection import Inspection, outside_scopes
from orchestrators.golden_image.place_checks import check_place, check_rollback
from orchestrators.golden_image.plan import Plan, is_specialized
from orchestrators.golden_image.polling import ask
from orchestrators.golden_image.vm_lease import check_lease, take_lease
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration
from policy.clone_checks import check_clone
from policy.identity import same_vm
from policy.image_checks import check_image
from policy.image_fit import hibernation_note
from policy.places import Place
from policy.rollback_checks import rollback_note
from policy.vm_checks import check_request, check_vm, wants_proof


class Scripts(NamedTuple):
    """The SHA-256 of the customizers and of the deprovisioning script."""

    customize: tuple[str, ...] = ()
    deprovision: str = ""


def check(run: VmRun) -> Orchestration[Plan]:
    """Take the lease, read everything and check it; Refused holds every reason at once."""
    refusals = check_request(run.job)
    if outside_scopes(refusals) or (refusals and not run.job.dry_run):
        raise Refused(*refusals)
    try:
        yield from wait_until_allowed(run, undecided=run.job.approval is not None)
    except Denied as denied:
        if not run.job.dry_run:
            raise
        known = {refusal.code for refusal in refusals}
        refusals += tuple(refusal for refusal in denied.refusals if refusal.code not in known)
    run.stop_if_canceled()
    if run.job.dry_run:
        refusals += yield from check_lease(run)
    else:
        yield from take_lease(run)
    plan = yield from _read_and_check(run, refusals)
    run.stop_if_canceled()
    if plan.rollback_group is not None and (note := rollback_note(run.job, plan.source.location)) is not None:
        run.note(note)
    return plan


def check_again(run: VmRun, before: Plan) -> Orchestration[Plan]:
    """Read and check everything again after an approval: the VM must still be the one that was approved."""
    plan = yield from _read_and_check(run, before=before)
    failure = same_vm(plan.source, before.source.unique_id)
    if failure is not None:
        raise Failed(failure)
    return plan


def validation_options(run: VmRun) -> ImageValidation | None:
    """Return the request's options for the validation, or None if the image is not validated."""
    image = run.job.target.image
    return image.validation if isinstance(image, GalleryImageVersion) else None


def _read_and_check(run: VmRun, refusals: tuple[Refusal, ...] = (), before: Plan | None = None) -> Orchestration[Plan]:
    inspection = Inspection(run, run.ctx.current_utc_datetime + INSPECT_LIMIT, [*refusals])
    facts = yield from _inspect_vm(inspection)
    if run.job.target.mode is Mode.CLONE:
        plan = yield from _check_clone(inspection, facts)
    else:
        plan = yield from _check_in_place(inspection, facts)
    plan = replace(plan, validation_place=(yield from _check_validation(inspection, plan)))
    plan = replace(plan, rollback_group=(yield from check_rollback(inspection, plan)))
    plan = yield from check_room(inspection, plan)
    scripts = Scripts() if plan.already_generalized else (yield from _check_scripts(inspection, facts.vm.os_type))
    plan = replace(plan, scripts=scripts.customize, deprovision_script=scripts.deprovision)
    plan = yield from _check_governance(inspection, plan, before)
    if inspection.found:
        raise Refused(*dict.fromkeys(inspection.found))
    return plan


def _check_governance(inspection: Inspection, plan: Plan, before: Plan | None) -> Orchestration[Plan]:
    """Check deny assignments and policies; a dry run of a VM that is done reads what its publication would need."""
    run = inspection.run
    if plan.already_generalized and run.job.target.image is None:
        return plan
    inspection.refuse(*(yield from check_denied(run, plan, inspection.until)))
    if before is not None and still_holds(run, before):
        return replace(plan, policies_read_at=before.policies_read_at)
    inspection.refuse(*(yield from check_disallowed(run, plan, inspection.until)))
    return replace(plan, policies_read_at=run.ctx.current_utc_datetime)


def _inspect_vm(inspection: Inspection) -> Orchestration[VmFacts]:
    """Read the facts about the VM; Refused if it cannot be read at all."""
    run = inspection.run
    request = InspectVm(vm_id=run.job.target.vm_id, serial_log=wants_proof(run.job.target))
    answer = yield from ask(run, INSPECT_VM, request, inspection.until)
    if answer.refusal is not None or answer.facts is None:
        raise Refused(answer.refusal or Refusal.of(RefusalCode.VM_UNREADABLE, "Azure returned nothing about the VM"))
    run.journal.saw(answer.facts.vm)
    run.journal.vm_unique_id = answer.facts.vm.unique_id or None
    return answer.facts


def _check_clone(inspection: Inspection, facts: VmFacts) -> Orchestration[Plan]:
    job = inspection.run.job
    shape = yield from _read_shape(inspection)
    image = yield from _check_image(inspection, shape, facts.vm.os_type)
    if shape is not None:
        inspection.refuse(*check_clone(job, facts, shape, deprovisioned=not is_specialized(image)))
    plan = Plan(source=facts.vm, shape=shape, image=image)
    return replace(plan, clone_place=(yield from check_place(inspection, plan, job.target.clone)))


def _check_in_place(inspection: Inspection, facts: VmFacts) -> Orchestration[Plan]:
    shape = image = None
    if inspection.run.job.target.image is not None:
        shape = yield from _read_shape(inspection)
        image = yield from _check_image(inspection, shape, facts.vm.os_type)
    result = check_vm(inspection.run.job, facts)
    inspection.refuse(*result.refusals)
    return Plan(
        source=facts.vm,
        already_generalized=result.already_generalized,
        earlier=result.earlier,
        shape=shape,
        image=image,
    )


def _read_shape(inspection: Inspection) -> Orchestration[VmShape | None]:
    request = InspectDisks(vm_id=inspection.run.job.target.vm_id)
    answer = yield from ask(inspection.run, INSPECT_DISKS, request, inspection.until)
    inspection.refuse(answer.refusal)
    return answer.shape


def _check_validation(inspection: Inspection, plan: Plan) -> Orchestration[Place | None]:
    validation = validation_options(inspection.run)
    if validation is None:
        return None
    return (yield from check_place(inspection, plan, validation))


def _check_image(
    inspection: Inspection, shape: VmShape | None, os_type: OsType | None
) -> Orchestration[ImageFacts | None]:
    image = inspection.run.job.target.image
    if image is None:
        return None
    gallery = isinstance(image, GalleryImageVersion)
    request = InspectImage(
        definition_id=image.image_definition_id if gallery else None, image_id=None if gallery else image.image_id
    )
    answer = yield from ask(inspection.run, INSPECT_IMAGE, request, inspection.until)
    inspection.refuse(answer.refusal)
    if answer.facts is not None and shape is not None:
        inspection.refuse(*check_image(inspection.run.job, shape, os_type, answer.facts))
        if note := hibernation_note(answer.facts.definition, shape):
            inspection.run.note(note)
    return answer.facts


def _check_scripts(inspection: Inspection, os_type: OsType | None) -> Orchestration[Scripts]:
    """Check the scripts and that the secret can be read: after the point of no return it would be too late."""
    run, target, scripts = inspection.run, inspection.run.job.target, Scripts()
    if os_type is not None:
        request = CheckScripts(customize=target.customize, deprovision=target.deprovision.script, os_type=os_type)
        checked = yield from ask(run, CHECK_SCRIPTS, request, inspection.until)
        inspection.refuse(checked.refusal)
        scripts = Scripts(checked.customize, checked.deprovision)
    credential = target.deprovision.sysprep_credential
    if credential is not None and credential.secret_id.listed_in(run.settings.allowed_secrets):
        secret = yield from ask(run, CHECK_SECRET, CheckSecret(credential=credential), inspection.until)
        inspection.refuse(secret.refusal)
    return scripts
