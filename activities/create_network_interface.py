"""Creates a network interface without a public IP address, with its own network security group."""

from azure_clients.request_bodies import network_interface
from azure_clients.resources import get_resource, put_resource, tags_of
from contracts.activities.resources import CreateNetworkInterface
from contracts.activities.vm import Submitted
from policy.ownership import standing, tags_for


async def create_network_interface(request: CreateNetworkInterface) -> Submitted:
    """Request the interface unless it exists, and return at once (2 requests); a taken name is a refusal."""
    found = await get_resource(request.resource)
    if found is not None:
        return standing(request, tags_of(found))
    return Submitted(correlation_id=await put_resource(request.resource, network_interface(request, tags_for(request))))
