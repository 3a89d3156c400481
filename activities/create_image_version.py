"""Creates an image version from a VM."""

from azure_clients.errors import ArmRefused
from azure_clients.image_request_bodies import image_version
from azure_clients.recycle_bin import read_recycle_bin
from azure_clients.resources import get_resource, put_resource, tags_of
from contracts.activities.image import CreateImageVersion, ImageVersionSubmitted
from contracts.resource_ids import ImageVersionId
from policy.image_versions import number
from policy.ownership import standing, tags_for


async def create_image_version(request: CreateImageVersion) -> ImageVersionSubmitted:
    """Request the version and return at once (2 requests); the name is read first.

    A version of this name with this run's tag comes from an earlier call. Any other is `taken` and never overwritten:
    a PUT would change an existing image. So is a name in the recycle bin, if Azure rejects the request because of it.
    """
    found = await get_resource(request.resource)
    if found is not None:
        ours = standing(request, tags_of(found)).already
        return ImageVersionSubmitted(already=ours, taken=not ours)
    try:
        correlation_id = await put_resource(request.resource, image_version(request, tags_for(request)))
    except ArmRefused as refused:
        if refused.status == 409 and await _is_deleted(request.resource.id):
            return ImageVersionSubmitted(taken=True, correlation_id=refused.correlation_id)
        raise
    return ImageVersionSubmitted(correlation_id=correlation_id)


async def _is_deleted(resource_id: str) -> bool:
    """Return whether the name is in the recycle bin (2 requests, only after a rejection); unreadable: not known."""
    version = ImageVersionId.parse(resource_id)
    try:
        kept = (await read_recycle_bin(version.definition)).versions or ()
    except ArmRefused:
        return False
    return any(number(deleted.name) == number(version.name) for deleted in kept)
