"""Deletes the temporary resources of a run in the order that ARM accepts; each is tried even if another fails."""

from datetime import datetime

from contracts.activities.resources import DeleteResource
from contracts.catalog import DELETE_RESOURCE
from contracts.polling import DELETION_LEAST_SECONDS, Polling
from contracts.resources import Kind, OrphanedResource, Resource, part_of
from orchestrators.golden_image.polling import wait_for
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text, run_activity
from orchestrators.waiting import deadline_of, growing

_ORDER = {kind: place for place, kind in enumerate(Kind)}


def delete_resources(run: VmRun, resources: list[Resource]) -> Orchestration[None]:
    """Delete these resources of the run, kind by kind; one that stays is reported as orphaned.

    All of one kind must be gone before the next kind is begun: a disk cannot be deleted before its VM.
    """
    run, wait = run.on_no_temporary_vm(), run.polling.delete
    run.created.try_again(resources)
    ends = deadline_of(run.ctx, wait)
    for kind in sorted({resource.kind for resource in resources}, key=_ORDER.__getitem__):
        # One deadline for all kinds: a resource that cannot be deleted must not hold the VM's lease for several.
        seconds_left = int((ends - run.ctx.current_utc_datetime).total_seconds())
        # However late it is, each kind is polled at least once after its deletion was requested.
        seconds = max(seconds_left, DELETION_LEAST_SECONDS, 2 * wait.interval_seconds)
        yield from _delete_kind(
            run,
            [resource for resource in resources if resource.kind is kind],
            wait.model_copy(update={"timeout_seconds": seconds}),
        )


def _delete_kind(run: VmRun, resources: list[Resource], wait: Polling) -> Orchestration[None]:
    """Request all deletions at once, then poll until each resource is gone; keep the last reason of one that stays."""
    reasons: dict[str, str] = {}
    pending, unconfirmed = list(resources), set[str]()

    def poll(until: datetime) -> Orchestration[bool | None]:
        for resource in list(pending):
            request = DeleteResource(resource=resource, run_id=run.job.run_id)
            try:
                answer = yield from run_activity(
                    run.ctx, DELETE_RESOURCE, request, bearer=run.bearer, until=until, again=False
                )
            except NO_ANSWER as error:
                reasons[resource.id] = error_text(error)
                continue
            run.journal.answered(DELETE_RESOURCE.name, answer, part_of(resource.name))
            if answer.gone and (run.created.was_seen(resource.id) or resource.id in unconfirmed):
                pending.remove(resource)
                run.created.forget(resource)
            elif answer.gone:
                # Azure never returned it: its creation may still be under way, so one 404 is no proof.
                unconfirmed.add(resource.id)
            else:
                run.created.saw(resource.id)
            fault = answer.denied or answer.failure
            if answer.why is not None or fault is not None:
                reasons[resource.id] = answer.why or (fault.message if fault else "")
        return None if pending else True

    # The deletion of a locked resource is requested in every poll: slow down, so that it takes few requests.
    yield from wait_for(run, wait, poll, pauses=growing(0, interval=wait.interval_seconds))
    for resource in pending:
        why = reasons.get(resource.id, "it was still being deleted at the deadline")[:300]
        run.created.orphan(OrphanedResource(kind=resource.kind, id=resource.id, why=why))
        run.log("resource not deleted", id=resource.id, why=why)
