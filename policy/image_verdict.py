"""The verdict on the image to be: every reason why it could not be published, told before anything is changed."""

from collections.abc import Iterator
from datetime import UTC, datetime

from contracts.facts import ImageDefinition, ImageFacts, MachineShape, OsType, Plan
from contracts.reasons import Refusal, RefusalCode
from contracts.request import Mode
from contracts.resource_ids import ResourceId
from contracts.run import MachineJob
from contracts.wishes import GalleryImageVersion, ManagedImage, region_key
from policy.image_versions import LARGEST, explicit, number
from policy.rights import missing_actions, needed_for_gallery, needed_for_managed_image

_SUPPORTED = frozenset({"trustedlaunchsupported", "trustedlaunchandconfidentialvmsupported"})
_TRUSTED = "trustedlaunch"
_NEEDS_SECURITY = frozenset({_TRUSTED, "confidentialvm"})
_STANDARD = frozenset({"", "standard"})


def judge_image(job: MachineJob, shape: MachineShape, os_type: OsType | None, facts: ImageFacts) -> tuple[Refusal, ...]:
    """Judge the wished image by the source machine's shape and by what was read; every reason is told."""
    wish = job.target.image
    if wish is None:
        return ()
    refusals = [*_scope(job, wish), *_data_disks(job, shape)]
    if isinstance(wish, ManagedImage):
        return (*refusals, *_managed_image(wish, shape, facts))
    return (*refusals, *_wish(job, wish, shape), *_gallery(job, wish, shape, os_type, facts))


def _scope(job: MachineJob, wish: GalleryImageVersion | ManagedImage) -> Iterator[Refusal]:
    found: ResourceId = wish.image_definition_id if isinstance(wish, GalleryImageVersion) else wish.image_id
    for scope in job.settings.allowed_scopes:
        group = scope.resource_group
        if scope.subscription_id == found.subscription_id and group in {None, found.resource_group.lower()}:
            return
    yield Refusal.of(RefusalCode.SCOPE_NOT_ALLOWED, f"{found} lies in no allowed scope")


def _data_disks(job: MachineJob, shape: MachineShape) -> Iterator[Refusal]:
    """An image of the machine itself holds all its disks; a clone has only those that were asked for."""
    if job.target.mode is not Mode.IN_PLACE or not shape.data_disks:
        return
    luns = ", ".join(str(disk.lun) for disk in shape.data_disks)
    if job.target.data_disks == "refuse":
        yield Refusal.of(RefusalCode.DATA_DISKS, f"the machine has data disks at lun {luns}")
    elif job.target.data_disks == "leaveOut":
        yield Refusal.of(RefusalCode.DATA_DISKS_IN_PLACE, f"the machine has data disks at lun {luns}")


def _managed_image(wish: ManagedImage, shape: MachineShape, facts: ImageFacts) -> Iterator[Refusal]:
    if (shape.security_type or "").lower() not in _STANDARD:
        message = f"the machine's security type is {shape.security_type}; a managed image keeps none"
        yield Refusal.of(RefusalCode.IMAGE_UNFIT, message)
    if facts.image_exists is None:
        yield Refusal.of(RefusalCode.IMAGE_UNREADABLE, f"whether {wish.image_id} exists could not be read")
    elif facts.image_exists:
        yield Refusal.of(RefusalCode.IMAGE_EXISTS, f"{wish.image_id} exists")
    yield from _rights(facts, needed_for_managed_image(), "the image's resource group")


def _gallery(
    job: MachineJob, wish: GalleryImageVersion, shape: MachineShape, os_type: OsType | None, facts: ImageFacts
) -> Iterator[Refusal]:
    definition = facts.definition
    if definition is None:
        yield Refusal.of(RefusalCode.IMAGE_UNREADABLE, f"{wish.image_definition_id} could not be read")
        return
    for misfit in _misfits(definition, shape, os_type):
        yield Refusal.of(RefusalCode.DEFINITION_UNFIT, misfit)
    if definition.specialized and job.target.mode is Mode.IN_PLACE:
        yield Refusal.of(RefusalCode.SPECIALIZED_IN_PLACE, "the definition is specialized")
    if region_key(definition.location) != region_key(shape.location):
        message = f"the definition is in {definition.location}, the machine in {shape.location}"
        yield Refusal.of(RefusalCode.DEFINITION_ELSEWHERE, message)
    if facts.versions is None:
        yield Refusal.of(RefusalCode.IMAGE_UNREADABLE, "the definition's versions could not be listed")
    elif explicit(wish.version) and number(wish.version) in {number(version.name) for version in facts.versions}:
        yield Refusal.of(RefusalCode.VERSION_TAKEN, f"version {wish.version} exists")
    yield from _rights(facts, needed_for_gallery(), "the image definition")


def _misfits(definition: ImageDefinition, shape: MachineShape, os_type: OsType | None) -> Iterator[str]:
    if definition.os_type is not os_type:
        yield f"the definition is for {definition.os_type}, the machine runs {os_type or 'an unknown system'}"
    if definition.generation.upper() != shape.generation.upper():
        yield f"the definition is of generation {definition.generation}, the machine of {shape.generation}"
    architecture = shape.os_disk.architecture if shape.os_disk else None
    if architecture is not None and architecture.lower() != definition.architecture.lower():
        yield f"the definition is for {definition.architecture}, the machine's disk is for {architecture}"
    if not _security_fits(definition, (shape.security_type or "").lower()):
        asked, has = definition.security_type or "Standard", shape.security_type or "Standard"
        yield f"the definition's security type is {asked}, the machine's {has}"
    if shape.plan is not None and (definition.plan is None or _plan(definition.plan) != _plan(shape.plan)):
        yield f"the machine was bought under plan {_plan(shape.plan)}, which is not the definition's"


def _security_fits(definition: ImageDefinition, source: str) -> bool:
    """Say whether a version of the definition may hold this machine.

    A specialized image keeps the machine's guest state, which only a definition of exactly its type can hold
    (Microsoft: "Trusted launch for Azure virtual machines", Azure Compute Gallery).
    """
    asked = (definition.security_type or "").lower()
    if source in _STANDARD:
        return asked not in _NEEDS_SECURITY
    if source != _TRUSTED:
        return False
    return asked == _TRUSTED or (asked in _SUPPORTED and not definition.specialized)


def _wish(job: MachineJob, wish: GalleryImageVersion, shape: MachineShape) -> Iterator[Refusal]:
    """What Azure would refuse whatever the definition: known from the request and the machine alone."""
    home = region_key(shape.location)
    if wish.target_regions and home not in {region.name for region in wish.target_regions}:
        named = ", ".join(region.name for region in wish.target_regions)
        message = f"the machine is in {home}, the image is to go to {named}"
        yield Refusal.of(RefusalCode.REGIONS_WITHOUT_SOURCE, message)
    wanted = number(wish.version)
    if wanted is not None and max(wanted) > LARGEST:
        message = f"no part of version {wish.version} may be above {LARGEST}"
        yield Refusal.of(RefusalCode.IMAGE_WISH_UNFIT, message)
    if wish.end_of_life is not None and _aware(wish.end_of_life) <= _aware(job.accepted_at):
        yield Refusal.of(RefusalCode.IMAGE_WISH_UNFIT, f"endOfLife {wish.end_of_life.isoformat()} has passed")
    encrypted = [region.disk_encryption_set_id is not None for region in wish.target_regions]
    if any(encrypted) and not all(encrypted):
        message = "diskEncryptionSetId must stand in every target region or in none"
        yield Refusal.of(RefusalCode.IMAGE_WISH_UNFIT, message)


def _rights(facts: ImageFacts, needed: tuple[str, ...], where: str) -> Iterator[Refusal]:
    if facts.permissions is None:
        yield Refusal.of(RefusalCode.IMAGE_UNREADABLE, f"the app's own permissions on {where} could not be read")
    elif missing := missing_actions(facts.permissions, needed):
        yield Refusal.of(RefusalCode.ACTION_NOT_GRANTED, f"not granted on {where}: {', '.join(missing)}")


def _plan(plan: Plan) -> str:
    return f"{plan.publisher}/{plan.product}/{plan.name}".lower()


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
