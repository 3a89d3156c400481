"""Reads where a temporary VM would be created: permissions and locks there, and the subnet's virtual network."""

import asyncio

from azure_clients.permissions_and_locks import read_locks, read_permissions
from azure_clients.subnets import read_network_location
from contracts.activities.resources import InspectNetwork, NetworkInspected
from contracts.facts import NetworkFacts


async def inspect_network(request: InspectNetwork) -> NetworkInspected:
    """Read the facts (4 requests, 2 without a subnet); a fact that cannot be read is None, and the check refuses it."""
    group_permissions, group_locks = await asyncio.gather(
        read_permissions(request.group), read_locks(request.group, below=False)
    )
    facts = NetworkFacts(group_permissions=group_permissions, group_locks=group_locks)
    if request.subnet_id is None:
        return NetworkInspected(facts=facts)
    subnet_permissions, location = await asyncio.gather(
        read_permissions(request.subnet_id), read_network_location(request.subnet_id)
    )
    more = {"subnet_permissions": subnet_permissions, "vnet_location": location}
    return NetworkInspected(facts=facts.model_copy(update=more))
