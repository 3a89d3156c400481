"""Promotes a validated version to latest, and tags a version with the result of its validation."""

from datetime import datetime

from contracts.activities.image import ReadImageVersion, UpdateImageVersion
from contracts.catalog import READ_IMAGE_VERSION, UPDATE_IMAGE_VERSION
from contracts.error_codes import Failure, FailureCode
from contracts.polling import PROMOTION
from orchestrators.golden_image.ends import Failed
from orchestrators.golden_image.polling import ask, submit, wait_for
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration

_AT_REST = frozenset({"succeeded", "failed"})


def promote(run: VmRun, image_id: str, tags: dict[str, str]) -> Orchestration[None]:
    """Make a version latest, and wait until the version shows it; Failed (PromoteFailed) if it does not.

    An update without effect is submitted again. The version exists and is validated in any case. `tags` record on the
    version why it was promoted.
    """
    change = UpdateImageVersion(id=image_id, run_id=run.job.run_id, excluded=False, tags=tags)

    def poll(until: datetime) -> Orchestration[bool | None]:
        read = yield from ask(run, READ_IMAGE_VERSION, ReadImageVersion(id=image_id), until)
        if read.provisioning_state is not None and read.provisioning_state.lower() not in _AT_REST:
            return None
        if read.excluded is not False:
            yield from ask(run, UPDATE_IMAGE_VERSION, change, until)
        return True if read.excluded is False else None

    try:
        answer = yield from submit(run, PROMOTION, UPDATE_IMAGE_VERSION, change)
        if answer.refusal is not None:
            raise Failed(Failure.of(FailureCode.PROMOTE_FAILED, answer.refusal.message))
        shown = yield from wait_for(run, PROMOTION, poll)
    except Failed as failed:
        fault = failed.failure
        raise Failed(Failure.of(FailureCode.PROMOTE_FAILED, fault.message, fault.correlation_id)) from None
    if shown is None:
        message = f"{image_id} still shows excludeFromLatest after {PROMOTION.timeout_seconds} s"
        raise Failed(Failure.of(FailureCode.PROMOTE_FAILED, message))


def tag_version(run: VmRun, image_id: str, tags: dict[str, str]) -> Orchestration[None]:
    """Tag the version with the result of its validation, so that its owner sees why it is not in latest."""
    change = UpdateImageVersion(id=image_id, run_id=run.job.run_id, tags=tags)
    try:
        yield from submit(run, run.polling.network, UPDATE_IMAGE_VERSION, change)
    except Failed as fault:
        run.note(f"the image version could not be tagged with the result of its validation: {fault.failure.message}")
