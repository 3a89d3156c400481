"""Creates a temporary VM: a clone from disks of this run, or a VM that validates an image."""

from azure_clients.resources import get_resource, put_resource, tags_of
from azure_clients.vm_request_body import vm
from contracts.activities.resources import CreateVm
from contracts.activities.vm import Submitted
from policy.ownership import standing, tags_for


async def create_vm(request: CreateVm) -> Submitted:
    """Request the VM unless it exists, and return at once (2 requests); a taken name is a refusal."""
    found = await get_resource(request.resource)
    if found is not None:
        return standing(request, tags_of(found))
    return Submitted(correlation_id=await put_resource(request.resource, vm(request, tags_for(request))))
