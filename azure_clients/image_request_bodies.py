"""Request bodies for image versions and managed images."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from azure_clients.resources import properties_of, tags_of
from contracts.activities.image import CreateImageVersion, CreateManagedImage, UpdateImageVersion
from contracts.image_options import TargetRegion

type Body = dict[str, Any]
type Json = Mapping[str, Any]


def image_version(request: CreateImageVersion, tags: dict[str, str]) -> Body:
    """Return the body of an image version that is created from a VM.

    Regions can be removed again (`allowDeletionOfReplicatedLocations`): one that keeps failing is dropped.
    """
    publishing: Body = {
        "targetRegions": _regions(request.target_regions, request.excluded, request),
        "replicaCount": request.replica_count,
        "storageAccountType": request.storage_account_type,
        "replicationMode": request.replication_mode,
        "excludeFromLatest": request.excluded,
    }
    if request.end_of_life_date is not None:
        publishing["endOfLifeDate"] = request.end_of_life_date.isoformat()
    properties = {
        "publishingProfile": publishing,
        "storageProfile": {"source": {"virtualMachineId": request.source_vm_id}},
        "safetyProfile": {"allowDeletionOfReplicatedLocations": True},
    }
    return {"location": request.location, "tags": tags, "properties": properties}


def changed_version(version: Json, request: UpdateImageVersion) -> Body:
    """Return the body that updates an existing version; what the request leaves open is not in it.

    A PATCH replaces all tags and all regions, so the body contains the existing ones too, and the source, which ARM
    requires. The body is empty if nothing would change: an update that was accepted is not requested again. Regions are
    always included: that makes Azure replicate to a failed one again.
    """
    properties = properties_of(version)
    if request.target_regions is None and _is_unchanged(version, request):
        return {}
    before = cast("Json", properties.get("publishingProfile") or {})
    listed = cast("list[Json]", before.get("targetRegions") or [])
    excluded = bool(before.get("excludeFromLatest")) if request.excluded is None else request.excluded
    publishing: Body = {}
    if request.excluded is not None:
        publishing["excludeFromLatest"] = request.excluded
        if any(bool(entry.get("excludeFromLatest")) != request.excluded for entry in listed):
            publishing["targetRegions"] = [{**entry, "excludeFromLatest": request.excluded} for entry in listed]
    if request.target_regions is not None:
        publishing["targetRegions"] = _regions(request.target_regions, excluded, request)
    body: Body = {}
    if request.tags:
        body["tags"] = {**tags_of(version), **request.tags}
    if publishing:
        source = cast("Json", properties.get("storageProfile") or {}).get("source")
        body["properties"] = {"publishingProfile": publishing}
        if source:
            body["properties"]["storageProfile"] = {"source": source}
    return body


def _is_unchanged(version: Json, request: UpdateImageVersion) -> bool:
    properties = properties_of(version)
    publishing = cast("Json", properties.get("publishingProfile") or {})
    listed = cast("list[Json]", publishing.get("targetRegions") or [])
    shown = {bool(entry.get("excludeFromLatest")) for entry in (publishing, *listed)}
    failed = str(properties.get("provisioningState", "")).lower() == "failed"
    included = request.excluded is None or shown == {request.excluded}
    return not failed and included and request.tags.items() <= tags_of(version).items()


def managed_image(request: CreateManagedImage, tags: dict[str, str]) -> Body:
    """Return the body of a managed image of all disks of a generalized VM."""
    properties = {
        "sourceVirtualMachine": {"id": request.source_vm_id},
        "hyperVGeneration": request.generation,
        "storageProfile": {"zoneResilient": request.zone_resilient},
    }
    return {"location": request.location, "tags": tags, "properties": properties}


def _regions(
    targets: Iterable[TargetRegion], excluded: bool, request: CreateImageVersion | UpdateImageVersion
) -> list[Body]:
    return [_region(target, excluded, request) for target in targets]


def _region(target: TargetRegion, excluded: bool, request: CreateImageVersion | UpdateImageVersion) -> Body:
    entry: Body = {
        "name": target.name,
        "regionalReplicaCount": target.replica_count or request.replica_count,
        "storageAccountType": target.storage_account_type or request.storage_account_type,
        "excludeFromLatest": excluded,
    }
    if target.disk_encryption_set_id is not None:
        key = {"diskEncryptionSetId": str(target.disk_encryption_set_id)}
        encryption: Body = {"osDiskImage": key}
        if request.data_disk_luns:
            encryption["dataDiskImages"] = [{"lun": lun, **key} for lun in request.data_disk_luns]
        entry["encryption"] = encryption
    return entry
