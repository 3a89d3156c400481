"""Publishes the image of a VM that was deallocated, and records in its tags where it comes from."""

from datetime import UTC
from typing import Any

from durabletask import task

from contracts.activities.image import CreateManagedImage, ListImageVersions
from contracts.catalog import CREATE_MANAGED_IMAGE, LIST_IMAGE_VERSIONS, PUBLISH_IMAGE
from contracts.error_codes import Failure, FailureCode
from contracts.facts import VmState
from contracts.ids import publication_id
from contracts.image_options import GalleryImageVersion, ManagedImage
from contracts.publish import PublishEnd, PublishJob
from contracts.resources import Kind, OrphanedResource, Purpose, Resource
from contracts.results import PublishedImage
from contracts.run import PollingSettings
from orchestrators.cloning import common_fields
from orchestrators.polling import error_text, submit
from orchestrators.preflight import Plan
from orchestrators.run_activity import Orchestration
from orchestrators.temporary_resources import create, wait_until_succeeded
from orchestrators.vm_run import Failed, VmRun

_LONGEST_TAG = 256
_MOST_SCRIPT_TAGS = 20


def publish_version(
    run: VmRun, options: GalleryImageVersion, tags: dict[str, str], location: str, data_disk_luns: tuple[int, ...]
) -> Orchestration[None]:
    """Publish an image version, in a sub-orchestration that never touches the VM.

    A version to be validated stays out of latest until it has passed. `data_disk_luns`: the VM's data disks.
    """
    job = PublishJob(
        run_id=run.job.run_id,
        request_id=run.job.request_id,
        app_name=run.job.settings.app_name,
        options=options,
        source_vm_id=str(run.subject.vm_id),
        location=location,
        tags=tags,
        polling=_publish_polling(run),
        excluded=options.exclude_from_latest or options.validation is not None,
        data_disk_luns=data_disk_luns,
    )
    try:
        raw: Any = yield run.ctx.call_sub_orchestrator(
            PUBLISH_IMAGE,
            input=job.model_dump(mode="json", exclude_none=True),
            instance_id=publication_id(run.job.run_id),
            version=run.ctx.version,
        )
    except task.TaskFailedError as error:
        yield from _list_submitted_versions(run, options)
        message = f"publishing ended without a result, check the gallery for a version of this run: {error_text(error)}"
        raise Failed(Failure.of(FailureCode.PUBLISH_FAILED, message)) from None
    end = PublishEnd.model_validate(raw)
    run.image = end.image
    run.orphaned_resources = (*run.orphaned_resources, *end.left)
    if end.image is not None:
        run.kept.append(Resource(kind=Kind.IMAGE_VERSION, id=end.image.id, purpose=Purpose.IMAGE))
    if end.failure is not None:
        raise Failed(end.failure)


def _publish_polling(run: VmRun) -> PollingSettings:
    """Return the polling settings, with a timeout that ends before the maximum lifetime of the clone."""
    polling = run.job.settings.polling
    if run.ceiling is None:
        return polling
    left = int((run.ceiling - run.ctx.current_utc_datetime).total_seconds())
    wait = polling.publish
    deadline = max(min(wait.timeout_seconds, left), wait.initial_delay_seconds + wait.interval_seconds)
    return polling.model_copy(update={"publish": wait.model_copy(update={"timeout_seconds": deadline})})


def _list_submitted_versions(run: VmRun, options: GalleryImageVersion) -> Orchestration[None]:
    """Add this run's versions to the orphaned resources: it is not known what became of them."""
    request = ListImageVersions(definition_id=options.image_definition_id)
    try:
        listed = yield from submit(run, run.job.settings.polling.network, LIST_IMAGE_VERSIONS, request)
    except Failed as fault:
        run.note(f"an image version of this run may exist in {options.image_definition_id}: {fault.failure.message}")
        return
    for version in listed.versions:
        if version.run_id == run.job.run_id:
            why = f"publishing it ended without a result; provisioning state {version.provisioning_state or 'unknown'}"
            resource = f"{options.image_definition_id}/versions/{version.name}"
            run.orphaned_resources = (
                *run.orphaned_resources,
                OrphanedResource(kind=Kind.IMAGE_VERSION, id=resource, why=why),
            )


def image_luns(run: VmRun, plan: Plan) -> tuple[int, ...]:
    """Return the LUNs of the data disks in the image: of a clone those requested, of a VM in place all."""
    if plan.shape is None or (run.clones and run.job.target.data_disks != "include"):
        return ()
    return tuple(disk.lun for disk in plan.shape.data_disks if disk.lun is not None)


def create_managed_image(
    run: VmRun, options: ManagedImage, tags: dict[str, str], location: str, generation: str
) -> Orchestration[None]:
    """Create a managed image; one that fails is deleted with the run's temporary resources."""
    resource = Resource(kind=Kind.MANAGED_IMAGE, id=str(options.image_id), purpose=Purpose.IMAGE)
    wanted = CreateManagedImage(
        **common_fields(run, resource, location, tags),
        source_vm_id=str(run.subject.vm_id),
        generation=generation,
        zone_resilient=options.zone_resilient,
    )
    wait = run.job.settings.polling.managed_image
    yield from create(run, wait, CREATE_MANAGED_IMAGE, wanted)
    yield from wait_until_succeeded(run, wait, [resource], FailureCode.PUBLISH_FAILED)
    run.resources.remove(resource)
    run.kept.append(resource)
    run.image = PublishedImage(id=resource.id)


def provenance(run: VmRun, source: VmState, hashes: tuple[str, ...], deprovision: str) -> dict[str, str]:
    """Return the tags that record where the image comes from; Azure allows 50 tags of 256 characters."""
    level = run.evidence.level if run.evidence else None
    system = " ".join(part for part in (source.os_name, source.os_version) if part) or str(source.os_type)
    tags = {
        "golden-image-source": str(source.vm_id),
        "golden-image-source-os": system,
        "golden-image-request": run.job.request_id,
        "golden-image-trigger": run.job.trigger,
        "golden-image-accepted": run.job.accepted_at.isoformat(timespec="seconds"),
        "golden-image-deprovisioned": run.ctx.current_utc_datetime.replace(tzinfo=UTC).isoformat(timespec="seconds"),
        "golden-image-evidence": level or ("none" if run.clones else "generalizedBefore"),
    }
    if deprovision:
        name = run.job.target.deprovision.script or "deprovision"
        tags["golden-image-script-deprovision"] = f"{name} sha256:{deprovision}"
    for place, (use, sha256) in enumerate(zip(run.job.target.customize, hashes, strict=True)):
        if place < _MOST_SCRIPT_TAGS:
            tags[f"golden-image-script-{place + 1:02}"] = f"{use.script} sha256:{sha256}"
    return {name: value[:_LONGEST_TAG] for name, value in tags.items()}
