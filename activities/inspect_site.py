"""Reads where a temporary machine would stand: our rights and the locks there, and the subnet's network."""

import asyncio

from azure_clients.sites import read_network_location
from azure_clients.surroundings import read_locks, read_permissions
from contracts.facts import SiteFacts
from contracts.making_steps import InspectSite, SiteInspected


async def inspect_site(request: InspectSite) -> SiteInspected:
    """Read the facts (4 requests, 2 without a subnet); what cannot be read is None, and the policy refuses it."""
    group_permissions, group_locks = await asyncio.gather(
        read_permissions(request.group), read_locks(request.group, below=False)
    )
    facts = SiteFacts(group_permissions=group_permissions, group_locks=group_locks)
    if request.subnet_id is None:
        return SiteInspected(facts=facts)
    subnet_permissions, location = await asyncio.gather(
        read_permissions(request.subnet_id), read_network_location(request.subnet_id)
    )
    more = {"subnet_permissions": subnet_permissions, "vnet_location": location}
    return SiteInspected(facts=facts.model_copy(update=more))
