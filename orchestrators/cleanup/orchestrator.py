"""The orchestration of a cleanup.

1. List the resources with a run's tag, in each allowed scope.
2. Keep each resource for which the policy has a reason; for the others ask the engine whether their run is active.
3. Delete the orphaned resources, kind by kind in the order that ARM accepts; each is tried even if another fails.
4. Ask the engine for in-place runs that ended without recovering their VM; deallocate the VMs that are stopped.
5. Write to the audit log and the result what was deleted, what is kept and why. Mode `report` changes nothing. If
   there is anything to report, log a warning and put the result on the queue.
"""

from datetime import datetime

from durabletask import task

from contracts.activities.cleanup import FindOrphanedResources, Orphan
from contracts.activities.resources import Deleted, DeleteResource
from contracts.activities.vm import RunStateRead
from contracts.catalog import DELETE_RESOURCE, FIND_ORPHANED_RESOURCES
from contracts.cleanup import CleanupJob
from contracts.polling import CLEANUP_REFUSALS
from contracts.resources import Kind, Resource
from orchestrators.cleanup.cleanup_run import Cleanup
from orchestrators.cleanup.stuck_vms import recover_stuck
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text, run_activity
from orchestrators.waiting import deadline_of, growing, poll_until
from policy.orphans import depends_on_its_run, why_it_stays

_MOST_DELETES = 100
_ORDER = {kind: place for place, kind in enumerate(Kind)}


def cleanup(ctx: task.OrchestrationContext, request: dict[str, object]) -> Orchestration[dict[str, object]]:
    """Run one cleanup; takes a CleanupJob and returns a CleanupResult, both as JSON."""
    run = Cleanup(ctx, CleanupJob.model_validate(request))
    run.audit("cleanup started")
    orphans = yield from _orphans(run)
    if run.acts:
        yield from _delete(run, orphans)
    else:
        run.would_delete += [each.resource.id for each in orphans]
    yield from recover_stuck(run)
    result = run.result()
    yield from run.report(result)
    return result.model_dump(mode="json", exclude_none=True)


def _orphans(run: Cleanup) -> Orchestration[list[Orphan]]:
    """Return the resources that may be deleted; record why the others are kept."""
    job, found = run.job, dict[str, Orphan]()
    for scope in job.scopes:
        answer = yield from run.ask(
            FIND_ORPHANED_RESOURCES, FindOrphanedResources(scope=scope, app_name=job.app_name), scope
        )
        # One scope may contain another: each resource is listed once.
        found.update({each.resource.id.lower(): each for each in answer.found} if answer else {})
    run.looked_at = len(found)
    run.show()
    runs: dict[str, RunStateRead] = {}
    deletable: list[Orphan] = []
    for each in sorted(found.values(), key=lambda each: _ORDER[each.resource.kind]):
        if depends_on_its_run(each, job) and each.run_id not in runs:
            runs[each.run_id] = yield from run.run_state(each.run_id)
        why = why_it_stays(each, job, runs.get(each.run_id))
        if why is None and len(deletable) >= _MOST_DELETES:
            why = f"one cleanup deletes at most {_MOST_DELETES} resources; the next cleanup will delete it"
        if why is None:
            deletable.append(each)
        else:
            run.keep(each.resource.id, why)
    return deletable


def _delete(run: Cleanup, orphans: list[Orphan]) -> Orchestration[None]:
    if orphans:
        run.audit("deleting orphaned resources", (each.resource.id for each in orphans))
    for kind in Kind:
        resources = {each.resource: each.run_id for each in orphans if each.resource.kind is kind}
        if resources:
            yield from _delete_kind(run, resources)


def _delete_kind(run: Cleanup, remaining: dict[Resource, str]) -> Orchestration[None]:
    """Request all deletions, then poll until each resource is gone, was refused three times, or the deadline passes."""
    refusals: dict[Resource, list[str]] = {}
    # A deletion that an ended run requested hours ago may never end: request it again the first time.
    insist: bool | None = True

    def poll(until: datetime) -> Orchestration[bool | None]:
        nonlocal insist
        for resource, run_id in list(remaining.items()):
            request = DeleteResource(resource=resource, run_id=run_id, insist=insist)
            answer = yield from _delete_one(run, request, until)
            if isinstance(answer, str):
                refusals.setdefault(resource, []).append(answer)
            elif answer.gone:
                run.deleted.append(resource.id)
                del remaining[resource]
            if len(refusals.get(resource, ())) >= CLEANUP_REFUSALS:
                del remaining[resource]
                run.fail(resource.id, refusals[resource][-1])
        insist = None
        run.show()
        return None if remaining else True

    wait = run.job.delete
    # Nobody waits for a cleanup, and each poll of each resource is an event in its history.
    pauses = growing(0, wait.initial_delay_seconds, interval=wait.interval_seconds)
    yield from poll_until(run, poll, pauses, deadline_of(run.ctx, wait))
    for resource in remaining:
        run.fail(resource.id, refusals.get(resource, ["Azure was still deleting it at the deadline"])[-1])


def _delete_one(run: Cleanup, request: DeleteResource, until: datetime) -> Orchestration[Deleted | str]:
    """Request the deletion of one resource, or check whether it is gone; a text says why it cannot be deleted."""
    try:
        answer = yield from run_activity(run.ctx, DELETE_RESOURCE, request, bearer=run.bearer, until=until, again=False)
    except NO_ANSWER as error:
        return error_text(error)
    if (fault := answer.denied or answer.failure) is not None:
        return fault.message
    return answer if answer.gone or answer.why is None else answer.why
