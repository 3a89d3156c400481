"""From a sealed machine to an image that may be used: publish, verify, promote, retire older ones."""

from contracts.facts import GuestIdentity
from contracts.stages import Stage
from contracts.wishes import GalleryImageVersion
from orchestrators.calling import Story
from orchestrators.capturing import image_luns, make_managed_image, provenance, publish_version
from orchestrators.judging import Plan, verification_of
from orchestrators.machine_run import Failed, MachineRun
from orchestrators.preparing import learn_source_identity
from orchestrators.promotion import promote, retire_older
from orchestrators.verifying import mark, passed_tag, verify


def learn_what_must_differ(run: MachineRun, plan: Plan) -> Story[GuestIdentity | None]:
    """Ask the machine who it is before it is sealed, if a machine made from the image will be compared with it."""
    if verification_of(run) is None or plan.specialized:
        return None
    return (yield from learn_source_identity(run))


def publish(run: MachineRun, plan: Plan, identity: GuestIdentity | None) -> Story[None]:
    """Publish what the request asks for; a version that is verified is promoted only once it has passed."""
    image, shape = run.job.target.image, plan.shape
    assert shape is not None
    sealed_by = "" if plan.specialized else run.script_sha256
    tags = provenance(run, plan.source, plan.scripts, sealed_by)
    if not isinstance(image, GalleryImageVersion):
        assert image is not None
        return (yield from make_managed_image(run, image, tags, shape.location, shape.generation))
    yield from publish_version(run, image, tags, shape.location, image_luns(run, plan))
    if image.verify is not None:
        run.enter(Stage.VERIFYING)
        yield from verify(run, plan, image.verify, identity)
    yield from _promote_and_retire(run, image, passed_tag(identity, plan))


def _promote_and_retire(run: MachineRun, wish: GalleryImageVersion, passed: dict[str, str]) -> Story[None]:
    """Let `latest` give the new version, then retire older ones; what of that fails does not undo the image."""
    assert run.image is not None
    if wish.exclude_from_latest:
        if wish.verify is not None:
            yield from mark(run, passed)
        return
    if wish.verify is not None:
        yield from promote(run, run.image.id, passed)
    run.image = run.image.model_copy(update={"excluded_from_latest": False})
    if wish.retention is None:
        return
    try:
        retired = yield from retire_older(run, wish.retention, run.image.id)
        run.image = run.image.model_copy(update={"retired": retired})
    except Failed as trouble:
        run.note(f"older versions were not retired: {trouble.failure.message}")
