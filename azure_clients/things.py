"""Reads, puts and deletes a thing that a run makes, whatever its kind."""

from collections.abc import Mapping
from typing import Any, cast

from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.plain_requests import get_json, order
from azure_clients.session import CALL, compute
from contracts.made import Kind, Made

type Json = Mapping[str, Any]

_NETWORK_API = "api-version=2024-05-01"
_NETWORK = frozenset({Kind.NETWORK_INTERFACE, Kind.SECURITY_GROUP})
_GROUPS: dict[Kind, str] = {
    Kind.MACHINE: "virtual_machines",
    Kind.DISK: "disks",
    Kind.SNAPSHOT: "snapshots",
    Kind.MANAGED_IMAGE: "images",
    Kind.IMAGE_VERSION: "gallery_image_versions",
}
"""The SDK's operation group of each compute kind; all of them take group, names and body in the same order."""


async def read_thing(made: Made) -> Json | None:
    """Read a thing as ARM's JSON (1 request); None if it is not there.

    Raises ArmRefused (403: not allowed), ArmThrottled or ArmUnavailable.
    """
    try:
        if made.kind in _NETWORK:
            return await get_json(made.id, _NETWORK_API)
        operations, names = await _operations(made)
        async with arm_errors():
            return cast("Json", (await operations.get(*names, **CALL)).as_dict())
    except ArmRefused as refused:
        if refused.status == 404:
            return None
        raise


async def put_thing(made: Made, body: Json) -> str | None:
    """Put a thing and return as soon as Azure accepted it (1 request); look before you put.

    Gives the correlation id of the order.
    """
    if made.kind in _NETWORK:
        return await order("PUT", made.id, _NETWORK_API, body)
    operations, names = await _operations(made)
    seen = CorrelationId()
    async with arm_errors():
        await operations.begin_create_or_update(*names, body, polling=False, raw_response_hook=seen, **CALL)
    return seen.value


async def delete_thing(made: Made) -> str | None:
    """Begin to delete a thing and return as soon as Azure accepted it (1 request); gives the correlation id.

    Raises ArmRefused (404: it is gone; 409: in use or locked; 403: not allowed), ArmThrottled or ArmUnavailable.
    """
    if made.kind in _NETWORK:
        return await order("DELETE", made.id, _NETWORK_API)
    operations, names = await _operations(made)
    seen = CorrelationId()
    async with arm_errors():
        await operations.begin_delete(*names, polling=False, raw_response_hook=seen, **CALL)
    return seen.value


async def tag_thing(made: Made, tags: Mapping[str, str], properties: Json | None = None) -> str | None:
    """Set the tags of a compute thing, all of them, and these properties (1 request: PATCH replaces what there was)."""
    operations, names = await _operations(made)
    body = {"tags": dict(tags), **({"properties": dict(properties)} if properties else {})}
    seen = CorrelationId()
    async with arm_errors():
        await operations.begin_update(*names, body, polling=False, raw_response_hook=seen, **CALL)
    return seen.value


def tags_of(thing: Json) -> dict[str, str]:
    """Give the tags of a thing; Azure keeps no order and no case of their names."""
    return {str(name): str(value) for name, value in cast("Json", thing.get("tags") or {}).items()}


def properties_of(thing: Json) -> Json:
    """Give the properties of a thing."""
    return cast("Json", thing.get("properties") or {})


async def _operations(made: Made) -> tuple[Any, list[str]]:
    """Give the SDK's operations of this kind, and the resource group and names that each of them takes first."""
    parts = made.id.strip("/").split("/")
    client = await compute(parts[1])
    return getattr(client, _GROUPS[made.kind]), [parts[3], *parts[7::2]]
