"""Polls a version's replication, removes failing regions and adds them again, deletes a version that failed."""

from datetime import timedelta
from typing import NoReturn

from contracts.activities.image import ImageVersionRead, ReadImageVersion, UpdateImageVersion
from contracts.activities.resources import DeleteResource
from contracts.catalog import DELETE_RESOURCE, READ_IMAGE_VERSION, UPDATE_IMAGE_VERSION
from contracts.error_codes import Failure, FailureCode
from contracts.facts import RegionState
from contracts.polling import VERSION_ATTEMPTS, VERSION_UPDATES
from contracts.publish import Phase, PublishEnd
from contracts.resources import Kind, OrphanedResource
from contracts.results import PublishedImage
from orchestrators.publish_image.publication import Ended, Publication
from orchestrators.run_activity import Orchestration
from policy.image_replication import Seen, Standing, check_replication, describe
from policy.image_versions import explicit


def poll_version(run: Publication) -> Orchestration[None]:
    """Read the version once, and act on its state; Ended if it has succeeded in every region."""
    wait = run.job.polling.publish
    fresh = run.progress.phase is Phase.REPLICATING and not run.progress.updates
    yield from run.pause(wait.initial_delay_seconds if fresh else wait.interval_seconds, wait.interval_seconds)
    read = yield from run.ask(READ_IMAGE_VERSION, ReadImageVersion(id=str(run.version_id)))
    if read is None or run.is_refused(read.failure):
        return
    run.update(regions=read.regions)
    seen = check_replication(
        read,
        run_id=run.job.run_id,
        home=run.home,
        wanted=tuple(region.name for region in run.wanted),
        shallow=run.job.options.replication_mode == "Shallow",
    )
    yield from _act(run, read, seen)


def delete_failed_version(run: Publication) -> Orchestration[None]:
    """Delete the version that failed; once it is gone, or cannot be deleted, the orchestration ends or tries again."""
    wait = run.job.polling.delete
    if run.progress.phase_ends is None:
        run.update(phase_ends=run.now + timedelta(seconds=wait.timeout_seconds))
    # In the recycle bin it would be billed, and its name would not be free for the next attempt.
    request = DeleteResource(resource=run.resource, run_id=run.job.run_id, for_good=True)
    answer = yield from run.ask(DELETE_RESOURCE, request)
    if answer is not None and answer.gone:
        _deleted(run, gone=True)
        return
    refused = answer.failure.message if answer is not None and answer.failure is not None else None
    why = (answer.why if answer is not None else None) or refused or "Azure has not finished deleting it"
    if run.progress.phase_ends is not None and run.now >= run.progress.phase_ends:
        failed = OrphanedResource(
            kind=Kind.IMAGE_VERSION, id=str(run.version_id), why=f"{why} (it failed: {run.progress.why})"[:500]
        )
        run.update(left=(*run.progress.left, failed))
        _deleted(run, gone=False)
        return
    yield from run.pause(wait.initial_delay_seconds, wait.interval_seconds)


def time_out(run: Publication) -> NoReturn:
    """End the orchestration at its deadline, and list the version: it may still succeed."""
    run.fail(FailureCode.PUBLISH_TIMED_OUT, _late(run))


def end_after_delete(run: Publication) -> None:
    """End the orchestration once the failed version is gone: there is no time left to create another one."""
    if run.progress.result is None:
        run.update(result=Failure.of(FailureCode.PUBLISH_TIMED_OUT, _late(run)))


def _late(run: Publication) -> str:
    seconds = run.job.polling.publish.timeout_seconds
    return f"version {run.progress.version} was not replicated after {seconds} s: {describe(run.progress.regions)}"


def _act(run: Publication, read: ImageVersionRead, seen: Seen) -> Orchestration[None]:
    match seen.standing:
        case Standing.UNDER_WAY:
            run.update(gone=0)
        case Standing.SUCCEEDED:
            yield from _succeeded(run, read)
        case Standing.GONE:
            # A single 404 may come from a replica that lags behind.
            if run.progress.gone:
                _create_again(run, seen.why)
            run.update(gone=1)
        case Standing.FOREIGN:
            run.fail(FailureCode.PUBLISH_FAILED, seen.why, may_exist=False)
        case Standing.REGIONS_FAILED:
            yield from _regions_failed(run, seen)
        case Standing.UNSETTLED if run.progress.updates:
            yield from _change_regions(run)
        case Standing.UNSETTLED | Standing.FAILED:
            _delete(run, f"version {run.progress.version} failed: {seen.why}")


def _succeeded(run: Publication, read: ImageVersionRead) -> Orchestration[None]:
    """All regions have succeeded: add those again that were removed, or end with the image."""
    progress = run.progress
    if progress.out:
        again = tuple(region.name for region in progress.out)
        run.enter(Phase.REPLICATING, out=(), tried_again=(*progress.tried_again, *again))
        yield from _change_regions(run)
        return
    image = PublishedImage(
        id=str(run.version_id),
        version=progress.version,
        regions=read.regions,
        dropped_regions=progress.dropped,
        attempts=progress.attempts,
        excluded_from_latest=read.excluded,
    )
    raise Ended(PublishEnd(image=image, left=progress.left))


def _regions_failed(run: Publication, seen: Seen) -> Orchestration[None]:
    """Remove the failed regions, so that the version succeeds without them; each is added again once."""
    progress = run.progress
    twice = tuple(region for region in seen.failed if region.name in progress.tried_again)
    once = tuple(region for region in seen.failed if region not in twice)
    if twice and run.job.options.on_region_failure == "fail":
        message = f"replication failed twice: {_name(twice)}"
        _delete(run, message, Failure.of(FailureCode.PUBLISH_FAILED, message))
        return
    run.enter(Phase.REMOVING_REGIONS, dropped=(*progress.dropped, *twice), out=(*progress.out, *once), why=seen.why)
    run.log("replication failed in regions", once=_name(once), twice=_name(twice))
    yield from _change_regions(run)


def _change_regions(run: Publication) -> Orchestration[None]:
    """Update the version's regions; a request that was not accepted shows in the next poll."""
    if run.progress.updates >= VERSION_UPDATES:
        message = f"{VERSION_UPDATES} updates of its regions did not repair version {run.progress.version}"
        _delete(run, message, Failure.of(FailureCode.PUBLISH_FAILED, f"{message}: {run.progress.why}"))
        return
    run.update(updates=run.progress.updates + 1)
    options = run.job.options
    request = UpdateImageVersion(
        id=str(run.version_id),
        run_id=run.job.run_id,
        target_regions=run.wanted,
        replica_count=options.replica_count,
        storage_account_type=options.storage_account_type,
        data_disk_luns=run.job.data_disk_luns,
    )
    answer = yield from run.ask(UPDATE_IMAGE_VERSION, request)
    if answer is not None and (fault := answer.refusal or answer.failure) is not None:
        run.update(why=fault.message)
        run.log("regions of the version not updated", error=fault.message)


def _delete(run: Publication, why: str, result: Failure | None = None) -> None:
    """Go on to delete the version; it is created again unless there is a result or it was the last attempt."""
    if result is None and run.progress.attempts >= VERSION_ATTEMPTS:
        message = f"{VERSION_ATTEMPTS} versions failed; the last: {why}"
        result = Failure.of(FailureCode.PUBLISH_FAILED, message[:1_000])
    run.enter(Phase.DELETING, why=why[:500], result=result)


def _deleted(run: Publication, *, gone: bool) -> None:
    result = run.progress.result
    if result is None and not gone and explicit(run.job.options.version):
        message = f"version {run.progress.version} failed and could not be deleted: {run.progress.why}"
        result = Failure.of(FailureCode.PUBLISH_FAILED, message)
    if result is not None:
        raise Ended(PublishEnd(failure=result, left=run.progress.left))
    run.enter(Phase.CREATING, version=None)


def _create_again(run: Publication, why: str) -> None:
    """Create the version again: it was deleted by another caller. Fail after too many attempts."""
    if run.progress.attempts >= VERSION_ATTEMPTS:
        run.fail(FailureCode.PUBLISH_FAILED, f"{why}, after {VERSION_ATTEMPTS} attempts", may_exist=False)
    run.enter(Phase.CREATING, version=None, why=why)


def _name(regions: tuple[RegionState, ...]) -> str:
    return ", ".join(f"{region.name} ({region.details})" if region.details else region.name for region in regions)
