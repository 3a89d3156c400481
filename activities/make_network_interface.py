"""Makes a network interface without a public address, behind its own security group."""

from azure_clients.bodies import network_interface
from azure_clients.things import put_thing, read_thing, tags_of
from contracts.machine_steps import Ordered
from contracts.making_steps import MakeNetworkInterface
from policy.ownership import standing, tags_for


async def make_network_interface(request: MakeNetworkInterface) -> Ordered:
    """Order the interface unless it stands, and return at once (2 requests); another's of that name is a refusal."""
    found = await read_thing(request.made)
    if found is not None:
        return standing(request, tags_of(found))
    return Ordered(correlation_id=await put_thing(request.made, network_interface(request, tags_for(request))))
