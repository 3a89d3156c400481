"""Finds which versions of an image definition machines and scale sets of a subscription were made from."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from azure_clients.errors import arm_errors
from azure_clients.session import CALL, compute
from contracts.resource_ids import ImageDefinitionId

type Json = Mapping[str, Any]


async def find_uses(definition: ImageDefinitionId, subscription_id: str) -> frozenset[str | None]:
    """List all machines and scale sets of a subscription (2 requests, and 1 a further page).

    Gives the names of the versions; None among them: something names the definition and no version, so that it
    follows the latest. Raises ArmRefused (403: not allowed), ArmThrottled or ArmUnavailable.
    """
    client = await compute(subscription_id)
    found: set[str | None] = set()
    async with arm_errors():
        async for machine in client.virtual_machines.list_all(**CALL):
            found.update(_uses(_properties(machine.as_dict()), definition))
        async for scale_set in client.virtual_machine_scale_sets.list_all(**CALL):
            profile = cast("Json", _properties(scale_set.as_dict()).get("virtualMachineProfile") or {})
            found.update(_uses(profile, definition, one_machine=False))
    return frozenset(found)


def _uses(holder: Json, definition: ImageDefinitionId, *, one_machine: bool = True) -> Iterator[str | None]:
    storage = cast("Json", holder.get("storageProfile") or {})
    reference = cast("Json", storage.get("imageReference") or {})
    named = str(reference.get("id") or "").rstrip("/").lower()
    if named == definition.key:
        # What Azure resolved for a scale set says nothing of the instances that were made before.
        exact = reference.get("exactVersion") if one_machine else None
        yield str(exact) if exact else None
    elif named.startswith(f"{definition.key}/versions/"):
        # A scale set may spell out "latest" where a version stands.
        version = named.rsplit("/", 1)[-1]
        yield None if version == "latest" else version


def _properties(resource: Json) -> Json:
    return cast("Json", resource.get("properties") or {})
