"""The orchestration of publishing one image version.

1. Under the definition's lease: choose a free name and create the version; if the name is taken, try the next.
2. Poll the version, with growing intervals, until it is replicated to every region.
3. A region that fails is removed and added again once; if it fails again it is dropped, or the run fails.
4. A version that fails itself is deleted and created again, three times at most.
5. At the end or at the deadline, return the image or what is left of it. The VM is never touched. A cancel is ignored.

Every execution ends after 20 turns and continues as new, so that hours of replication leave a short history.
"""

from durabletask import task

from contracts.publish import Phase, PublishJob
from orchestrators.publish_image.create_version import create_version, fail_at_deadline
from orchestrators.publish_image.publication import Ended, Publication
from orchestrators.publish_image.replication import delete_failed_version, end_after_delete, poll_version, time_out
from orchestrators.run_activity import Orchestration


def publish_image(
    ctx: task.OrchestrationContext, request: dict[str, object]
) -> Orchestration[dict[str, object] | None]:
    """Publish an image version; takes a PublishJob and returns a PublishEnd, both as JSON.

    A version that was already created (by an earlier start of this orchestration, or by a request without an answer) is
    found by this run's tag and used.
    """
    run = Publication(ctx, PublishJob.model_validate(request))
    try:
        while not run.history_is_long:
            yield from _turn(run)
    except Ended as ended:
        end = run.complete(ended.end)
        run.log(
            "publishing ended",
            image=end.image.id if end.image else None,
            code=end.failure.code if end.failure else None,
        )
        return end.model_dump(mode="json", exclude_none=True)
    ctx.continue_as_new(run.next_input())
    return None


def _turn(run: Publication) -> Orchestration[None]:
    run.turn()
    late = run.now >= run.deadline
    match run.progress.phase:
        case Phase.CREATING:
            if late:
                fail_at_deadline(run)
            yield from create_version(run)
        case Phase.REPLICATING | Phase.REMOVING_REGIONS:
            if late:
                time_out(run)
            yield from poll_version(run)
        case Phase.DELETING:
            if late:
                end_after_delete(run)
            yield from delete_failed_version(run)
