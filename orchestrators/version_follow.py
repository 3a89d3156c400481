"""Follows a version's replication, takes failing regions out and tries them again, deletes what failed as a whole."""

from datetime import timedelta
from typing import NoReturn

from contracts.facts import RegionState
from contracts.image_steps import ImageVersionRead, ReadImageVersion, UpdateImageVersion
from contracts.made import Kind, Left
from contracts.making_steps import DeleteMade
from contracts.publish import Phase, PublishEnd
from contracts.reasons import Failure, FailureCode
from contracts.results import PublishedImage
from contracts.steps import DELETE_MADE, READ_IMAGE_VERSION, UPDATE_IMAGE_VERSION
from orchestrators.calling import Story
from orchestrators.publication import Ended, Publication
from orchestrators.version_order import MOST_ATTEMPTS
from policy.image_replication import Seen, Standing, describe, judge_replication
from policy.image_versions import explicit

_MOST_UPDATES = 10


def follow(run: Publication) -> Story[None]:
    """Look at the version once, and do what that asks for; Ended if it is whole."""
    wait = run.job.waits.publish
    fresh = run.progress.phase is Phase.FOLLOWING and not run.progress.updates
    yield from run.pause(wait.first if fresh else wait.every, wait.every)
    read = yield from run.ask(READ_IMAGE_VERSION, ReadImageVersion(id=str(run.version_id)))
    if read is None or run.doubt(read.failure):
        return
    run.update(regions=read.regions)
    seen = judge_replication(
        read,
        run_id=run.job.run_id,
        home=run.home,
        wanted=tuple(region.name for region in run.wanted),
        shallow=run.job.wish.replication_mode == "Shallow",
    )
    yield from _act(run, read, seen)


def unmake(run: Publication) -> Story[None]:
    """Delete the version that failed; once it is gone, or will not go, the story ends or begins anew."""
    wait = run.job.waits.delete
    if run.progress.phase_ends is None:
        run.update(phase_ends=run.now + timedelta(seconds=wait.deadline))
    answer = yield from run.ask(DELETE_MADE, DeleteMade(made=run.made, run_id=run.job.run_id))
    if answer is not None and answer.gone:
        _unmade(run, gone=True)
        return
    refused = answer.failure.message if answer is not None and answer.failure is not None else None
    why = (answer.why if answer is not None else None) or refused or "its deletion has not ended"
    if run.progress.phase_ends is not None and run.now >= run.progress.phase_ends:
        failed = Left(
            kind=Kind.IMAGE_VERSION, id=str(run.version_id), why=f"{why} (it failed: {run.progress.why})"[:500]
        )
        run.update(left=(*run.progress.left, failed))
        _unmade(run, gone=False)
        return
    yield from run.pause(wait.first, wait.every)


def time_out(run: Publication) -> NoReturn:
    """End the story at its deadline, and say what stands: the version may still become whole."""
    run.fail(FailureCode.PUBLISH_TIMED_OUT, _late(run))


def not_again(run: Publication) -> None:
    """Have the story end once the failed version is gone: no time is left for another one."""
    if run.progress.verdict is None:
        run.update(verdict=Failure.of(FailureCode.PUBLISH_TIMED_OUT, _late(run)))


def _late(run: Publication) -> str:
    seconds = run.job.waits.publish.deadline
    return f"version {run.progress.version} was not whole after {seconds} s: {describe(run.progress.regions)}"


def _act(run: Publication, read: ImageVersionRead, seen: Seen) -> Story[None]:
    match seen.standing:
        case Standing.UNDER_WAY:
            run.update(gone=0)
        case Standing.WHOLE:
            yield from _whole(run, read)
        case Standing.GONE:
            # A single 404 may be a lie of a replica.
            if run.progress.gone:
                _begin_anew(run, seen.why)
            run.update(gone=1)
        case Standing.FOREIGN:
            run.fail(FailureCode.PUBLISH_FAILED, seen.why, stands=False)
        case Standing.REGIONS_FAILED:
            yield from _regions_failed(run, seen)
        case Standing.UNSETTLED if run.progress.updates:
            yield from _order_regions(run)
        case Standing.UNSETTLED | Standing.FAILED:
            _unmake(run, f"version {run.progress.version} failed: {seen.why}")


def _whole(run: Publication, read: ImageVersionRead) -> Story[None]:
    """The version has all regions that it should have now: try again those that were taken out, or end well."""
    progress = run.progress
    if progress.out:
        again = tuple(region.name for region in progress.out)
        run.enter(Phase.FOLLOWING, out=(), tried_again=(*progress.tried_again, *again))
        yield from _order_regions(run)
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


def _regions_failed(run: Publication, seen: Seen) -> Story[None]:
    """Take the failed regions out, so that the version is whole without them; each is tried again once."""
    progress = run.progress
    twice = tuple(region for region in seen.failed if region.name in progress.tried_again)
    once = tuple(region for region in seen.failed if region not in twice)
    if twice and run.job.wish.on_region_failure == "fail":
        message = f"replication failed twice: {_name(twice)}"
        _unmake(run, message, Failure.of(FailureCode.PUBLISH_FAILED, message))
        return
    run.enter(Phase.NARROWING, dropped=(*progress.dropped, *twice), out=(*progress.out, *once), why=seen.why)
    run.tell("regions failed", once=_name(once), twice=_name(twice))
    yield from _order_regions(run)


def _order_regions(run: Publication) -> Story[None]:
    """Order the regions that the version should have now; one that was not heard shows in the next look."""
    if run.progress.updates >= _MOST_UPDATES:
        message = f"{_MOST_UPDATES} changes of its regions did not settle version {run.progress.version}"
        _unmake(run, message, Failure.of(FailureCode.PUBLISH_FAILED, f"{message}: {run.progress.why}"))
        return
    run.update(updates=run.progress.updates + 1)
    wish = run.job.wish
    request = UpdateImageVersion(
        id=str(run.version_id),
        run_id=run.job.run_id,
        target_regions=run.wanted,
        replicas=wish.replicas,
        storage_account_type=wish.storage_account_type,
        data_disk_luns=run.job.data_disk_luns,
    )
    answer = yield from run.ask(UPDATE_IMAGE_VERSION, request)
    if answer is not None and (trouble := answer.refusal or answer.failure) is not None:
        run.update(why=trouble.message)
        run.tell("regions not changed", error=trouble.message)


def _unmake(run: Publication, why: str, verdict: Failure | None = None) -> None:
    """Have the version deleted; afterwards it is made again, unless there is a verdict or it was the last attempt."""
    if verdict is None and run.progress.attempts >= MOST_ATTEMPTS:
        message = f"{MOST_ATTEMPTS} versions failed; the last: {why}"
        verdict = Failure.of(FailureCode.PUBLISH_FAILED, message[:1_000])
    run.enter(Phase.UNMAKING, why=why[:500], verdict=verdict)


def _unmade(run: Publication, *, gone: bool) -> None:
    verdict = run.progress.verdict
    if verdict is None and not gone and explicit(run.job.wish.version):
        message = f"version {run.progress.version} failed and could not be deleted: {run.progress.why}"
        verdict = Failure.of(FailureCode.PUBLISH_FAILED, message)
    if verdict is not None:
        raise Ended(PublishEnd(failure=verdict, left=run.progress.left))
    run.enter(Phase.ORDERING, version=None)


def _begin_anew(run: Publication, why: str) -> None:
    """The version vanished: order it again, if that was not tried too often."""
    if run.progress.attempts >= MOST_ATTEMPTS:
        run.fail(FailureCode.PUBLISH_FAILED, f"{why}, after {MOST_ATTEMPTS} attempts", stands=False)
    run.enter(Phase.ORDERING, version=None, why=why)


def _name(regions: tuple[RegionState, ...]) -> str:
    return ", ".join(f"{region.name} ({region.details})" if region.details else region.name for region in regions)
