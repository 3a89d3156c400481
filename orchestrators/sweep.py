"""The story of a sweep.

1. List what carries a run's tag, once for each allowed scope.
2. Leave alone whatever the policy gives a reason for; of the rest ask the engine whether its run is alive.
3. Delete what is left over, kind by kind in the order that ARM accepts, each tried even when another fails.
4. Ask the engine for in-place runs that ended without looking after their machine; deallocate those that stand stopped.
5. Say in the audit log and in the result what went, what stays and why. A dry run only tells. Where something went,
   would go or would not go, a warning says so, and the result goes on the queue.
"""

from datetime import datetime, timedelta

from durabletask import task

from contracts.machine_steps import RunStateRead
from contracts.made import Kind, Made
from contracts.making_steps import Deleted, DeleteMade
from contracts.steps import DELETE_MADE, FIND_LEFTOVERS
from contracts.sweep import SweepJob
from contracts.sweep_steps import FindLeftovers, Leftover
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.stuck_machines import look_after_stuck
from orchestrators.sweeping import Sweep, pauses
from orchestrators.waiting import words
from policy.leftovers import depends_on_its_run, why_it_stays

_MOST_DELETES = 100
_MOST_NOES = 3
_ORDER = {kind: place for place, kind in enumerate(Kind)}


def sweep(ctx: task.OrchestrationContext, request: dict[str, object]) -> Story[dict[str, object]]:
    """Sweep once; takes a SweepJob and gives a SweepResult, both as JSON."""
    swept = Sweep(ctx, SweepJob.model_validate(request))
    swept.tell("sweep begun")
    leftovers = yield from _leftovers(swept)
    if swept.acts:
        yield from _delete(swept, leftovers)
    else:
        swept.would_delete += [each.made.id for each in leftovers]
    yield from look_after_stuck(swept)
    result = swept.result()
    yield from swept.report(result)
    return result.model_dump(mode="json", exclude_none=True)


def _leftovers(swept: Sweep) -> Story[list[Leftover]]:
    """Give what may be deleted; everything else is kept with its reason."""
    job, found = swept.job, dict[str, Leftover]()
    for scope in job.scopes:
        answer = yield from swept.ask(FIND_LEFTOVERS, FindLeftovers(scope=scope, app_name=job.app_name), scope)
        # Scopes may lie in one another.
        found.update({each.made.id.lower(): each for each in answer.found} if answer else {})
    swept.looked_at = len(found)
    swept.show()
    runs: dict[str, RunStateRead] = {}
    going: list[Leftover] = []
    for each in sorted(found.values(), key=lambda each: _ORDER[each.made.kind]):
        if depends_on_its_run(each, job) and each.run_id not in runs:
            runs[each.run_id] = yield from swept.run_state(each.run_id)
        why = why_it_stays(each, job, runs.get(each.run_id))
        if why is None and len(going) >= _MOST_DELETES:
            why = f"a sweep deletes at most {_MOST_DELETES} things; the next one comes for it"
        if why is None:
            going.append(each)
        else:
            swept.keep(each.made.id, why)
    return going


def _delete(swept: Sweep, leftovers: list[Leftover]) -> Story[None]:
    if leftovers:
        swept.tell("leftovers deleted", (each.made.id for each in leftovers))
    for kind in Kind:
        things = {each.made: each.run_id for each in leftovers if each.made.kind is kind}
        if things:
            yield from _delete_kind(swept, things)


def _delete_kind(swept: Sweep, standing: dict[Made, str]) -> Story[None]:
    """Begin to delete each at once, then look until each is gone, was refused three times, or the deadline passes."""
    wait, noes = swept.job.delete, dict[Made, list[str]]()
    deadline = swept.ctx.current_utc_datetime + timedelta(seconds=wait.deadline)
    for number, pause in enumerate(pauses(wait)):
        for made, run_id in list(standing.items()):
            # A deletion that an ended run began hours ago may never end: the first time it is ordered anew.
            request = DeleteMade(made=made, run_id=run_id, insist=True if number == 0 else None)
            answer = yield from _one(swept, request, deadline)
            if isinstance(answer, str):
                noes.setdefault(made, []).append(answer)
            elif answer.gone:
                swept.deleted.append(made.id)
                del standing[made]
            if len(noes.get(made, ())) >= _MOST_NOES:
                del standing[made]
                swept.fail(made.id, noes[made][-1])
        swept.show()
        if not standing or swept.ctx.current_utc_datetime + timedelta(seconds=pause) > deadline:
            break
        yield swept.ctx.create_timer(timedelta(seconds=pause))
    for made in standing:
        swept.fail(made.id, noes.get(made, ["it was still being deleted at the deadline"])[-1])


def _one(swept: Sweep, request: DeleteMade, until: datetime) -> Story[Deleted | str]:
    """Begin to delete one thing, or look whether it is gone; a text says why it will not go."""
    try:
        answer = yield from run_step(swept.ctx, DELETE_MADE, request, until=until, again=False)
    except (task.TaskFailedError, Throttled) as error:
        return words(error)
    if answer.failure is not None:
        return answer.failure.message
    return answer if answer.gone or answer.why is None else answer.why
