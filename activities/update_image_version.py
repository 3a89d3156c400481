"""Updates an image version of this run: whether it is excluded from latest, its regions, its tags."""

from azure_clients.image_request_bodies import changed_version
from azure_clients.images import change_version, read_version, version_state
from contracts.activities.image import UpdateImageVersion
from contracts.activities.vm import Submitted
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.resource_ids import ImageVersionId


async def update_image_version(request: UpdateImageVersion) -> Submitted:
    """Request the update and return at once (2 requests); a version without this run's tag is left alone.

    Safe to run twice. While another update is under way it raises ArmUnavailable, so that it is tried again.
    """
    version = ImageVersionId.parse(request.id)
    found = await read_version(version)
    if found is None:
        return Submitted(failure=Failure.of(FailureCode.PUBLISH_FAILED, f"{version} does not exist any more"))
    owner = version_state(found).run_id
    if owner != request.run_id:
        tag = f"carries the tag of run {owner}" if owner else "carries no run's tag"
        return Submitted(refusal=Refusal.of(RefusalCode.NAME_TAKEN, f"{version} {tag}; it was not changed"))
    body = changed_version(found, request)
    return Submitted(correlation_id=await change_version(version, body)) if body else Submitted(already=True)
