"""One run an image definition while a version's name is chosen and ordered: the lease, and how it is taken."""

from durabletask.entities import EntityContext, EntityInstanceId

from contracts.machine_steps import ReadRunState
from contracts.steps import DEFINITION_LEASE, READ_RUN_STATE
from orchestrators.calling import Story
from orchestrators.lease import LeaseAnswer, LeaseRequest, LeaseUnavailable, ask_lease, lease
from orchestrators.publication import Publication

NOBODY = "unknown"
"""What stands for the holder while the lease gives no answer."""


def definition_lease(ctx: EntityContext, request: LeaseRequest | None) -> LeaseAnswer:
    """Hold one definition's lease; the operations are those of `lease`."""
    return lease(ctx, request)


def take_definition_lease(run: Publication) -> Story[str | None]:
    """Take the lease for this orchestration, from one that is over too; give None, or the one that holds it.

    The holder is the orchestration itself, not the run it publishes for: that one lives on after this has ended. A
    lease that gives no answer counts as held: the caller asks again in its next turn, until its own deadline.
    """
    if run.progress.ticket is None:
        run.update(ticket=run.ctx.new_uuid())
    mine = LeaseRequest(holder=run.ctx.instance_id, ticket=run.progress.ticket or "")
    try:
        answer = yield from _acquire(run, mine)
        holder = answer["holder"]
        if not answer["granted"] and holder is not None:
            state = yield from run.ask(READ_RUN_STATE, ReadRunState(run_id=holder))
            if state is not None and not state.alive:
                run.tell("lease of a run that is over", holder=holder)
                answer = yield from _acquire(run, {**mine, "dead": holder})
    except LeaseUnavailable as silent:
        run.tell("no answer", error=str(silent))
        return NOBODY
    return None if answer["granted"] else answer["holder"] or NOBODY


def give_definition_lease_back(run: Publication) -> None:
    """Give the lease back, one way; a lease that another orchestration took over stays with it."""
    if run.progress.ticket is not None:
        run.ctx.signal_entity(_entity(run), "release", {"ticket": run.progress.ticket})
        run.update(ticket=None)


def _acquire(run: Publication, request: LeaseRequest) -> Story[LeaseAnswer]:
    return (yield from ask_lease(run.ctx, run.first_of, _entity(run), "acquire", request))


def _entity(run: Publication) -> EntityInstanceId:
    # Entity keys are case-sensitive and may hold no '/': the digest of the lower-cased id is neither.
    return EntityInstanceId(DEFINITION_LEASE, run.job.wish.image_definition_id.digest)
