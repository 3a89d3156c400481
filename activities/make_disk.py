"""Makes a disk of this run out of a snapshot, of the same kind as the disk it came from."""

from azure_clients.bodies import disk
from azure_clients.things import put_thing, read_thing, tags_of
from contracts.machine_steps import Ordered
from contracts.making_steps import MakeDisk
from policy.ownership import standing, tags_for


async def make_disk(request: MakeDisk) -> Ordered:
    """Order the disk unless it stands, and return at once (2 requests); another's of that name is a refusal."""
    found = await read_thing(request.made)
    if found is not None:
        return standing(request, tags_of(found))
    return Ordered(correlation_id=await put_thing(request.made, disk(request, tags_for(request))))
