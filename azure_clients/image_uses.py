"""Finds the versions of an image definition that VMs and scale sets of a subscription use."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from azure_clients.clients import CALL, compute
from azure_clients.errors import arm_errors
from contracts.resource_ids import ImageDefinitionId

type Json = Mapping[str, Any]


async def find_uses(definition: ImageDefinitionId, subscription_id: str) -> frozenset[str | None]:
    """List all VMs and scale sets of a subscription (2 requests, and 1 for each further page).

    Returns the names of the versions; None among them: a VM or scale set refers to the definition without a version,
    and so to latest. Raises ArmRefused (403: not allowed), ArmThrottled or ArmUnavailable.
    """
    client = await compute(subscription_id)
    found: set[str | None] = set()
    async with arm_errors():
        async for vm in client.virtual_machines.list_all(**CALL):
            found.update(_uses(_properties(vm.as_dict()), definition))
        async for scale_set in client.virtual_machine_scale_sets.list_all(**CALL):
            profile = cast("Json", _properties(scale_set.as_dict()).get("virtualMachineProfile") or {})
            found.update(_uses(profile, definition, one_vm=False))
    return frozenset(found)


def _uses(holder: Json, definition: ImageDefinitionId, *, one_vm: bool = True) -> Iterator[str | None]:
    storage = cast("Json", holder.get("storageProfile") or {})
    reference = cast("Json", storage.get("imageReference") or {})
    named = str(reference.get("id") or "").rstrip("/").lower()
    if named == definition.key:
        # The version that Azure resolved for a scale set is not that of instances created earlier.
        exact = reference.get("exactVersion") if one_vm else None
        yield str(exact) if exact else None
    elif named.startswith(f"{definition.key}/versions/"):
        # A scale set may have "latest" in place of a version.
        version = named.rsplit("/", 1)[-1]
        yield None if version == "latest" else version


def _properties(resource: Json) -> Json:
    return cast("Json", resource.get("properties") or {})
