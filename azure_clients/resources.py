"""Reads, creates, tags and deletes the resources of a run, of all kinds."""

from collections.abc import Mapping
from typing import Any, cast

from azure_clients.clients import CALL, compute
from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.rest import NETWORK_API, get_json, submit
from contracts.resources import Kind, Resource

type Json = Mapping[str, Any]

_NETWORK = frozenset({Kind.NETWORK_INTERFACE, Kind.SECURITY_GROUP})
_GROUPS: dict[Kind, str] = {
    Kind.VM: "virtual_machines",
    Kind.DISK: "disks",
    Kind.SNAPSHOT: "snapshots",
    Kind.MANAGED_IMAGE: "images",
    Kind.IMAGE_VERSION: "gallery_image_versions",
}
"""The SDK's operation group of each compute kind; all of them take group, names and body in the same order."""


async def get_resource(resource: Resource) -> Json | None:
    """Read a resource as ARM's JSON (1 request); None if it does not exist.

    Raises ArmRefused (403: not allowed), ArmThrottled or ArmUnavailable.
    """
    try:
        if resource.kind in _NETWORK:
            return await get_json(resource.id, NETWORK_API)
        operations, names = await _operations(resource)
        async with arm_errors():
            return cast("Json", (await operations.get(*names, **CALL)).as_dict())
    except ArmRefused as refused:
        if refused.status == 404:
            return None
        raise


async def put_resource(resource: Resource, body: Json) -> str | None:
    """Create a resource and return as soon as Azure accepted the request (1 request); read it before you create it.

    Returns the correlation id of the request.
    """
    if resource.kind in _NETWORK:
        return await submit("PUT", resource.id, NETWORK_API, body)
    operations, names = await _operations(resource)
    seen = CorrelationId()
    async with arm_errors():
        await operations.begin_create_or_update(*names, body, polling=False, raw_response_hook=seen, **CALL)
    return seen.value


async def begin_delete(resource: Resource, *, for_good: bool = False) -> str | None:
    """Request the deletion of a resource and return as soon as Azure accepted it (1 request).

    Returns the correlation id of the request. `for_good`: an image version does not go to its gallery's recycle bin.

    Raises ArmRefused (404: it is gone; 409: in use or locked; 403: not allowed), ArmThrottled or ArmUnavailable.
    """
    if resource.kind in _NETWORK:
        return await submit("DELETE", resource.id, NETWORK_API)
    operations, names = await _operations(resource)
    seen = CorrelationId()
    bypass = {"bypass_soft_delete": True} if for_good and resource.kind is Kind.IMAGE_VERSION else {}
    async with arm_errors():
        await operations.begin_delete(*names, polling=False, raw_response_hook=seen, **bypass, **CALL)
    return seen.value


async def tag_resource(resource: Resource, tags: Mapping[str, str], properties: Json | None = None) -> str | None:
    """Replace all tags of a compute resource, and set these properties (1 request: PATCH)."""
    operations, names = await _operations(resource)
    body = {"tags": dict(tags), **({"properties": dict(properties)} if properties else {})}
    seen = CorrelationId()
    async with arm_errors():
        await operations.begin_update(*names, body, polling=False, raw_response_hook=seen, **CALL)
    return seen.value


def tags_of(resource: Json) -> dict[str, str]:
    """Return the tags of a resource; Azure does not preserve the case of their names."""
    return {str(name): str(value) for name, value in cast("Json", resource.get("tags") or {}).items()}


def properties_of(resource: Json) -> Json:
    """Return the properties of a resource."""
    return cast("Json", resource.get("properties") or {})


def names_in(listed: object) -> tuple[str, ...]:
    """Return the names in a list that ARM writes as one text: "SCSI, NVMe"."""
    return tuple(name for part in str(listed or "").split(",") if (name := part.strip()))


async def _operations(resource: Resource) -> tuple[Any, list[str]]:
    """Return the SDK's operation group of this kind, and the resource group and names that its methods take."""
    parts = resource.id.strip("/").split("/")
    client = await compute(parts[1])
    return getattr(client, _GROUPS[resource.kind]), [parts[3], *parts[7::2]]
