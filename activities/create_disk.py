"""Creates a disk from a snapshot, with the properties of the source disk."""

from azure_clients.request_bodies import disk
from azure_clients.resources import get_resource, put_resource, tags_of
from contracts.activities.resources import CreateDisk
from contracts.activities.vm import Submitted
from policy.ownership import standing, tags_for


async def create_disk(request: CreateDisk) -> Submitted:
    """Request the disk unless it exists, and return at once (2 requests); a taken name is a refusal."""
    found = await get_resource(request.resource)
    if found is not None:
        return standing(request, tags_of(found))
    return Submitted(correlation_id=await put_resource(request.resource, disk(request, tags_for(request))))
