"""The preflight checks of the image: every reason why it could not be published, found before anything is changed."""

from collections.abc import Iterator
from datetime import UTC, datetime

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import ImageFacts, OsType, VmShape
from contracts.image_options import GalleryImageVersion, ManagedImage, region_key
from contracts.request import Mode
from contracts.resource_ids import ResourceId
from contracts.run import VmJob
from policy.image_fit import check_definition, check_disks_in_place, check_managed_image
from policy.image_place import check_place
from policy.image_versions import LARGEST, explicit, number
from policy.rights import missing_actions, needed_for_gallery, needed_for_managed_image


def check_image(job: VmJob, shape: VmShape, os_type: OsType | None, facts: ImageFacts) -> tuple[Refusal, ...]:
    """Check the requested image against the source VM's shape and the facts; every reason is returned."""
    options = job.target.image
    if options is None:
        return ()
    refusals = [*_scope(job, options), *_data_disks(job, shape), *check_place(options, facts)]
    if isinstance(options, ManagedImage):
        return (*refusals, *check_managed_image(job.target.mode, shape), *_managed_image(options, facts))
    return (*refusals, *_options(job, options, shape), *_gallery(job, options, shape, os_type, facts))


def _scope(job: VmJob, options: GalleryImageVersion | ManagedImage) -> Iterator[Refusal]:
    found: ResourceId = options.image_definition_id if isinstance(options, GalleryImageVersion) else options.image_id
    for scope in job.settings.allowed_scopes:
        group = scope.resource_group
        if scope.subscription_id == found.subscription_id and group in {None, found.resource_group.lower()}:
            return
    yield Refusal.of(RefusalCode.SCOPE_NOT_ALLOWED, f"{found} is in no allowed scope")


def _data_disks(job: VmJob, shape: VmShape) -> Iterator[Refusal]:
    """Check data disks in place: an image of the VM itself contains all its disks, a clone only the requested ones."""
    if job.target.mode is not Mode.IN_PLACE or not shape.data_disks:
        return
    luns = ", ".join(str(disk.lun) for disk in shape.data_disks)
    if job.target.data_disks == "refuse":
        yield Refusal.of(RefusalCode.DATA_DISKS, f"the VM has data disks at LUN {luns}")
    elif job.target.data_disks == "exclude":
        yield Refusal.of(RefusalCode.DATA_DISKS_IN_PLACE, f"the VM has data disks at LUN {luns}")
    yield from check_disks_in_place(shape)


def _managed_image(options: ManagedImage, facts: ImageFacts) -> Iterator[Refusal]:
    if facts.image_exists is None:
        yield Refusal.of(RefusalCode.IMAGE_UNREADABLE, f"{options.image_id} could not be read")
    elif facts.image_exists:
        yield Refusal.of(RefusalCode.IMAGE_EXISTS, f"{options.image_id} already exists")
    yield from _rights(facts, needed_for_managed_image(), "the image's resource group")


def _gallery(
    job: VmJob, options: GalleryImageVersion, shape: VmShape, os_type: OsType | None, facts: ImageFacts
) -> Iterator[Refusal]:
    definition = facts.definition
    if definition is None:
        yield Refusal.of(RefusalCode.IMAGE_UNREADABLE, f"{options.image_definition_id} could not be read")
        return
    yield from check_definition(definition, shape, os_type)
    if definition.specialized and job.target.mode is Mode.IN_PLACE:
        yield Refusal.of(RefusalCode.SPECIALIZED_IN_PLACE, "the definition is specialized")
    if region_key(definition.location) != region_key(shape.location):
        message = f"the definition is in {definition.location}, the VM in {shape.location}"
        yield Refusal.of(RefusalCode.DEFINITION_REGION_MISMATCH, message)
    if facts.versions is None:
        yield Refusal.of(RefusalCode.IMAGE_UNREADABLE, "the definition's versions could not be listed")
    elif explicit(options.version) and number(options.version) in {number(version.name) for version in facts.versions}:
        yield Refusal.of(RefusalCode.VERSION_TAKEN, f"version {options.version} already exists")
    yield from _rights(facts, needed_for_gallery(), "the image definition")


def _options(job: VmJob, options: GalleryImageVersion, shape: VmShape) -> Iterator[Refusal]:
    """Check what Azure would reject for any definition: known from the request and the VM alone."""
    home = region_key(shape.location)
    if options.target_regions and home not in {region.name for region in options.target_regions}:
        named = ", ".join(region.name for region in options.target_regions)
        message = f"the VM is in {home}, the image's target regions are {named}"
        yield Refusal.of(RefusalCode.REGIONS_WITHOUT_SOURCE, message)
    wanted = number(options.version)
    if wanted is not None and max(wanted) > LARGEST:
        message = f"no part of version {options.version} may be above {LARGEST}"
        yield Refusal.of(RefusalCode.INVALID_IMAGE_OPTIONS, message)
    if options.end_of_life_date is not None and _aware(options.end_of_life_date) <= _aware(job.accepted_at):
        yield Refusal.of(
            RefusalCode.INVALID_IMAGE_OPTIONS, f"endOfLifeDate {options.end_of_life_date.isoformat()} has passed"
        )
    encrypted = [region.disk_encryption_set_id is not None for region in options.target_regions]
    if any(encrypted) and not all(encrypted):
        message = "diskEncryptionSetId must be set in every target region or in none"
        yield Refusal.of(RefusalCode.INVALID_IMAGE_OPTIONS, message)


def _rights(facts: ImageFacts, needed: tuple[str, ...], where: str) -> Iterator[Refusal]:
    if facts.permissions is None:
        yield Refusal.of(RefusalCode.IMAGE_UNREADABLE, f"the app's own permissions on {where} could not be read")
    elif missing := missing_actions(facts.permissions, needed):
        yield Refusal.of(RefusalCode.ACTION_NOT_GRANTED, f"not granted on {where}: {', '.join(missing)}")


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
