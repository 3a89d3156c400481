"""Reads what exists of the image to be published: the image definition and its versions, or the managed image."""

import asyncio

from azure_clients.errors import ArmRefused
from azure_clients.images import list_versions, read_definition
from azure_clients.permissions_and_locks import read_locks, read_permissions
from azure_clients.recycle_bin import list_deleted, read_soft_delete
from azure_clients.resources import get_resource
from contracts.activities.image import ImageInspected, InspectImage
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import ImageFacts, ImageVersionListed
from contracts.recycle_bin import RecycleBin
from contracts.resource_ids import ImageDefinitionId, ManagedImageId
from contracts.resources import Kind, Purpose, Resource


async def inspect_image(request: InspectImage) -> ImageInspected:
    """Read the facts (gallery: 5 requests, 6 with soft delete; managed image: 3); one that cannot be read is None.

    Permissions and locks are read at the definition, or at the managed image's resource group: the image does not exist
    yet, and a lock on another image there is not in its way. A definition that does not exist is a refusal.
    """
    if request.definition_id is not None:
        return await _of_gallery(request.definition_id)
    if request.image_id is not None:
        return await _of_managed_image(request.image_id)
    raise ValueError("the request names neither an image definition nor a managed image")


async def _of_gallery(definition_id: ImageDefinitionId) -> ImageInspected:
    try:
        definition = await read_definition(definition_id)
    except ArmRefused as refused:
        if refused.status != 404:
            return ImageInspected(facts=ImageFacts(), correlation_id=refused.correlation_id)
        refusal = Refusal.of(RefusalCode.DEFINITION_NOT_FOUND, f"{definition_id}: {refused}")
        return ImageInspected(refusal=refusal, correlation_id=refused.correlation_id)
    versions, permissions, locks, deleted = await asyncio.gather(
        _versions(definition_id),
        read_permissions(definition_id),
        read_locks(definition_id, below=False),
        _recycle_bin(definition_id),
    )
    facts = ImageFacts(
        definition=definition, versions=versions, permissions=permissions, locks=locks, recycle_bin=deleted
    )
    return ImageInspected(facts=facts)


async def _versions(definition_id: ImageDefinitionId) -> tuple[ImageVersionListed, ...] | None:
    try:
        return await list_versions(definition_id)
    except ArmRefused:
        return None


async def _recycle_bin(definition_id: ImageDefinitionId) -> RecycleBin | None:
    try:
        policy = await read_soft_delete(definition_id)
    except ArmRefused:
        return None
    if not policy.enabled:
        return policy
    try:
        return policy.model_copy(update={"versions": await list_deleted(definition_id)})
    except ArmRefused:
        return policy


async def _of_managed_image(image_id: ManagedImageId) -> ImageInspected:
    group = f"/subscriptions/{image_id.subscription_id}/resourceGroups/{image_id.resource_group}"
    exists, permissions, locks = await asyncio.gather(
        _exists(image_id), read_permissions(group), read_locks(group, below=False)
    )
    return ImageInspected(facts=ImageFacts(image_exists=exists, permissions=permissions, locks=locks))


async def _exists(image_id: ManagedImageId) -> bool | None:
    resource = Resource(kind=Kind.MANAGED_IMAGE, id=str(image_id), purpose=Purpose.IMAGE)
    try:
        return await get_resource(resource) is not None
    except ArmRefused:
        return None
