"""The story of publishing one image version.

1. Under the definition's lease choose a name by the list and order the version; a name that is taken gives the next.
2. Look at it, after a while and then ever more seldom, until every region has its copy.
3. A region that fails is taken out and tried again once; if it fails again it is dropped, or the run fails.
4. A version that fails as a whole is deleted and made again, three times at most.
5. At the deadline, or for good: say what stands. The machine is never touched, and a cancel is not heard here.

Every execution ends after 20 turns and the next carries on: hours of replication cost a short history.
"""

from durabletask import task

from contracts.publish import Phase, PublishJob
from orchestrators.calling import Story
from orchestrators.publication import Ended, Publication
from orchestrators.version_follow import follow, not_again, time_out, unmake
from orchestrators.version_order import give_up_ordering, order_version


def publish_image(ctx: task.OrchestrationContext, request: dict[str, object]) -> Story[dict[str, object] | None]:
    """Publish an image version; takes a PublishJob and gives a PublishEnd, both as JSON.

    Whatever was done before (the story told a second time, an order without an answer) is found by this run's tag and
    gone on with.
    """
    run = Publication(ctx, PublishJob.model_validate(request))
    try:
        while not run.took_long_enough:
            yield from _turn(run)
    except Ended as ended:
        end = ended.end
        run.tell("ended", image=end.image.id if end.image else None, code=end.failure.code if end.failure else None)
        return end.model_dump(mode="json", exclude_none=True)
    ctx.continue_as_new(run.carried_on())
    return None


def _turn(run: Publication) -> Story[None]:
    run.turn()
    late = run.now >= run.deadline
    match run.progress.phase:
        case Phase.ORDERING:
            if late:
                give_up_ordering(run)
            yield from order_version(run)
        case Phase.FOLLOWING | Phase.NARROWING:
            if late:
                time_out(run)
            yield from follow(run)
        case Phase.UNMAKING:
            if late:
                not_again(run)
            yield from unmake(run)
