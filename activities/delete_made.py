"""Deletes a thing of this run, and nothing else."""

from azure_clients.errors import ArmRefused
from azure_clients.things import delete_thing, properties_of, read_thing, tags_of
from contracts.making_steps import Deleted, DeleteMade
from policy.ownership import why_not_ours


async def delete_made(request: DeleteMade) -> Deleted:
    """Begin to delete it and return at once (2 requests; 1 if it is gone, or being deleted already); asked again, tell.

    Whatever Azure refuses (in use, locked, not allowed) is a reason and no failure, so that every other delete is
    tried and this one again: a disk may go once its machine is gone.
    """
    try:
        found = await read_thing(request.made)
        if found is None:
            return Deleted(gone=True)
        why = why_not_ours(request.made, request.run_id, tags_of(found), str(found.get("managedBy") or ""))
        if why is not None:
            return Deleted(why=why)
        deleting = str(properties_of(found).get("provisioningState", "")).lower() == "deleting"
        if deleting and not request.insist:
            return Deleted()
        return Deleted(correlation_id=await delete_thing(request.made))
    except ArmRefused as refused:
        if refused.status == 404:
            return Deleted(gone=True)
        return Deleted(why=str(refused), correlation_id=refused.correlation_id)
