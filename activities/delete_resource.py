"""Deletes a resource of this run, and nothing else."""

from azure_clients.errors import ArmRefused
from azure_clients.resources import begin_delete, get_resource, properties_of, tags_of
from contracts.activities.resources import Deleted, DeleteResource
from policy.ownership import why_not_ours


async def delete_resource(request: DeleteResource) -> Deleted:
    """Request the deletion and return at once (2 requests; 1 if it is gone or already being deleted).

    Call it again to see whether the resource is gone. A rejected deletion (in use, locked, not allowed) is
    returned as a reason and not as a failure, so that it is tried again: a disk can be deleted once its VM is gone.
    """
    try:
        found = await get_resource(request.resource)
        if found is None:
            return Deleted(gone=True)
        why = why_not_ours(request.resource, request.run_id, tags_of(found), str(found.get("managedBy") or ""))
        if why is not None:
            return Deleted(why=why)
        deleting = str(properties_of(found).get("provisioningState", "")).lower() == "deleting"
        if deleting and not request.insist:
            return Deleted()
        return Deleted(correlation_id=await begin_delete(request.resource, for_good=bool(request.for_good)))
    except ArmRefused as refused:
        if refused.status == 404:
            return Deleted(gone=True)
        return Deleted(why=str(refused), correlation_id=refused.correlation_id)
