"""Publishes the image of a machine that is stopped for good, and says in its tags where it comes from."""

from datetime import UTC
from typing import Any

from durabletask import task

from contracts.facts import MachineState
from contracts.ids import publication_id
from contracts.image_steps import ListImageVersions, MakeManagedImage
from contracts.made import Kind, Left, Made, Purpose
from contracts.publish import PublishEnd, PublishJob
from contracts.reasons import Failure, FailureCode
from contracts.results import PublishedImage
from contracts.run import Waits
from contracts.steps import LIST_IMAGE_VERSIONS, MAKE_MANAGED_IMAGE, PUBLISH_IMAGE
from contracts.wishes import GalleryImageVersion, ManagedImage
from orchestrators.calling import Story
from orchestrators.cloning import new
from orchestrators.judging import Plan
from orchestrators.machine_run import Failed, MachineRun
from orchestrators.making import make, wait_until_whole
from orchestrators.waiting import order, words

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
        waits=_waits(run),
        excluded=wish.exclude_from_latest or wish.verify is not None,
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
        yield from _name_what_was_ordered(run, wish)
        message = f"the publication ended without an answer: {words(error)}"
        raise Failed(Failure.of(FailureCode.PUBLISH_FAILED, message)) from None
    end = PublishEnd.model_validate(raw)
    run.image = end.image
    run.left = (*run.left, *end.left)
    if end.image is not None:
        run.kept.append(Made(kind=Kind.IMAGE_VERSION, id=end.image.id, purpose=Purpose.IMAGE))
    if end.failure is not None:
        raise Failed(end.failure)


def _waits(run: MachineRun) -> Waits:
    """The waits of the publication: a clone must not outlive its ceiling because of it."""
    waits = run.job.settings.waits
    if run.ceiling is None:
        return waits
    left = int((run.ceiling - run.ctx.current_utc_datetime).total_seconds())
    wait = waits.publish
    deadline = max(min(wait.deadline, left), wait.first + wait.every)
    return waits.model_copy(update={"publish": wait.model_copy(update={"deadline": deadline})})


def _name_what_was_ordered(run: MachineRun, wish: GalleryImageVersion) -> Story[None]:
    """Name the versions of this run that stand although nobody says what became of them."""
    request = ListImageVersions(definition_id=wish.image_definition_id)
    try:
        listed = yield from order(run, run.job.settings.waits.network, LIST_IMAGE_VERSIONS, request)
    except Failed as trouble:
        run.note(f"a version of this run may stand in {wish.image_definition_id}: {trouble.failure.message}")
        return
    for version in listed.versions:
        if version.run_id == run.job.run_id:
            why = f"its publication broke; provisioning state {version.provisioning_state or 'unknown'}"
            made = f"{wish.image_definition_id}/versions/{version.name}"
            run.left = (*run.left, Left(kind=Kind.IMAGE_VERSION, id=made, why=why))


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
        "golden-image-evidence": level or ("none" if run.clones else "generalizedBefore"),
    }
    if deprovision:
        name = run.job.target.deprovision.script or "deprovision"
        tags["golden-image-script-deprovision"] = f"{name} sha256:{deprovision}"
    for place, (use, sha256) in enumerate(zip(run.job.target.prepare, hashes, strict=True)):
        if place < _MOST_SCRIPT_TAGS:
            tags[f"golden-image-script-{place + 1:02}"] = f"{use.script} sha256:{sha256}"
    return {name: value[:_LONGEST_TAG] for name, value in tags.items()}
