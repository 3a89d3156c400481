"""Reads whether a gallery has soft delete, and which versions of a definition are in its recycle bin."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from azure_clients.clients import CALL, compute
from azure_clients.errors import arm_errors
from azure_clients.resources import properties_of
from contracts.recycle_bin import DeletedVersion, RecycleBin
from contracts.resource_ids import ImageDefinitionId

type Json = Mapping[str, Any]

_IMAGES = "Images"
"""The only type of artifact that Azure keeps in the bin."""


async def read_soft_delete(definition: ImageDefinitionId) -> RecycleBin:
    """Read the gallery's soft delete policy (1 request), and not the bin.

    Raises ArmRefused (403: not allowed), ArmThrottled or ArmUnavailable.
    """
    client = await compute(definition.subscription_id)
    async with arm_errors():
        found = await client.galleries.get(definition.resource_group, definition.names[0], **CALL)
    policy = cast("Json", properties_of(found.as_dict()).get("softDeletePolicy") or {})
    days = policy.get("retentionPeriodInDays")
    return RecycleBin(
        enabled=bool(policy.get("isSoftDeleteEnabled")), retention_days=days if isinstance(days, int) else None
    )


async def list_deleted(definition: ImageDefinitionId) -> tuple[DeletedVersion, ...]:
    """List the versions of a definition that are in the bin (1 request for each page)."""
    client = await compute(definition.subscription_id)
    gallery, name = definition.names
    async with arm_errors():
        pages = client.soft_deleted_resource.list_by_artifact_name(
            definition.resource_group, gallery, _IMAGES, name, **CALL
        )
        return tuple([_deleted(item.as_dict()) async for item in pages])


async def read_recycle_bin(definition: ImageDefinitionId) -> RecycleBin:
    """Read the policy and, if deleted versions are kept, the bin (1 request, or 2 and more)."""
    policy = await read_soft_delete(definition)
    if not policy.enabled:
        return policy
    return policy.model_copy(update={"versions": await list_deleted(definition)})


def _deleted(resource: Json) -> DeletedVersion:
    """The ARM id is that of the version as it was; the resource's own name may be longer."""
    properties = properties_of(resource)
    version_id = str(properties.get("resourceArmId") or resource.get("id") or resource.get("name") or "")
    purged = properties.get("hardDeletionTargetTime") or properties.get("consumptionEndTime")
    return DeletedVersion(name=version_id.rpartition("/")[2], purged_at=_moment(purged))


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
