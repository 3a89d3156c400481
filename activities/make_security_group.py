"""Makes a network security group that shuts a temporary machine off."""

from azure_clients.bodies import security_group
from azure_clients.things import put_thing, read_thing, tags_of
from contracts.machine_steps import Ordered
from contracts.making_steps import MakeSecurityGroup
from policy.ownership import standing, tags_for


async def make_security_group(request: MakeSecurityGroup) -> Ordered:
    """Order the group unless it stands, and return at once (2 requests); another's of that name is a refusal."""
    found = await read_thing(request.made)
    if found is not None:
        return standing(request, tags_of(found))
    return Ordered(correlation_id=await put_thing(request.made, security_group(request, tags_for(request))))
