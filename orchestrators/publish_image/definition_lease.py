"""The lease of the image definition: one run at a time chooses a version's name and creates the version."""

from contracts.entity_keys import definition_lease_key
from orchestrators.entities import lease_client
from orchestrators.entities.lease_client import LeaseUnavailable
from orchestrators.publish_image.publication import Publication
from orchestrators.run_activity import Orchestration

UNKNOWN_HOLDER = "unknown"
"""The holder that is reported while the lease does not answer."""


def take_definition_lease(run: Publication) -> Orchestration[str | None]:
    """Take the lease for this orchestration, also from a holder that has ended; return None, or who holds it.

    The holder is the publishing orchestration, not the run that started it: that run goes on after this has ended. A
    lease that does not answer counts as held: the caller tries again in its next turn, until its own deadline.
    """
    ticket = run.progress.ticket or run.ctx.new_uuid()
    run.update(ticket=ticket)
    key = definition_lease_key(run.job.options.image_definition_id)
    try:
        answer = yield from lease_client.take(run, key, holder=run.ctx.instance_id, ticket=ticket)
    except LeaseUnavailable as error:
        run.log("the lease did not answer", error=str(error))
        return UNKNOWN_HOLDER
    return None if answer["granted"] else answer["holder"] or UNKNOWN_HOLDER


def release_definition_lease(run: Publication) -> None:
    """Release the lease; a lease that another orchestration took over stays with it."""
    if run.progress.ticket is not None:
        key = definition_lease_key(run.job.options.image_definition_id)
        lease_client.release(run.ctx, key, run.progress.ticket)
        run.update(ticket=None)
