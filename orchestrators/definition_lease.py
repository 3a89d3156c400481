"""The lease of an image definition: one run at a time chooses a version's name and creates the version."""

from durabletask.entities import EntityContext, EntityInstanceId

from contracts.activities.vm import ReadRunState
from contracts.catalog import DEFINITION_LEASE, READ_RUN_STATE
from orchestrators.lease import LeaseAnswer, LeaseRequest, LeaseUnavailable, ask_lease, lease
from orchestrators.publication import Publication
from orchestrators.run_activity import Orchestration

UNKNOWN_HOLDER = "unknown"
"""The holder that is reported while the lease does not answer."""


def definition_lease(ctx: EntityContext, request: LeaseRequest | None) -> LeaseAnswer:
    """Hold one definition's lease; the operations are those of `lease`."""
    return lease(ctx, request)


def take_definition_lease(run: Publication) -> Orchestration[str | None]:
    """Take the lease for this orchestration, also from a holder that has ended; return None, or who holds it.

    The holder is the publishing orchestration, not the run that started it: that run goes on after this has ended. A
    lease that does not answer counts as held: the caller tries again in its next turn, until its own deadline.
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
                run.log("lease taken over from an ended run", holder=holder)
                answer = yield from _acquire(run, {**mine, "dead": holder})
    except LeaseUnavailable as error:
        run.log("the lease did not answer", error=str(error))
        return UNKNOWN_HOLDER
    return None if answer["granted"] else answer["holder"] or UNKNOWN_HOLDER


def release_definition_lease(run: Publication) -> None:
    """Release the lease with a signal; a lease that another orchestration took over stays with it."""
    if run.progress.ticket is not None:
        run.ctx.signal_entity(_entity(run), "release", {"ticket": run.progress.ticket})
        run.update(ticket=None)


def _acquire(run: Publication, request: LeaseRequest) -> Orchestration[LeaseAnswer]:
    return (yield from ask_lease(run.ctx, run.first_of, _entity(run), "acquire", request))


def _entity(run: Publication) -> EntityInstanceId:
    # Entity keys are case-sensitive and may hold no '/': the digest of the lower-cased id is neither.
    return EntityInstanceId(DEFINITION_LEASE, run.job.options.image_definition_id.digest)
