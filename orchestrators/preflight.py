"""Reads and checks everything that a run will need, so that it is refused before anything is changed."""

from dataclasses import dataclass

from contracts.activities.image import InspectImage
from contracts.activities.resources import InspectDisks, InspectNetwork
from contracts.activities.scripts import CheckScripts, CheckSecret, ScriptsChecked
from contracts.catalog import CHECK_SCRIPTS, CHECK_SECRET, INSPECT_DISKS, INSPECT_IMAGE, INSPECT_NETWORK
from contracts.error_codes import Refusal
from contracts.facts import ImageFacts, NetworkFacts, OsType, VmFacts, VmShape, VmState
from contracts.ids import Scope
from contracts.image_options import GalleryImageVersion, ImageValidation, Site
from contracts.resource_ids import SubnetId
from orchestrators.deprovision import inspect_vm
from orchestrators.polling import ask
from orchestrators.run_activity import Orchestration
from orchestrators.vm_lease import read_lease, take_lease
from orchestrators.vm_run import Failed, Refused, VmRun
from policy.clone_checks import check_clone, check_network, site_of
from policy.identity import same_vm
from policy.image_checks import check_image
from policy.vm_checks import check_request, check_vm


@dataclass(frozen=True)
class Place:
    """Where a temporary VM is created."""

    group: Scope
    subnet_id: SubnetId | None


@dataclass
class Plan:
    """What was read before the run changes anything. `already_generalized`: only the image is left to publish."""

    source: VmState
    already_generalized: bool = False
    shape: VmShape | None = None
    image: ImageFacts | None = None
    clone_place: Place | None = None
    validation_place: Place | None = None
    scripts: tuple[str, ...] = ()

    @property
    def specialized(self) -> bool:
        """Whether the image keeps the VM's identity, so that nothing is deprovisioned."""
        definition = self.image.definition if self.image else None
        return definition is not None and definition.specialized


def check(run: VmRun) -> Orchestration[Plan]:
    """Take the lease, read everything and check it; Refused holds every reason at once."""
    refusals = check_request(run.job)
    if refusals and not run.job.dry_run:
        raise Refused(*refusals)
    run.stop_if_canceled()
    if run.job.dry_run:
        refusals += yield from read_lease(run)
    else:
        yield from take_lease(run)
    plan = yield from read_and_check(run, refusals)
    run.stop_if_canceled()
    return plan


def check_again(run: VmRun, before: Plan) -> Orchestration[Plan]:
    """Read and check everything again after an approval: the VM must still be the one that was approved."""
    plan = yield from read_and_check(run)
    failure = same_vm(plan.source, before.source.unique_id)
    if failure is not None:
        raise Failed(failure)
    return plan


def read_and_check(run: VmRun, refusals: tuple[Refusal, ...] = ()) -> Orchestration[Plan]:
    """Read everything and check it."""
    facts = yield from inspect_vm(run)
    plan = Plan(source=facts.vm)
    found = [*refusals]
    if run.clones or run.job.target.image is not None:
        yield from _read_shape(run, plan, found)
        yield from _check_image(run, plan, found)
    if run.clones:
        yield from _check_clone(run, facts, plan, found)
    else:
        result = check_vm(run.job, facts)
        found += result.refusals
        plan.already_generalized = result.already_generalized
    yield from _check_validation(run, plan, found)
    if not plan.already_generalized:
        yield from _check_scripts(run, facts.vm.os_type, plan, found)
    if found:
        raise Refused(*dict.fromkeys(found))
    return plan


def validation_options(run: VmRun) -> ImageValidation | None:
    """Return the request's options for the validation, or None if the image is not validated."""
    image = run.job.target.image
    return image.validation if isinstance(image, GalleryImageVersion) else None


def _read_shape(run: VmRun, plan: Plan, found: list[Refusal]) -> Orchestration[None]:
    answer = yield from ask(run, INSPECT_DISKS, InspectDisks(vm_id=run.job.target.vm_id))
    if answer.refusal is not None:
        found.append(answer.refusal)
    plan.shape = answer.shape


def _check_clone(run: VmRun, facts: VmFacts, plan: Plan, found: list[Refusal]) -> Orchestration[None]:
    plan.clone_place = _place(run, run.job.target.clone)
    if plan.shape is not None:
        found += check_clone(run.job, facts, plan.shape, deprovisioned=not plan.specialized)
    yield from _check_place(run, plan, plan.clone_place, found)


def _check_validation(run: VmRun, plan: Plan, found: list[Refusal]) -> Orchestration[None]:
    validation = validation_options(run)
    if validation is None:
        return
    plan.validation_place = _place(run, validation)
    if plan.validation_place != plan.clone_place:
        yield from _check_place(run, plan, plan.validation_place, found)


def _check_place(run: VmRun, plan: Plan, place: Place, found: list[Refusal]) -> Orchestration[None]:
    network = NetworkFacts()
    # Without a subnet there is nothing to read: the check reports what is missing.
    if place.subnet_id is not None:
        request = InspectNetwork(group=place.group, subnet_id=place.subnet_id)
        network = (yield from ask(run, INSPECT_NETWORK, request)).facts
    found += check_network(run.job, plan.source, place.group, place.subnet_id, network)


def _check_image(run: VmRun, plan: Plan, found: list[Refusal]) -> Orchestration[None]:
    image = run.job.target.image
    if image is None:
        return
    gallery = isinstance(image, GalleryImageVersion)
    request = InspectImage(
        definition_id=image.image_definition_id if gallery else None, image_id=None if gallery else image.image_id
    )
    answer = yield from ask(run, INSPECT_IMAGE, request)
    if answer.refusal is not None:
        found.append(answer.refusal)
    plan.image = answer.facts
    if plan.image is not None and plan.shape is not None:
        found += check_image(run.job, plan.shape, plan.source.os_type, plan.image)


def _check_scripts(run: VmRun, os_type: OsType | None, plan: Plan, found: list[Refusal]) -> Orchestration[None]:
    """Check the scripts and that the secret can be read: after the point of no return it would be too late."""
    target = run.job.target
    if os_type is not None:
        request = CheckScripts(customize=target.customize, deprovision=target.deprovision.script, os_type=os_type)
        checked: ScriptsChecked = yield from ask(run, CHECK_SCRIPTS, request)
        if checked.refusal is not None:
            found.append(checked.refusal)
        plan.scripts, run.script_sha256 = checked.customize, checked.deprovision
    credential = target.deprovision.sysprep_credential
    allowed = credential is not None and credential.secret_id.listed_in(run.job.settings.allowed_secrets)
    if credential is not None and allowed:
        secret = yield from ask(run, CHECK_SECRET, CheckSecret(credential=credential))
        if secret.refusal is not None:
            found.append(secret.refusal)


def _place(run: VmRun, options: Site | None) -> Place:
    return Place(*site_of(run.job, options))
