"""Publishes the image of a generalized VM: create the version, validate it, promote it, retire older versions."""

from contracts.error_codes import Failure, FailureCode
from contracts.image_options import GalleryImageVersion
from contracts.results import PublishedImage
from contracts.stages import Stage
from contracts.tags import VALIDATED_TAG
from orchestrators.golden_image.create_image import create_managed_image, publish_version
from orchestrators.golden_image.ends import Denied, Failed, NotValidated, Refused
from orchestrators.golden_image.plan import ImageSource, Plan
from orchestrators.golden_image.promote import promote, tag_version
from orchestrators.golden_image.provenance import provenance
from orchestrators.golden_image.retire import retire_older
from orchestrators.golden_image.validate import validate
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def publish(plan: Plan, source: ImageSource) -> Orchestration[None]:
    """Publish the image that the request asks for; a version to be validated is promoted only after it has passed.

    A refusal in here is a failure to publish: the VM was changed.
    """
    try:
        yield from _publish(source.run, plan, source)
    except Denied as denied:
        raise denied.as_failure from None
    except Refused as refused:
        reasons = "; ".join(f"{refusal.code}: {refusal.message}" for refusal in refused.refusals)
        raise Failed(Failure.of(FailureCode.PUBLISH_FAILED, reasons[:500])) from None


def _publish(run: VmRun, plan: Plan, source: ImageSource) -> Orchestration[None]:
    options, shape = run.job.target.image, plan.shape
    assert shape is not None
    assert options is not None
    tags = provenance(run, plan, source.running, source.evidence)
    if not isinstance(options, GalleryImageVersion):
        run.journal.saw_image((yield from create_managed_image(run, source.vm, options, tags, shape)))
        return
    image = yield from publish_version(run, plan, source.vm, options, tags)
    # The version is copied: from here on nothing depends on the temporary VM, and its lifetime ends nothing.
    run = run.on_no_temporary_vm()
    if options.validation is not None:
        run.enter(Stage.VALIDATING)
        result = yield from validate(run, plan, image.id, options.validation, source.identity)
        image = run.journal.saw_image(image.model_copy(update={"validation": result}))
        if not result.passed:
            yield from tag_version(run, image.id, {VALIDATED_TAG: "failed" if result.tested else "notTested"})
            message = "; ".join(result.faults)[:500]
            if result.tested:
                raise Failed(Failure.of(FailureCode.VALIDATION_FAILED, message))
            raise NotValidated(Failure.of(FailureCode.IMAGE_NOT_TESTED, message))
    yield from _promote_and_retire(run, image, options, _passed_tag(plan, source))


def _promote_and_retire(
    run: VmRun, image: PublishedImage, options: GalleryImageVersion, passed: dict[str, str]
) -> Orchestration[None]:
    """Make the new version `latest`, then retire older ones; if retiring fails the image stays published."""
    if options.exclude_from_latest:
        if options.validation is not None:
            yield from tag_version(run, image.id, passed)
        return
    if options.validation is not None:
        yield from promote(run, image.id, passed)
    image = run.journal.saw_image(image.model_copy(update={"excluded_from_latest": False}))
    if options.retention is None:
        return
    try:
        retired = yield from retire_older(run, options.retention, image.id)
        run.journal.saw_image(image.model_copy(update={"retention": retired}))
    except (Denied, Failed) as fault:
        failure = fault.as_failure.failure if isinstance(fault, Denied) else fault.failure
        run.note(f"older versions were not retired, delete them yourself: {failure.message}")


def _passed_tag(plan: Plan, source: ImageSource) -> dict[str, str]:
    """Return the tag of a version that passed; it says so if there was no source identity to compare with."""
    compared = source.identity is not None or plan.specialized
    return {VALIDATED_TAG: "passed" if compared else "passedWithoutSource"}
