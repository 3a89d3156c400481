"""Creates the network security group that isolates a temporary VM."""

from azure_clients.request_bodies import security_group
from azure_clients.resources import get_resource, put_resource, tags_of
from contracts.activities.resources import CreateSecurityGroup
from contracts.activities.vm import Submitted
from policy.ownership import standing, tags_for


async def create_security_group(request: CreateSecurityGroup) -> Submitted:
    """Request the group unless it exists, and return at once (2 requests); a taken name is a refusal."""
    found = await get_resource(request.resource)
    if found is not None:
        return standing(request, tags_of(found))
    return Submitted(correlation_id=await put_resource(request.resource, security_group(request, tags_for(request))))
