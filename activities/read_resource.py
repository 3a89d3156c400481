"""Reads a resource that this run requested."""

from azure_clients.resources import get_resource, properties_of, tags_of
from contracts.activities.resources import ReadResource, ResourceRead
from policy.ownership import name_taken, why_not_ours


async def read_resource(request: ReadResource) -> ResourceRead:
    """Read its provisioning state (1 request); None: it does not exist. A resource of another run is a refusal."""
    found = await get_resource(request.resource)
    if found is None:
        return ResourceRead()
    tags, properties = tags_of(found), properties_of(found)
    if why_not_ours(request.resource, request.run_id, tags, str(found.get("managedBy") or "")) is not None:
        return ResourceRead(refusal=name_taken(request.resource, tags))
    progress = properties.get("completionPercent")
    return ResourceRead(
        provisioning_state=str(properties.get("provisioningState", "")),
        progress=None if progress is None else float(progress),
    )
