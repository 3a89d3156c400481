"""The place of an image: its locks, and the names in the recycle bin of its gallery."""

from datetime import UTC, datetime
from typing import Any

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import ImageDefinition, ImageFacts, Lock, OsType
from contracts.image_options import GalleryImageVersion, ManagedImage
from contracts.recycle_bin import DeletedVersion, RecycleBin
from policy.image_place import check_place
from policy.rights import READ_RECYCLE_BIN
from tests.support.requests import GROUP
from tests.support.rows import rows

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/golden/images/ubuntu"
IMAGE = f"{GROUP}/providers/Microsoft.Compute/images/one"
PURGED = datetime(2026, 12, 1, tzinfo=UTC)
LOCKED, REALLY, ONLY_SAID = RefusalCode.IMAGE_LOCKED, {"keep": 2, "dryRun": False}, {"keep": 2}


def version(**image: Any) -> GalleryImageVersion:
    return GalleryImageVersion.model_validate({"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION, **image})


def managed() -> ManagedImage:
    return ManagedImage.model_validate({"kind": "managedImage", "imageId": IMAGE})


def facts(*levels: str, **kept: Any) -> ImageFacts:
    locks = tuple(Lock(name=f"lock-{level}", level=level, scope=GROUP) for level in levels)
    definition = ImageDefinition(location="westeurope", os_type=OsType.LINUX, os_state="Generalized")
    return ImageFacts(
        definition=definition, locks=locks, recycle_bin=RecycleBin.model_validate({"enabled": False, **kept})
    )


def refusals(options: GalleryImageVersion | ManagedImage, seen: ImageFacts) -> list[Refusal]:
    return list(check_place(options, seen))


LOCKS: list[tuple[GalleryImageVersion | ManagedImage, tuple[str, ...], list[RefusalCode]]] = [
    (version(), (), []),
    (version(), ("ReadOnly",), [LOCKED]),
    (version(), ("readonly", "CanNotDelete"), [LOCKED]),
    (version(), ("SomethingNew",), [LOCKED]),
    (version(), ("CanNotDelete",), []),
    (version(version="1.4.2"), ("cannotdelete",), []),
    (version(retention=ONLY_SAID), ("CanNotDelete",), []),
    (version(retention=REALLY), ("CanNotDelete",), [LOCKED]),
    (version(retention=REALLY), ("ReadOnly", "CanNotDelete"), [LOCKED, LOCKED]),
    (managed(), ("ReadOnly",), [LOCKED]),
    (managed(), ("CanNotDelete",), []),
]


@rows(("options", "levels", "wanted"), LOCKS)
def test_a_lock_is_refused_if_the_run_could_not_do_what_was_asked(
    options: GalleryImageVersion | ManagedImage, levels: tuple[str, ...], wanted: list[RefusalCode]
) -> None:
    assert [refusal.code for refusal in refusals(options, facts(*levels))] == wanted


def test_each_lock_has_the_advice_that_helps() -> None:
    write, delete = refusals(version(retention=REALLY), facts("ReadOnly", "CanNotDelete"))
    assert "lock-ReadOnly (ReadOnly)" in write.message
    assert "dryRun" in delete.remediation
    assert "dryRun" not in write.remediation


def test_a_name_in_the_bin_is_not_free() -> None:
    deleted = (DeletedVersion(name="1.4.2", purged_at=PURGED), DeletedVersion(name="1.5.0"))
    kept = facts(enabled=True, versions=deleted)
    (refusal,) = refusals(version(version="1.4.2"), kept)
    assert (refusal.code, PURGED.isoformat() in refusal.message) == (RefusalCode.VERSION_IN_RECYCLE_BIN, True)
    (unknown,) = refusals(version(version="1.5.0"), kept)
    assert "until" not in unknown.message
    for free in ("1.4.3", "nextPatch", "date"):
        assert refusals(version(version=free), kept) == []


def test_a_managed_image_has_no_bin_and_a_gallery_that_is_unreadable_is_refused() -> None:
    assert refusals(managed(), ImageFacts(locks=())) == []
    assert [refusal.code for refusal in refusals(managed(), ImageFacts())] == [RefusalCode.IMAGE_UNREADABLE]
    for bin_read in (None, RecycleBin(enabled=True, versions=None)):
        unread = facts().model_copy(update={"recycle_bin": bin_read})
        (refusal,) = refusals(version(), unread)
        assert refusal.code is RefusalCode.RECYCLE_BIN_UNREADABLE
        assert READ_RECYCLE_BIN in refusal.remediation
