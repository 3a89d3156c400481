"""Creates the image of a VM that was deallocated: a gallery's image version, or a managed image."""

from datetime import timedelta
from typing import Any

from durabletask import task

from contracts.activities.image import ListImageVersions
from contracts.catalog import CREATE_MANAGED_IMAGE, LIST_IMAGE_VERSIONS, PUBLISH_IMAGE
from contracts.error_codes import Failure, FailureCode
from contracts.facts import VmShape, VmState
from contracts.ids import publication_id
from contracts.image_options import GalleryImageVersion, ManagedImage
from contracts.polling import PUBLISH_END_MARGIN, PollingSettings
from contracts.publish import PublishEnd, PublishJob
from contracts.resources import Kind, OrphanedResource, Purpose, Resource
from contracts.results import PublishedImage
from orchestrators.golden_image.ends import Failed
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.polling import submit
from orchestrators.golden_image.temporary_resources import create, wait_until_succeeded
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.golden_image.wanted import image_luns, managed_image
from orchestrators.run_activity import Orchestration, error_text


def publish_version(
    run: VmRun, plan: Plan, vm: VmState, options: GalleryImageVersion, tags: dict[str, str]
) -> Orchestration[PublishedImage]:
    """Publish an image version, in a sub-orchestration that never touches the VM.

    A version to be validated stays out of latest until it has passed.
    """
    job = publish_job(run, plan, str(vm.vm_id), options, tags)
    child: task.Task[Any] = run.ctx.call_sub_orchestrator(
        PUBLISH_IMAGE,
        input=job.model_dump(mode="json", exclude_none=True),
        instance_id=publication_id(run.job.run_id),
        version=run.ctx.version,
    )
    limit = run.ctx.create_timer(timedelta(seconds=job.polling.publish.timeout_seconds) + PUBLISH_END_MARGIN)
    yield from run.first_of(child, limit)
    if not child.is_complete or child.is_failed:
        yield from _report_submitted_versions(run, options)
        how = error_text(child.get_exception()) if child.is_complete else "it has not ended long after its deadline"
        message = f"publishing ended without a result, check the gallery for a version of this run: {how}"
        raise Failed(Failure.of(FailureCode.PUBLISH_FAILED, message))
    limit.cancel()
    end = PublishEnd.model_validate(child.get_result())
    run.created.orphan(*end.left)
    run.journal.requested(end.correlation_ids)
    run.journal.unpublished_version = end.unpublished
    if end.image is not None:
        run.journal.saw_image(end.image)
        run.created.keep(Resource(kind=Kind.IMAGE_VERSION, id=end.image.id, purpose=Purpose.IMAGE))
    if end.failure is not None or end.image is None:
        raise Failed(end.failure or Failure.of(FailureCode.PUBLISH_FAILED, "publishing ended without an image"))
    return end.image


def _publish_polling(run: VmRun) -> PollingSettings:
    """Return the polling settings, with a timeout that ends before the maximum lifetime of the clone."""
    polling = run.polling
    if run.vm_lifetime_ends is None:
        return polling
    left = int((run.vm_lifetime_ends - run.ctx.current_utc_datetime).total_seconds())
    wait = polling.publish
    deadline = max(min(wait.timeout_seconds, left), wait.initial_delay_seconds + wait.interval_seconds)
    return polling.model_copy(update={"publish": wait.model_copy(update={"timeout_seconds": deadline})})


def publish_job(
    run: VmRun, plan: Plan, source_vm_id: str, options: GalleryImageVersion, tags: dict[str, str]
) -> PublishJob:
    """Return the job that publishes a version of this VM; `tags` record where it comes from."""
    assert plan.shape is not None
    return PublishJob(
        run_id=run.job.run_id,
        request_id=run.job.request_id,
        app_name=run.settings.app_name,
        options=options,
        source_vm_id=source_vm_id,
        location=plan.shape.location,
        authority=run.authority,
        tags={**run.job.tags, **tags},
        polling=_publish_polling(run),
        excluded=options.exclude_from_latest or options.validation is not None,
        data_disk_luns=image_luns(run, plan.shape),
    )


def _report_submitted_versions(run: VmRun, options: GalleryImageVersion) -> Orchestration[None]:
    """Report this run's versions as orphaned: it is not known what became of them."""
    request = ListImageVersions(definition_id=options.image_definition_id)
    try:
        listed = yield from submit(run, run.polling.network, LIST_IMAGE_VERSIONS, request)
    except Failed as fault:
        run.note(f"an image version of this run may exist in {options.image_definition_id}: {fault.failure.message}")
        return
    for version in listed.versions:
        if version.run_id == run.job.run_id:
            why = f"publishing it ended without a result; provisioning state {version.provisioning_state or 'unknown'}"
            version_id = f"{options.image_definition_id}/versions/{version.name}"
            run.created.orphan(OrphanedResource(kind=Kind.IMAGE_VERSION, id=version_id, why=why))


def create_managed_image(
    run: VmRun, vm: VmState, options: ManagedImage, tags: dict[str, str], shape: VmShape
) -> Orchestration[PublishedImage]:
    """Create a managed image; one that fails is deleted with the run's temporary resources."""
    wanted = managed_image(run, str(vm.vm_id), options, tags, shape)
    wait = run.polling.managed_image
    yield from create(run, wait, CREATE_MANAGED_IMAGE, wanted)
    yield from wait_until_succeeded(run, wait, [wanted.resource], FailureCode.PUBLISH_FAILED)
    run.created.keep(wanted.resource)
    return PublishedImage(id=wanted.resource.id)
