"""Reads what a region offers for temporary VMs: sizes, restrictions and quotas."""

import asyncio
from collections.abc import Mapping

from azure_clients.capacity import read_quotas, read_sizes
from azure_clients.errors import ArmRefused
from contracts.activities.resources import CapacityInspected, InspectCapacity
from contracts.capacity import CapacityFacts, Quota, SizeFacts


async def inspect_capacity(request: InspectCapacity) -> CapacityInspected:
    """Read the facts (2 requests; the sizes of a region are kept for some minutes); one that cannot be read is None.

    Without `quotas` only the sizes are read.
    """
    sizes, quotas = await asyncio.gather(_sizes(request), _quotas(request))
    if sizes is None:
        return CapacityInspected(facts=CapacityFacts(quotas=quotas))
    asked = (sizes.get(name.lower()) for name in request.sizes)
    return CapacityInspected(facts=CapacityFacts(sizes=tuple(size for size in asked if size), quotas=quotas))


async def _sizes(request: InspectCapacity) -> Mapping[str, SizeFacts] | None:
    try:
        return await read_sizes(request.subscription_id, request.region)
    except ArmRefused:
        return None


async def _quotas(request: InspectCapacity) -> tuple[Quota, ...] | None:
    if not request.quotas:
        return ()
    try:
        return await read_quotas(request.subscription_id, request.region)
    except ArmRefused:
        return None
