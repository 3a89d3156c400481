"""Finds the resources in a scope that have a run's tag."""

from azure_clients.orphaned_resources import list_orphaned_resources
from contracts.activities.cleanup import FindOrphanedResources, OrphanedResourcesFound
from contracts.resources import Purpose

_MOST = 2_000


async def find_orphaned_resources(request: FindOrphanedResources) -> OrphanedResourcesFound:
    """List the resources of all runs in the scope (1 request for each 100 to 1,000 resources).

    Resources of this app come first, images last. At most 2,000 are returned: the answer has a maximum size. The policy
    decides which of them may be deleted.
    """
    found = await list_orphaned_resources(request.scope)
    by_use = sorted(found, key=lambda each: (each.app_name != request.app_name, each.resource.purpose is Purpose.IMAGE))
    return OrphanedResourcesFound(found=tuple(by_use[:_MOST]))
