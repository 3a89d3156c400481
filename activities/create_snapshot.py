"""Creates an incremental snapshot of a disk."""

from azure_clients.disks import read_disk
from azure_clients.request_bodies import snapshot
from azure_clients.resources import get_resource, put_resource, tags_of
from contracts.activities.resources import CreateSnapshot
from contracts.activities.vm import Submitted
from contracts.error_codes import Refusal, RefusalCode
from policy.ownership import standing, tags_for


async def create_snapshot(request: CreateSnapshot) -> Submitted:
    """Request the snapshot unless it exists, and return at once (3 requests); a taken name is a refusal.

    The disk is read again: it must be one of the VM's, and the snapshot be encrypted with the key that it has now.
    """
    found = await get_resource(request.resource)
    if found is not None:
        return standing(request, tags_of(found))
    like = await read_disk(request.source_disk_id)
    if like.attached_to.lower() != request.vm_id.key:
        message = f"{like.id} is not a disk of {request.vm_id}"
        return Submitted(refusal=Refusal.of(RefusalCode.DISK_CANNOT_BE_COPIED, message))
    return Submitted(correlation_id=await put_resource(request.resource, snapshot(request, tags_for(request), like)))
