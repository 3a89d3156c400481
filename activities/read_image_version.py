"""Reads an image version with the state of its replication."""

from azure_clients.images import read_version, version_state
from contracts.activities.image import ImageVersionRead, ReadImageVersion
from contracts.resource_ids import ImageVersionId


async def read_image_version(request: ReadImageVersion) -> ImageVersionRead:
    """Read it (1 request); a version that does not exist has no provisioning state."""
    found = await read_version(ImageVersionId.parse(request.id))
    return ImageVersionRead() if found is None else version_state(found)
