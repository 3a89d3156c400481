"""Whether the disk encryption sets of a VM's disks can be used where copies of the disks will be."""

from collections.abc import Iterable, Iterator

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import DiskFacts, VmShape
from contracts.ids import Scope, subscription_of
from contracts.request import Target
from contracts.run import VmJob

_CODE = RefusalCode.ENCRYPTION_SET_SUBSCRIPTION_MISMATCH
_CLONE_NEAR_THE_KEY = "Set clone.resourceGroupId to a group in the VM's subscription: Azure requires the copies there."
_DISK_NEAR_THE_KEY = "Encrypt the disk with a set of its own subscription: Azure requires both in one subscription."
_VALIDATE_NEAR_THE_KEY = (
    "Set image.validate.resourceGroupId to a group in the disk encryption set's subscription: Azure requires the disks "
    "of the temporary VM there."
)


def copied_disks(target: Target, shape: VmShape) -> tuple[DiskFacts, ...]:
    """Return the disks that a clone of this target gets a copy of, and that an image of it contains."""
    data = shape.data_disks if target.data_disks == "include" else ()
    return tuple(disk for disk in (shape.os_disk, *data) if disk is not None)


def check_clone_encryption(job: VmJob, disks: Iterable[DiskFacts], group: Scope) -> Iterator[Refusal]:
    """Refuse each disk whose set is not in the subscription of the clone's group.

    The group must be in the VM's subscription for the snapshots' sake, so only there a set can be used.
    """
    own = job.target.vm_id.subscription_id
    for disk, set_id in _elsewhere(disks, group):
        remediation = _CLONE_NEAR_THE_KEY if subscription_of(set_id) == own else _DISK_NEAR_THE_KEY
        yield Refusal(code=_CODE, message=_message(disk, set_id, group), remediation=remediation)


def check_validation_encryption(job: VmJob, shape: VmShape, group: Scope) -> Iterator[Refusal]:
    """Refuse each disk whose set cannot be used for the temporary VM that validates the image.

    The disks of that VM are encrypted as those of the source: nothing is stored with a weaker key than it had.
    """
    for disk, set_id in _elsewhere(copied_disks(job.target, shape), group):
        yield Refusal(code=_CODE, message=_message(disk, set_id, group), remediation=_VALIDATE_NEAR_THE_KEY)


def _elsewhere(disks: Iterable[DiskFacts], group: Scope) -> Iterator[tuple[DiskFacts, str]]:
    for disk in disks:
        set_id = disk.disk_encryption_set_id
        if set_id is not None and subscription_of(set_id) != group.subscription_id:
            yield disk, set_id


def _message(disk: DiskFacts, set_id: str, group: Scope) -> str:
    name = disk.id.rsplit("/", 1)[-1]
    return f"disk {name} is encrypted with {set_id}, which is not in the subscription of {group}"
