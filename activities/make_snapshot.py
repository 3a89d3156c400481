"""Copies a disk into an incremental snapshot of this run."""

from azure_clients.bodies import snapshot
from azure_clients.disks import read_disk
from azure_clients.things import put_thing, read_thing, tags_of
from contracts.machine_steps import Ordered
from contracts.making_steps import MakeSnapshot
from policy.ownership import standing, tags_for


async def make_snapshot(request: MakeSnapshot) -> Ordered:
    """Order the snapshot unless it stands, and return at once (3 requests); another's of that name is a refusal.

    The disk is read once more, since the snapshot must lie under the key that the disk has now.
    """
    found = await read_thing(request.made)
    if found is not None:
        return standing(request, tags_of(found))
    like = await read_disk(request.source_disk_id)
    return Ordered(correlation_id=await put_thing(request.made, snapshot(request, tags_for(request), like)))
