"""Changes an image version of this run: in or out of latest, its regions, its tags."""

from azure_clients.image_bodies import changed_version
from azure_clients.images import change_version, read_version, version_state
from contracts.image_steps import UpdateImageVersion
from contracts.machine_steps import Ordered
from contracts.reasons import Failure, FailureCode, Refusal, RefusalCode
from contracts.resource_ids import ImageVersionId


async def update_image_version(request: UpdateImageVersion) -> Ordered:
    """Begin and return at once (2 requests); the version is read first: one without this run's tag is left alone.

    The same change asked for twice is the same change; one that is under way is met by ArmUnavailable, to be asked
    for again.
    """
    version = ImageVersionId.parse(request.id)
    found = await read_version(version)
    if found is None:
        return Ordered(failure=Failure.of(FailureCode.PUBLISH_FAILED, f"{version} is not there any more"))
    owner = version_state(found).run_id
    if owner != request.run_id:
        words = f"carries the tag of run {owner}" if owner else "carries no run's tag"
        return Ordered(refusal=Refusal.of(RefusalCode.NAME_TAKEN, f"{version} {words}; it was not changed"))
    body = changed_version(found, request)
    return Ordered(correlation_id=await change_version(version, body)) if body else Ordered(already=True)
