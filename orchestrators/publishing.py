"""Publishes the image of a generalized VM: create the version, validate it, promote it, retire older versions."""

from contracts.facts import GuestIdentity
from contracts.image_options import GalleryImageVersion
from contracts.stages import Stage
from orchestrators.create_image import create_managed_image, image_luns, provenance, publish_version
from orchestrators.customize import read_source_identity
from orchestrators.preflight import Plan, validation_options
from orchestrators.promote import promote, retire_older
from orchestrators.run_activity import Orchestration
from orchestrators.validate_image import passed_tag, tag_version, validate
from orchestrators.vm_run import Failed, VmRun


def read_identity_for_validation(run: VmRun, plan: Plan) -> Orchestration[GuestIdentity | None]:
    """Read the VM's identity before it is deprovisioned, if a VM created from the image will be compared with it."""
    if validation_options(run) is None or plan.specialized:
        return None
    return (yield from read_source_identity(run))


def publish(run: VmRun, plan: Plan, identity: GuestIdentity | None) -> Orchestration[None]:
    """Publish the image that the request asks for; a version to be validated is promoted only after it has passed."""
    image, shape = run.job.target.image, plan.shape
    assert shape is not None
    deprovisioned_by = "" if plan.specialized else run.script_sha256
    tags = provenance(run, plan.source, plan.scripts, deprovisioned_by)
    if not isinstance(image, GalleryImageVersion):
        assert image is not None
        return (yield from create_managed_image(run, image, tags, shape.location, shape.generation))
    yield from publish_version(run, image, tags, shape.location, image_luns(run, plan))
    if image.validation is not None:
        run.enter(Stage.VALIDATING)
        yield from validate(run, plan, image.validation, identity)
    yield from _promote_and_retire(run, image, passed_tag(identity, plan))


def _promote_and_retire(run: VmRun, options: GalleryImageVersion, passed: dict[str, str]) -> Orchestration[None]:
    """Make the new version `latest`, then retire older ones; if retiring fails the image stays published."""
    assert run.image is not None
    if options.exclude_from_latest:
        if options.validation is not None:
            yield from tag_version(run, passed)
        return
    if options.validation is not None:
        yield from promote(run, run.image.id, passed)
    run.image = run.image.model_copy(update={"excluded_from_latest": False})
    if options.retention is None:
        return
    try:
        retired = yield from retire_older(run, options.retention, run.image.id)
        run.image = run.image.model_copy(update={"retention": retired})
    except Failed as fault:
        run.note(f"older versions were not retired, delete them yourself: {fault.failure.message}")
