"""Publishes the image of a machine that is stopped for good, and says in its tags where it comes from."""

from datetime import UTC
from typing import Any

from contracts.facts import MachineState
from contracts.image_steps import MakeManagedImage
from contracts.made import Kind, Made, Purpose
from contracts.publish import PublishEnd, PublishJob
from contracts.reasons import FailureCode
from contracts.results import PublishedImage
from contracts.steps import MAKE_MANAGED_IMAGE, PUBLISH_IMAGE
from contracts.wishes import GalleryImageVersion, ManagedImage
from orchestrators.calling import Story
from orchestrators.cloning import new
from orchestrators.judging import Plan
from orchestrators.machine_run import Failed, MachineRun
from orchestrators.making import make, wait_until_whole

_LONGEST_TAG = 256
_MOST_SCRIPT_TAGS = 20


def publish_version(
    run: MachineRun, wish: GalleryImageVersion, tags: dict[str, str], location: str, data_disk_luns: tuple[int, ...]
) -> Story[None]:
    """Have an image version published: a story of its own, which resumes and never touches the machine.

    With a verification it stays out of latest until it has passed. `data_disk_luns`: the machine's data disks.
    """
    job = PublishJob(
        run_id=run.job.run_id,
        request_id=run.job.request_id,
        app_name=run.job.settings.app_name,
        wish=wish,
        source_vm_id=str(run.subject.vm_id),
        location=location,
        tags=tags,
        waits=run.job.settings.waits,
        excluded=wish.exclude_from_latest or wish.verify is not None,
        data_disk_luns=data_disk_luns,
    )
    raw: Any = yield run.ctx.call_sub_orchestrator(
        PUBLISH_IMAGE,
        input=job.model_dump(mode="json", exclude_none=True),
        instance_id=f"{run.job.run_id}-publish",
        version=run.ctx.version,
    )
    end = PublishEnd.model_validate(raw)
    run.image = end.image
    run.left = (*run.left, *end.left)
    if end.image is not None:
        run.kept.append(Made(kind=Kind.IMAGE_VERSION, id=end.image.id, purpose=Purpose.IMAGE))
    if end.failure is not None:
        raise Failed(end.failure)


def image_luns(run: MachineRun, plan: Plan) -> tuple[int, ...]:
    """Where the data disks stand that the image holds: those asked for of a clone, all of a machine in place."""
    if plan.shape is None or (run.clones and run.job.target.data_disks != "include"):
        return ()
    return tuple(disk.lun for disk in plan.shape.data_disks if disk.lun is not None)


def make_managed_image(
    run: MachineRun, wish: ManagedImage, tags: dict[str, str], location: str, generation: str
) -> Story[None]:
    """Make a managed image; one that fails is taken away again with the rest of what the run made."""
    made = Made(kind=Kind.MANAGED_IMAGE, id=str(wish.image_id), purpose=Purpose.IMAGE)
    wanted = MakeManagedImage(
        **new(run, made, location, tags),
        source_vm_id=str(run.subject.vm_id),
        generation=generation,
        zone_resilient=wish.zone_resilient,
    )
    wait = run.job.settings.waits.managed_image
    yield from make(run, wait, MAKE_MANAGED_IMAGE, wanted)
    yield from wait_until_whole(run, wait, [made], FailureCode.PUBLISH_FAILED)
    run.things.remove(made)
    run.kept.append(made)
    run.image = PublishedImage(id=made.id)


def provenance(run: MachineRun, source: MachineState, hashes: tuple[str, ...], deprovision: str) -> dict[str, str]:
    """The tags by which an image tells where it comes from; Azure allows 50 of 256 characters."""
    level = run.evidence.level if run.evidence else None
    system = " ".join(part for part in (source.os_name, source.os_version) if part) or str(source.os_type)
    tags = {
        "golden-image-source": str(source.vm_id),
        "golden-image-source-os": system,
        "golden-image-request": run.job.request_id,
        "golden-image-door": run.job.door,
        "golden-image-accepted": run.job.accepted_at.isoformat(timespec="seconds"),
        "golden-image-sealed": run.ctx.current_utc_datetime.replace(tzinfo=UTC).isoformat(timespec="seconds"),
        "golden-image-evidence": level or "none",
    }
    if deprovision:
        name = run.job.target.deprovision.script or "deprovision"
        tags["golden-image-script-deprovision"] = f"{name} sha256:{deprovision}"
    for place, (use, sha256) in enumerate(zip(run.job.target.prepare, hashes, strict=True)):
        if place < _MOST_SCRIPT_TAGS:
            tags[f"golden-image-script-{place + 1:02}"] = f"{use.script} sha256:{sha256}"
    return {name: value[:_LONGEST_TAG] for name, value in tags.items()}
