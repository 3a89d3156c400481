"""Lists the versions of an image definition."""

from azure_clients.images import list_versions
from contracts.activities.image import ImageVersionsListed, ListImageVersions


async def list_image_versions(request: ListImageVersions) -> ImageVersionsListed:
    """List them (1 request for each page); one that was created a moment ago may be missing."""
    return ImageVersionsListed(versions=await list_versions(request.definition_id))
