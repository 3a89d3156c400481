"""Creates an image version from a VM."""

from azure_clients.image_request_bodies import image_version
from azure_clients.resources import get_resource, put_resource, tags_of
from contracts.activities.image import CreateImageVersion, ImageVersionSubmitted
from policy.ownership import standing, tags_for


async def create_image_version(request: CreateImageVersion) -> ImageVersionSubmitted:
    """Request the version and return at once (2 requests); the name is read first.

    A version of this name with this run's tag comes from an earlier call. Any other is `taken` and never overwritten:
    a PUT would change an existing image.
    """
    found = await get_resource(request.resource)
    if found is not None:
        ours = standing(request, tags_of(found)).already
        return ImageVersionSubmitted(already=ours, taken=not ours)
    correlation_id = await put_resource(request.resource, image_version(request, tags_for(request)))
    return ImageVersionSubmitted(correlation_id=correlation_id)
