"""Deletes the temporary resources of a run in the order that ARM accepts; each is tried even if another fails."""

from datetime import timedelta

from durabletask import task

from contracts.activities.resources import DeleteResource
from contracts.catalog import DELETE_RESOURCE
from contracts.resources import Kind, OrphanedResource, Resource
from contracts.run import Polling
from orchestrators.polling import error_text, wait_for
from orchestrators.run_activity import Orchestration, Throttled, run_activity
from orchestrators.vm_run import VmRun

_LEAST = 180
_ORDER = {kind: place for place, kind in enumerate(Kind)}


def delete_resources(run: VmRun, resources: list[Resource], wait: Polling | None = None) -> Orchestration[None]:
    """Delete these resources of the run, kind by kind; one that stays is listed in `run.orphaned_resources`.

    All of one kind must be gone before the next kind is begun: a disk cannot be deleted before its VM.
    """
    run.ceiling = None
    wait = wait or run.job.settings.polling.delete
    # A resource that an earlier attempt could not delete is listed again only if it still exists.
    tried = {resource.id for resource in resources}
    run.orphaned_resources = tuple(left for left in run.orphaned_resources if left.id not in tried)
    ends = run.ctx.current_utc_datetime + timedelta(seconds=wait.timeout_seconds)
    for kind in sorted({resource.kind for resource in resources}, key=_ORDER.__getitem__):
        # One deadline for all kinds: a resource that cannot be deleted must not hold the VM's lease for several.
        seconds_left = int((ends - run.ctx.current_utc_datetime).total_seconds())
        # However late it is, each kind is polled at least once after its deletion was requested.
        polling = wait.model_copy(update={"timeout_seconds": max(seconds_left, _LEAST, 2 * wait.interval_seconds)})
        yield from _delete_kind(run, [resource for resource in resources if resource.kind is kind], polling)
    stuck = {left.id for left in run.orphaned_resources}
    run.resources = [resource for resource in run.resources if resource not in resources or resource.id in stuck]


def _delete_kind(run: VmRun, resources: list[Resource], wait: Polling) -> Orchestration[None]:
    """Request all deletions at once, then poll until each resource is gone; keep the last reason of one that stays."""
    reasons: dict[str, str] = {}
    pending, unconfirmed = list(resources), set[str]()

    def poll() -> Orchestration[bool | None]:
        for resource in list(pending):
            try:
                answer = yield from run_activity(
                    run.ctx,
                    DELETE_RESOURCE,
                    DeleteResource(resource=resource, run_id=run.job.run_id),
                    until=run.deadline,
                    again=False,
                )
            except (task.TaskFailedError, Throttled) as error:
                reasons[resource.id] = error_text(error)
                continue
            if answer.gone and (resource.id in run.seen or resource.id in unconfirmed):
                pending.remove(resource)
            elif answer.gone:
                # Azure never returned it: its creation may still be under way, so one 404 is no proof.
                unconfirmed.add(resource.id)
            else:
                run.seen.add(resource.id)
            if answer.why is not None or answer.failure is not None:
                reasons[resource.id] = answer.why or (answer.failure.message if answer.failure else "")
        return None if pending else True

    # The deletion of a locked resource is requested in every poll: slow down, so that it takes few requests.
    yield from wait_for(run, wait.model_copy(update={"initial_delay_seconds": 0}), poll, ever_slower=True)
    for resource in pending:
        why = reasons.get(resource.id, "it was still being deleted at the deadline")
        run.orphaned_resources = (
            *run.orphaned_resources,
            OrphanedResource(kind=resource.kind, id=resource.id, why=why[:300]),
        )
        run.log("resource not deleted", id=resource.id, why=why[:300])
