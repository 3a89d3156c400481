"""Creates a managed image from a generalized VM."""

from azure_clients.image_request_bodies import managed_image
from azure_clients.resources import get_resource, put_resource, tags_of
from contracts.activities.image import CreateManagedImage
from contracts.activities.vm import Submitted
from policy.ownership import standing, tags_for


async def create_managed_image(request: CreateManagedImage) -> Submitted:
    """Request the image and return at once (2 requests); an existing image of another run is never overwritten."""
    found = await get_resource(request.resource)
    if found is not None:
        return standing(request, tags_of(found))
    return Submitted(correlation_id=await put_resource(request.resource, managed_image(request, tags_for(request))))
