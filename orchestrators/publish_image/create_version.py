"""Chooses a version's name and creates the version, under the definition's lease: no two runs choose the same name."""

from typing import NoReturn

from contracts.activities.image import CreateImageVersion, ImageVersionSubmitted, ListImageVersions
from contracts.catalog import CREATE_IMAGE_VERSION, LIST_IMAGE_VERSIONS
from contracts.error_codes import FailureCode
from contracts.image_options import TargetRegion
from contracts.polling import DEFINITION_BUSY_PAUSE_SECONDS, VERSION_AGAIN_PAUSE_SECONDS, VERSION_NAMES
from contracts.publish import Phase, PublishJob
from contracts.resources import Resource
from orchestrators.publish_image.definition_lease import release_definition_lease, take_definition_lease
from orchestrators.publish_image.publication import Ended, Publication
from orchestrators.run_activity import Orchestration
from policy.azure_errors import DENIALS
from policy.image_versions import after, explicit, next_version, number


def create_version(run: Publication) -> Orchestration[None]:
    """Create the version under the definition's lease; what could not be done is done in the next turn.

    The lease is released as soon as the request was accepted or has failed. It is kept only while a request has no
    answer: until the version is read, it is not known whether its name is free.
    """
    holder = yield from take_definition_lease(run)
    if holder is not None:
        run.log("image definition is leased by another run", holder=holder)
        yield from run.pause(DEFINITION_BUSY_PAUSE_SECONDS, DEFINITION_BUSY_PAUSE_SECONDS)
        return
    try:
        yield from _choose_and_create(run)
    except Ended:
        release_definition_lease(run)
        raise
    if not run.progress.unanswered:
        release_definition_lease(run)
    if run.progress.phase is Phase.CREATING:
        yield from run.pause(VERSION_AGAIN_PAUSE_SECONDS, VERSION_AGAIN_PAUSE_SECONDS)


def fail_at_deadline(run: Publication) -> NoReturn:
    """Release the lease and fail, also if a request has no answer."""
    release_definition_lease(run)
    why = run.progress.why or "no request for a version was accepted"
    if run.progress.unanswered:
        why = "Azure did not answer the request for the version"
    run.fail(FailureCode.PUBLISH_TIMED_OUT, f"at the deadline: {why}", may_exist=run.progress.unanswered)


def _choose_and_create(run: Publication) -> Orchestration[None]:
    if run.progress.version is None and not (yield from _choose(run)):
        return
    for _ in range(VERSION_NAMES):
        answer = yield from run.ask(CREATE_IMAGE_VERSION, _request(run))
        run.update(unanswered=answer is None)
        if answer is None or not _accepted(run, answer):
            return
        if not answer.taken:
            run.enter(Phase.REPLICATING, out=(), tried_again=(), dropped=(), updates=0, regions=())
            return
        name = run.progress.version or ""
        if explicit(run.job.options.version):
            message = f"version {name} was created by another caller during the run; request another version"
            run.fail(FailureCode.PUBLISH_FAILED, message, may_exist=False)
        run.log("version name taken")
        run.update(version=after(name))
    message = f"{VERSION_NAMES} version names in a row were taken, the last was {run.progress.version}"
    run.fail(FailureCode.PUBLISH_FAILED, message, may_exist=False)


def _accepted(run: Publication, answer: ImageVersionSubmitted) -> bool:
    """Whether Azure accepted the request; a rejected one is submitted once more, then the orchestration ends."""
    if answer.refusal is not None:
        run.fail(FailureCode.PUBLISH_FAILED, answer.refusal.message, may_exist=False)
    if answer.failure is not None:
        run.update(why=answer.failure.message)
        if run.progress.refused:
            code = answer.failure.code if answer.failure.code in DENIALS else FailureCode.PUBLISH_FAILED
            run.fail(code, answer.failure.message, answer.failure.correlation_id, may_exist=False)
    return not run.is_refused(answer.failure)


def _choose(run: Publication) -> Orchestration[bool]:
    """Choose the name from the definition's list, and store it before it is requested; False: no list was read.

    A version in the list that carries this run's tag was created by this orchestration before it was restarted: it is
    used again. Not used are the names of a version that could not be deleted, and of those in the recycle bin: a
    request for one of them may restore the image that it was.
    """
    rule = not explicit(run.job.options.version)
    request = ListImageVersions(definition_id=run.job.options.image_definition_id, deleted=rule)
    listed = yield from run.ask(LIST_IMAGE_VERSIONS, request)
    if listed is None or run.is_refused(listed.failure):
        return False
    undeleted = {left.id.rsplit("/", 1)[-1] for left in run.progress.left}
    kept = listed.recycle_bin.versions if listed.recycle_bin is not None else ()
    names = [*(version.name for version in (*listed.versions, *(kept or ()))), *undeleted]
    own = [
        version.name
        for version in listed.versions
        if version.run_id == run.job.run_id and version.app_name == run.job.app_name and version.name not in undeleted
    ]
    name = next_version(run.job.options.version, names, run.now.date())
    if own and rule:
        name = max(own, key=lambda found: number(found) or (0, 0, 0))
    run.update(version=name, attempts=run.progress.attempts + 1)
    run.log("version name chosen")
    return True


def _request(run: Publication) -> CreateImageVersion:
    return version_request(run.job, run.resource, run.wanted)


def version_request(job: PublishJob, resource: Resource, regions: tuple[TargetRegion, ...]) -> CreateImageVersion:
    """Return the request for a version; `regions` if the options name none."""
    options = job.options
    return CreateImageVersion(
        resource=resource,
        run_id=job.run_id,
        app_name=job.app_name,
        location=job.location,
        tags=job.tags,
        source_vm_id=job.source_vm_id,
        target_regions=options.target_regions or regions,
        replica_count=options.replica_count,
        storage_account_type=options.storage_account_type,
        replication_mode=options.replication_mode,
        excluded=job.excluded,
        end_of_life_date=options.end_of_life_date,
        data_disk_luns=job.data_disk_luns,
    )
