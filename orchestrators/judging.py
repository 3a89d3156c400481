"""Reads and judges all that a run will need, so that every doubt is a refusal before anything is changed."""

from dataclasses import dataclass

from contracts.facts import ImageFacts, MachineFacts, MachineShape, MachineState, OsType, SiteFacts
from contracts.ids import Scope
from contracts.image_steps import InspectImage
from contracts.making_steps import InspectDisks, InspectSite
from contracts.reasons import Refusal
from contracts.resource_ids import SubnetId
from contracts.script_steps import CheckScripts, CheckSecret, ScriptsChecked
from contracts.steps import CHECK_SCRIPTS, CHECK_SECRET, INSPECT_DISKS, INSPECT_IMAGE, INSPECT_SITE
from contracts.wishes import GalleryImageVersion, Site, Verification
from orchestrators.calling import Story
from orchestrators.in_place import inspect
from orchestrators.machine_lease import look_at_lease, take_lease
from orchestrators.machine_run import Failed, MachineRun, Refused
from orchestrators.waiting import ask
from policy.clone_verdict import judge_clone, judge_site, site_of
from policy.identity import same_machine
from policy.image_verdict import judge_image
from policy.verdict import judge_machine, judge_request


@dataclass(frozen=True)
class Place:
    """Where a temporary machine stands."""

    group: Scope
    subnet_id: SubnetId | None


@dataclass
class Plan:
    """What was read of a run that may go on. `already_generalized`: nothing is left to do but to publish."""

    source: MachineState
    already_generalized: bool = False
    shape: MachineShape | None = None
    image: ImageFacts | None = None
    clone_place: Place | None = None
    verify_place: Place | None = None
    scripts: tuple[str, ...] = ()

    @property
    def specialized(self) -> bool:
        """Whether the image keeps the machine's identity, so that nothing is deprovisioned."""
        definition = self.image.definition if self.image else None
        return definition is not None and definition.specialized


def judge(run: MachineRun) -> Story[Plan]:
    """Take the lease, read everything and judge it; Refused tells every reason at once."""
    refusals = judge_request(run.job)
    if refusals and not run.job.dry_run:
        raise Refused(*refusals)
    run.stop_if_canceled()
    if run.job.dry_run:
        refusals += yield from look_at_lease(run)
    else:
        yield from take_lease(run)
    plan = yield from read_and_judge(run, refusals)
    run.stop_if_canceled()
    return plan


def judge_again(run: MachineRun, before: Plan) -> Story[Plan]:
    """Read and judge everything once more after an approval: what was approved must be what is worked on."""
    plan = yield from read_and_judge(run)
    failure = same_machine(plan.source, before.source.unique_id)
    if failure is not None:
        raise Failed(failure)
    return plan


def read_and_judge(run: MachineRun, refusals: tuple[Refusal, ...] = ()) -> Story[Plan]:
    """Read everything and judge it."""
    facts = yield from inspect(run)
    plan = Plan(source=facts.machine)
    found = [*refusals]
    if run.clones or run.job.target.image is not None:
        yield from _read_shape(run, plan, found)
        yield from _judge_image(run, plan, found)
    if run.clones:
        yield from _judge_clone(run, facts, plan, found)
    else:
        verdict = judge_machine(run.job, facts)
        found += verdict.refusals
        plan.already_generalized = verdict.already_generalized
    yield from _judge_verification(run, plan, found)
    if not plan.already_generalized:
        yield from _check_scripts(run, facts.machine.os_type, plan, found)
    if found:
        raise Refused(*dict.fromkeys(found))
    return plan


def verification_of(run: MachineRun) -> Verification | None:
    """What the request wishes of a verification, if it wishes one."""
    image = run.job.target.image
    return image.verify if isinstance(image, GalleryImageVersion) else None


def _read_shape(run: MachineRun, plan: Plan, found: list[Refusal]) -> Story[None]:
    answer = yield from ask(run, INSPECT_DISKS, InspectDisks(vm_id=run.job.target.vm_id))
    if answer.refusal is not None:
        found.append(answer.refusal)
    plan.shape = answer.shape


def _judge_clone(run: MachineRun, facts: MachineFacts, plan: Plan, found: list[Refusal]) -> Story[None]:
    plan.clone_place = _place(run, run.job.target.clone)
    if plan.shape is not None:
        found += judge_clone(run.job, facts, plan.shape, sealed=not plan.specialized)
    yield from _judge_place(run, plan, plan.clone_place, found)


def _judge_verification(run: MachineRun, plan: Plan, found: list[Refusal]) -> Story[None]:
    verification = verification_of(run)
    if verification is None:
        return
    plan.verify_place = _place(run, verification)
    if plan.verify_place != plan.clone_place:
        yield from _judge_place(run, plan, plan.verify_place, found)


def _judge_place(run: MachineRun, plan: Plan, place: Place, found: list[Refusal]) -> Story[None]:
    site = SiteFacts()
    # Nothing can be read about a place that is none: the verdict says what is missing.
    if place.subnet_id is not None:
        request = InspectSite(group=place.group, subnet_id=place.subnet_id)
        site = (yield from ask(run, INSPECT_SITE, request)).facts
    found += judge_site(run.job, plan.source, place.group, place.subnet_id, site)


def _judge_image(run: MachineRun, plan: Plan, found: list[Refusal]) -> Story[None]:
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
        found += judge_image(run.job, plan.shape, plan.source.os_type, plan.image)


def _check_scripts(run: MachineRun, os_type: OsType | None, plan: Plan, found: list[Refusal]) -> Story[None]:
    """Look the scripts up and see that the secret can be read: after the point of no return it is too late."""
    target = run.job.target
    if os_type is not None:
        request = CheckScripts(prepare=target.prepare, deprovision=target.deprovision.script, os_type=os_type)
        checked: ScriptsChecked = yield from ask(run, CHECK_SCRIPTS, request)
        if checked.refusal is not None:
            found.append(checked.refusal)
        plan.scripts, run.script_sha256 = checked.prepare, checked.deprovision
    credential = target.deprovision.sysprep_credential
    allowed = credential is not None and credential.secret_id.listed_in(run.job.settings.key_vaults)
    if credential is not None and allowed:
        secret = yield from ask(run, CHECK_SECRET, CheckSecret(credential=credential))
        if secret.refusal is not None:
            found.append(secret.refusal)


def _place(run: MachineRun, wish: Site | None) -> Place:
    return Place(*site_of(run.job, wish))
