"""Puts this run's tags on the disk that Azure made along with a machine of ours, and shuts it against export."""

from azure_clients.bodies import NO_EXPORT
from azure_clients.things import read_thing, tag_thing, tags_of
from contracts.machine_steps import Ordered
from contracts.made import APP_TAG, PURPOSE_TAG, RUN_TAG, bears_our_name, tag_of
from contracts.making_steps import AdoptDisk
from policy.ownership import name_taken


async def adopt_disk(request: AdoptDisk) -> Ordered:
    """Tag the disk if it is there and belongs to the machine (2 requests); one that is not there needs no tag.

    The disk is ours only if the machine that it is attached to is, by its id and its name: else it is a refusal.
    """
    made = request.made
    found = await read_thing(made)
    if found is None:
        return Ordered()
    tags = tags_of(found)
    if tag_of(tags, RUN_TAG) == request.run_id:
        return Ordered(already=True)
    attached_to = str(found.get("managedBy") or "")
    of_our_machine = attached_to.lower() == request.machine_id.rstrip("/").lower()
    if (
        tag_of(tags, RUN_TAG) is not None
        or not of_our_machine
        or not bears_our_name(_name(attached_to), request.run_id)
    ):
        return Ordered(refusal=name_taken(made, tags))
    own = {APP_TAG: request.app_name, RUN_TAG: request.run_id, PURPOSE_TAG: str(made.purpose)}
    return Ordered(correlation_id=await tag_thing(made, {**tags, **own}, NO_EXPORT))


def _name(resource_id: str) -> str:
    return resource_id.rstrip("/").rsplit("/", 1)[-1]
