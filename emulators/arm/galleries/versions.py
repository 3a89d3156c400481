"""Image versions: checks of a request, the stored properties, and updates."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from emulators.arm.compute.images.errors import bad_source_kind
from emulators.arm.compute.images.sources import Source, source_kind
from emulators.arm.errors import invalid_parameter, property_change
from emulators.arm.galleries.errors import (
    bad_version_name,
    home_region_missing,
    not_one_of,
    one_source_only,
    out_of_range,
)
from emulators.arm.galleries.model import VERSION
from emulators.arm.state.regions import display_region, region_key
from emulators.arm.state.store import Resource

_STORAGE_TYPES = ("Standard_LRS", "Standard_ZRS", "Premium_LRS")
_CACHING = ("None", "ReadOnly", "ReadWrite")
_PROFILE = "galleryImageVersion.properties.publishingProfile"
_STORAGE = "galleryImageVersion.properties.storageProfile"
_LARGEST = 2**31 - 1
_SET_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Compute/diskEncryptionSets/[^/]+", re.IGNORECASE
)


def check_name(name: str) -> None:
    """Raises 400 unless the name is three whole numbers of 32 bits."""
    if re.fullmatch(r"\d+\.\d+\.\d+", name) is None or any(int(part) > _LARGEST for part in name.split(".")):
        raise bad_version_name()


def publishing_profile(given: Mapping[str, Any], location: str, published: str, now: datetime) -> dict[str, Any]:
    """The publishing profile as it is stored: checked, with the platform's defaults. Raises 400."""
    profile = dict(given)
    profile.setdefault("replicaCount", 1)
    _check_count(f"{_PROFILE}.replicaCount", profile["replicaCount"])
    profile.setdefault("storageAccountType", "Standard_LRS")
    _check_choice(f"{_PROFILE}.storageAccountType", profile["storageAccountType"], _STORAGE_TYPES)
    profile.setdefault("replicationMode", "Full")
    _check_choice(f"{_PROFILE}.replicationMode", profile["replicationMode"], ("Full", "Shallow"))
    profile.setdefault("excludeFromLatest", False)
    if "endOfLifeDate" in profile:
        profile["endOfLifeDate"] = _future(profile["endOfLifeDate"], now).isoformat()
    targets = profile.get("targetRegions") or [{"name": location}]
    profile["targetRegions"] = [_target(target, profile) for target in targets]
    _check_regions(profile["targetRegions"], location)
    return {**profile, "publishedDate": published}


def _target(given: Mapping[str, Any], profile: Mapping[str, Any]) -> dict[str, Any]:
    target = dict(given)
    target["name"] = display_region(target["name"], VERSION)
    target.setdefault("regionalReplicaCount", profile["replicaCount"])
    _check_count(f"{_PROFILE}.targetRegions.regionalReplicaCount", target["regionalReplicaCount"])
    target.setdefault("storageAccountType", profile["storageAccountType"])
    _check_choice(f"{_PROFILE}.targetRegions.storageAccountType", target["storageAccountType"], _STORAGE_TYPES)
    target.setdefault("excludeFromLatest", False)
    encryption = target.get("encryption", {})
    luns = [entry["lun"] for entry in encryption.get("dataDiskImages", [])]
    if len(set(luns)) != len(luns):
        message = f"Duplicate luns were specified in target region '{target['name']}' encryption.dataDiskImages."
        raise invalid_parameter("encryption.dataDiskImages", message)
    for set_id in encryption_sets([target]):
        if _SET_ID.fullmatch(set_id) is None:
            name = "galleryArtifactVersion.properties.publishingProfile.targetRegions.encryption.diskEncryptionSetId"
            raise invalid_parameter(name, f"The value of parameter {name} is invalid.")
    return target


def encryption_sets(targets: list[dict[str, Any]]) -> list[str]:
    """Ids of the disk encryption sets that target regions name."""
    parts = [target.get("encryption", {}) for target in targets]
    entries = [entry for part in parts for entry in (part.get("osDiskImage", {}), *part.get("dataDiskImages", []))]
    return list(dict.fromkeys(entry["diskEncryptionSetId"] for entry in entries if "diskEncryptionSetId" in entry))


def _os_set(target: Mapping[str, Any]) -> str | None:
    return target.get("encryption", {}).get("osDiskImage", {}).get("diskEncryptionSetId")


def _check_regions(targets: list[dict[str, Any]], location: str) -> None:
    names = [target["name"] for target in targets]
    if len(set(names)) != len(names):
        raise invalid_parameter(
            f"{_PROFILE}.targetRegions", "Duplicate regions are not allowed in target publishing regions."
        )
    if region_key(location) not in {region_key(name) for name in names}:
        raise home_region_missing(names, location)
    used = next((target for target in targets if _os_set(target) is not None), None)
    bare = next((target for target in targets if _os_set(target) is None), None)
    if used is not None and bare is not None:
        name = "galleryArtifactVersion.properties.publishingProfile.targetRegions.encryption.osDiskImage"
        message = (
            f"A disk encryption set is required for disk '{name}.diskEncryptionSetId' in target region "
            f"'{bare['name']}' since disk encryption set '{_os_set(used)}' is used for the corresponding disk in "
            f"region '{used['name']}'"
        )
        raise invalid_parameter(name, message)


def _check_count(name: str, value: int) -> None:
    if not 1 <= value <= 100:
        raise out_of_range(name, value, 1, 100)


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise not_one_of(name, value, known)


def _future(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"Could not convert string to DateTimeOffset: {text}. Path 'properties.endOfLifeDate'"
        raise invalid_parameter("endOfLifeDate", message) from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if moment <= now:
        raise invalid_parameter("endOfLifeDate", "EndOfLifeDate must be set to a future date.")
    return moment


def asked_sources(storage: Mapping[str, Any]) -> dict[str, str]:
    """Ids of the sources by the property that names them. Raises 400 unless exactly one kind of source is used."""
    direct = {f"{_STORAGE}.source.{name}": value for name, value in storage.get("source", {}).items()}
    disks: dict[str, str] = {}
    if "source" in storage.get("osDiskImage", {}):
        disks[f"{_STORAGE}.osDiskImage.source.id"] = storage["osDiskImage"]["source"]["id"]
    for disk in storage.get("dataDiskImages", []):
        if "source" in disk:
            disks[f"{_STORAGE}.dataDiskImages[{disk['lun']}].source.id"] = disk["source"]["id"]
    if (len(direct) == 1) == bool(disks) or len(direct) > 1:
        raise one_source_only()
    if disks and f"{_STORAGE}.osDiskImage.source.id" not in disks:
        raise one_source_only()
    for name, source_id in {**direct, **disks}.items():
        _check_kind(name, source_id)
    luns = [disk["lun"] for disk in storage.get("dataDiskImages", [])]
    if len(set(luns)) != len(luns):
        message = "Duplicated lun numbers have been detected in the input data disks. Lun number must be unique."
        raise invalid_parameter(f"{_STORAGE}.dataDiskImages", message)
    for disk in (storage.get("osDiskImage", {}), *storage.get("dataDiskImages", [])):
        _check_choice(f"{_STORAGE}.hostCaching", disk.get("hostCaching", "None"), _CACHING)
    return {**direct, **disks}


def _check_kind(name: str, source_id: str) -> None:
    kind = source_kind(source_id)
    if name.endswith(".virtualMachineId"):
        if kind != "virtualmachines":
            raise bad_source_kind(source_id, "be a virtual machine")
    elif ".source.id" in name and "DiskImage" in name:
        if kind not in ("disks", "snapshots"):
            raise bad_source_kind(source_id, "be a managed disk or snapshot")
    elif kind not in ("virtualmachines", "images", "galleries/images/versions"):
        raise bad_source_kind(source_id, "either be a managed image, virtual machine or another gallery image version")


def check_same_sources(version: Resource, asked: Mapping[str, str]) -> None:
    """Raises 409 when a request changes the source of an existing version."""
    kept = {name: value.lower() for name, value in asked_sources(version.properties["storageProfile"]).items()}
    for name in sorted({*kept, *asked}):
        if asked.get(name, "").lower() != kept.get(name):
            raise property_change(name)


def storage_profile(given: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """The storage profile as it is stored: the sources of the request, the disks of the source."""
    os_given = given.get("osDiskImage", {})
    os_disk = {"sizeInGB": source.size_gb, "hostCaching": os_given.get("hostCaching", source.caching)}
    kept: dict[str, Any] = {"source": dict(given["source"])} if "source" in given else {}
    if "source" in os_given:
        os_disk["source"] = dict(os_given["source"])
    data_given = {disk["lun"]: disk for disk in given.get("dataDiskImages", [])}
    data_disks: list[dict[str, Any]] = []
    for disk, caching in zip(source.data_disks, source.data_caching, strict=True):
        entry: dict[str, Any] = {"lun": disk.lun, "sizeInGB": disk.size_gb}
        chosen = data_given.get(disk.lun, {})
        entry["hostCaching"] = chosen.get("hostCaching", caching)
        data_disks.append({**entry, **({"source": chosen["source"]} if "source" in chosen else {})})
    return {**kept, "osDiskImage": os_disk, "dataDiskImages": data_disks}
