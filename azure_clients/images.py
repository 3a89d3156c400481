"""Reads image definitions and image versions, and updates versions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from azure_clients.clients import CALL, compute
from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, ArmUnavailable, arm_errors
from azure_clients.resources import names_in, properties_of, tags_of
from contracts.activities.image import ImageVersionRead
from contracts.facts import ImageDefinition, ImageVersionListed, OsType, Plan, RegionState
from contracts.image_options import region_key
from contracts.resource_ids import ImageDefinitionId, ImageVersionId
from contracts.tags import APP_TAG, RUN_TAG, tag_of

type Json = Mapping[str, Any]


async def read_definition(definition: ImageDefinitionId) -> ImageDefinition:
    """Read an image definition (1 request).

    Raises ArmRefused (404: it does not exist, 403: not allowed), ArmThrottled or ArmUnavailable.
    """
    client = await compute(definition.subscription_id)
    async with arm_errors():
        found = await client.gallery_images.get(definition.resource_group, *definition.names, **CALL)
    shown = found.as_dict()
    properties = properties_of(shown)
    features = {str(entry.get("name", "")).lower(): entry.get("value") for entry in _items(properties, "features")}
    controllers = names_in(features.get("diskcontrollertypes"))
    os_type = str(properties.get("osType", "")).lower()
    if os_type not in {"linux", "windows"}:
        raise ArmUnavailable("UnreadableAnswer", f"the image definition has an unknown operating system: {os_type!r}")
    return ImageDefinition(
        location=str(shown.get("location", "")),
        os_type=OsType.LINUX if os_type == "linux" else OsType.WINDOWS,
        os_state=str(properties.get("osState", "")),
        generation=str(properties.get("hyperVGeneration") or "V1"),
        security_type=features.get("securitytype"),
        architecture=str(properties.get("architecture") or "x64"),
        disk_controllers=controllers or ("SCSI",),
        hibernation=str(features.get("ishibernatesupported", "")).lower() == "true",
        plan=_plan(properties),
    )


async def list_versions(definition: ImageDefinitionId) -> tuple[ImageVersionListed, ...]:
    """List the versions of a definition (1 request for each page); one created a moment ago may be missing."""
    client = await compute(definition.subscription_id)
    async with arm_errors():
        pages = client.gallery_image_versions.list_by_gallery_image(
            definition.resource_group, *definition.names, **CALL
        )
        return tuple([_listed(item.as_dict()) async for item in pages])


async def read_version(version: ImageVersionId) -> Json | None:
    """Read a version with the state of its replication as ARM's JSON (1 request); None if it does not exist."""
    client = await compute(version.subscription_id)
    try:
        async with arm_errors():
            found = await client.gallery_image_versions.get(
                version.resource_group, *version.names, expand="ReplicationStatus", **CALL
            )
    except ArmRefused as refused:
        if refused.status == 404:
            return None
        raise
    return cast("Json", found.as_dict())


async def change_version(version: ImageVersionId, body: Json) -> str | None:
    """Request an update of a version (1 request: PATCH); returns the request's correlation id."""
    client = await compute(version.subscription_id)
    operations: Any = client.gallery_image_versions
    seen = CorrelationId()
    async with arm_errors():
        await operations.begin_update(
            version.resource_group, *version.names, body, polling=False, raw_response_hook=seen, **CALL
        )
    return seen.value


def version_state(version: Json) -> ImageVersionRead:
    """Convert ARM's JSON of a version with its replication into facts; region names are normalized."""
    properties = properties_of(version)
    publishing = cast("Json", properties.get("publishingProfile") or {})
    summary = _items(cast("Json", properties.get("replicationStatus") or {}), "summary")
    excluded_regions = [entry.get("excludeFromLatest") for entry in _items(publishing, "targetRegions")]
    return ImageVersionRead(
        provisioning_state=str(properties.get("provisioningState") or "Unknown"),
        run_id=tag_of(tags_of(version), RUN_TAG),
        excluded=bool(publishing.get("excludeFromLatest")) or any(excluded_regions),
        regions=tuple(_region(entry) for entry in summary),
    )


def _listed(version: Json) -> ImageVersionListed:
    properties = properties_of(version)
    publishing = cast("Json", properties.get("publishingProfile") or {})
    targets = _items(publishing, "targetRegions")
    published = publishing.get("publishedDate")
    return ImageVersionListed(
        name=str(version.get("name", "")),
        run_id=tag_of(tags_of(version), RUN_TAG),
        app_name=tag_of(tags_of(version), APP_TAG),
        regions=tuple(region_key(str(entry.get("name"))) for entry in targets if not entry.get("excludeFromLatest")),
        published_at=datetime.fromisoformat(str(published)) if published else None,
        excluded_from_latest=bool(publishing.get("excludeFromLatest")),
        provisioning_state=str(properties.get("provisioningState", "")),
    )


def _region(entry: Json) -> RegionState:
    return RegionState(
        name=region_key(str(entry.get("region", ""))),
        state=str(entry.get("state", "")),
        progress=int(entry.get("progress") or 0),
        details=str(entry.get("details") or "")[:500],
    )


def _plan(properties: Json) -> Plan | None:
    found = cast("Json", properties.get("purchasePlan") or {})
    if not found.get("name"):
        return None
    return Plan(name=found["name"], publisher=str(found.get("publisher", "")), product=str(found.get("product", "")))


def _items(parent: Json, name: str) -> list[Json]:
    return cast("list[Json]", parent.get(name) or [])
