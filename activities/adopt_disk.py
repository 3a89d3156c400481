"""Tags a disk that Azure created together with a temporary VM, and disables its export."""

from azure_clients.request_bodies import NO_EXPORT
from azure_clients.resources import get_resource, tag_resource, tags_of
from contracts.activities.resources import AdoptDisk
from contracts.activities.vm import Submitted
from contracts.resources import bears_our_name
from contracts.tags import APP_TAG, PURPOSE_TAG, RUN_TAG, tag_of
from policy.ownership import name_taken


async def adopt_disk(request: AdoptDisk) -> Submitted:
    """Tag the disk if it exists and is attached to the VM (2 requests); a disk that does not exist needs no tag.

    The disk belongs to this run only if it is attached to the run's VM, by id and name. Otherwise it is a refusal.
    """
    resource = request.resource
    found = await get_resource(resource)
    if found is None:
        return Submitted()
    tags = tags_of(found)
    if tag_of(tags, RUN_TAG) == request.run_id:
        return Submitted(already=True)
    attached_to = str(found.get("managedBy") or "")
    of_our_vm = attached_to.lower() == request.vm_id.rstrip("/").lower()
    if tag_of(tags, RUN_TAG) is not None or not of_our_vm or not bears_our_name(_name(attached_to), request.run_id):
        return Submitted(refusal=name_taken(resource, tags))
    own = {APP_TAG: request.app_name, RUN_TAG: request.run_id, PURPOSE_TAG: str(resource.purpose)}
    return Submitted(correlation_id=await tag_resource(resource, {**tags, **request.tags, **own}, NO_EXPORT))


def _name(resource_id: str) -> str:
    return resource_id.rstrip("/").rsplit("/", 1)[-1]
