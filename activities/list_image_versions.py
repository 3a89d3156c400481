"""Lists the versions of an image definition, and those in the recycle bin of its gallery."""

import asyncio

from azure_clients.images import list_versions
from azure_clients.recycle_bin import read_recycle_bin
from contracts.activities.image import ImageVersionsListed, ListImageVersions


async def list_image_versions(request: ListImageVersions) -> ImageVersionsListed:
    """List them (1 request for each page); one that was created a moment ago may be missing.

    Deleted versions cost 1 more request, and with soft delete 1 more for each page. A bin that cannot be read is an
    error: its names are not free.
    """
    if not request.deleted:
        return ImageVersionsListed(versions=await list_versions(request.definition_id))
    versions, kept = await asyncio.gather(list_versions(request.definition_id), read_recycle_bin(request.definition_id))
    return ImageVersionsListed(versions=versions, recycle_bin=kept)
