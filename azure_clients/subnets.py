"""Reads the region of a subnet's virtual network, in which a temporary VM would be created."""

from typing import cast

from azure_clients.errors import ArmRefused
from azure_clients.resources import properties_of
from azure_clients.rest import NETWORK_API, Json, get_json
from contracts.resource_ids import SubnetId


async def read_network_location(subnet_id: SubnetId) -> str | None:
    """Read the region of a subnet's virtual network (1 request); None: not readable, or no such subnet."""
    text = str(subnet_id)
    try:
        network = await get_json(text.rpartition("/subnets/")[0], NETWORK_API)
    except ArmRefused:
        return None
    subnets = cast("list[Json]", properties_of(network).get("subnets") or [])
    names = {str(subnet.get("name", "")).lower() for subnet in subnets}
    return str(network.get("location", "")) or None if subnet_id.name.lower() in names else None
