"""The preflight checks of the place that an image goes to: its locks, and the recycle bin of its gallery."""

from collections.abc import Iterator

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import ImageFacts, Lock
from contracts.image_options import GalleryImageVersion, ManagedImage
from policy.image_versions import explicit, number

_NO_DELETE = "cannotdelete"
_KEEP_THE_OLDER = (
    "Remove the lock, or remove image.retention or set its dryRun to true: under this lock no older version can be "
    "deleted."
)


def check_place(options: GalleryImageVersion | ManagedImage, facts: ImageFacts) -> Iterator[Refusal]:
    """Check the locks where the image goes and, in a gallery, the names of deleted versions."""
    if facts.locks is None:
        yield Refusal.of(RefusalCode.IMAGE_UNREADABLE, "the locks where the image goes could not be read")
    for lock in facts.locks or ():
        yield from _lock(options, lock)
    if isinstance(options, GalleryImageVersion) and facts.definition is not None:
        yield from _recycle_bin(options, facts)


def _lock(options: GalleryImageVersion | ManagedImage, lock: Lock) -> Iterator[Refusal]:
    """Refuse a lock under which the run could not do what it was asked to do.

    Under a CanNotDelete lock an image is created as without it. Only one that fails stays, and the result names it.
    """
    message = f"lock {lock.name} ({lock.level}) on {lock.scope}"
    if lock.level.lower() != _NO_DELETE:
        yield Refusal.of(RefusalCode.IMAGE_LOCKED, message)
        return
    retention = options.retention if isinstance(options, GalleryImageVersion) else None
    if retention is not None and not retention.dry_run:
        yield Refusal(code=RefusalCode.IMAGE_LOCKED, message=message, remediation=_KEEP_THE_OLDER)


def _recycle_bin(options: GalleryImageVersion, facts: ImageFacts) -> Iterator[Refusal]:
    kept = facts.recycle_bin
    if kept is None:
        message = "the gallery could not be read: it is not known whether it keeps deleted versions"
        yield Refusal.of(RefusalCode.RECYCLE_BIN_UNREADABLE, message)
    elif kept.unreadable:
        message = "the gallery keeps deleted versions, and its recycle bin could not be listed"
        yield Refusal.of(RefusalCode.RECYCLE_BIN_UNREADABLE, message)
    elif explicit(options.version):
        for version in kept.versions or ():
            if number(version.name) == number(options.version):
                until = f" until {version.purged_at.isoformat()}" if version.purged_at else ""
                message = f"version {options.version} is in the gallery's recycle bin{until}"
                yield Refusal.of(RefusalCode.VERSION_IN_RECYCLE_BIN, message)
