"""Creates an incremental snapshot of a disk."""

from azure_clients.disks import read_disk
from azure_clients.request_bodies import snapshot
from azure_clients.resources import get_resource, put_resource, tags_of
from contracts.activities.resources import CreateSnapshot
from contracts.activities.vm import Submitted
from policy.ownership import standing, tags_for


async def create_snapshot(request: CreateSnapshot) -> Submitted:
    """Request the snapshot unless it exists, and return at once (3 requests); a taken name is a refusal.

    The disk is read again: the snapshot must be encrypted with the key that the disk has now.
    """
    found = await get_resource(request.resource)
    if found is not None:
        return standing(request, tags_of(found))
    like = await read_disk(request.source_disk_id)
    return Submitted(correlation_id=await put_resource(request.resource, snapshot(request, tags_for(request), like)))
