"""Unmakes what a run made for a time, in the order that ARM accepts, each delete tried even when another fails."""

from datetime import timedelta

from durabletask import task

from contracts.made import Kind, Left, Made
from contracts.making_steps import DeleteMade
from contracts.run import Wait
from contracts.steps import DELETE_MADE
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.machine_run import MachineRun
from orchestrators.waiting import wait_for, words

_LEAST = 180
_ORDER = {kind: place for place, kind in enumerate(Kind)}


def unmake(run: MachineRun, things: list[Made], wait: Wait | None = None) -> Story[None]:
    """Delete these things of the run, kind by kind; what stays is named in `run.left` and left to the sweeper.

    A kind is waited for before the next is begun: a disk cannot go before its machine.
    """
    run.ceiling = None
    wait = wait or run.job.settings.waits.delete
    # What stayed at an earlier attempt is named anew, and only if it still stays.
    tried = {thing.id for thing in things}
    run.left = tuple(left for left in run.left if left.id not in tried)
    ends = run.ctx.current_utc_datetime + timedelta(seconds=wait.deadline)
    for kind in sorted({thing.kind for thing in things}, key=_ORDER.__getitem__):
        # One deadline for all: what will not go must not hold the machine's lease for a deadline a kind.
        left = int((ends - run.ctx.current_utc_datetime).total_seconds())
        # However late it is, each kind is looked at once more after its deletion was begun.
        its = wait.model_copy(update={"deadline": max(left, _LEAST, 2 * wait.every)})
        yield from _unmake_kind(run, [thing for thing in things if thing.kind is kind], its)
    stuck = {left.id for left in run.left}
    run.things = [thing for thing in run.things if thing not in things or thing.id in stuck]


def _unmake_kind(run: MachineRun, things: list[Made], wait: Wait) -> Story[None]:
    """Begin to delete each at once, then look until each is gone; the last reason of one that stays is kept."""
    reasons: dict[str, str] = {}
    standing, doubted = list(things), set[str]()

    def look() -> Story[bool | None]:
        for thing in list(standing):
            try:
                answer = yield from run_step(
                    run.ctx, DELETE_MADE, DeleteMade(made=thing, run_id=run.job.run_id), until=run.deadline, again=False
                )
            except (task.TaskFailedError, Throttled) as error:
                reasons[thing.id] = words(error)
                continue
            if answer.gone and (thing.id in run.seen or thing.id in doubted):
                standing.remove(thing)
            elif answer.gone:
                # Never seen: its order may still be on its way, and one 404 is no proof.
                doubted.add(thing.id)
            else:
                run.seen.add(thing.id)
            if answer.why is not None or answer.failure is not None:
                reasons[thing.id] = answer.why or (answer.failure.message if answer.failure else "")
        return None if standing else True

    # What is locked is asked for again and again: that must not cost hundreds of looks.
    yield from wait_for(run, wait.model_copy(update={"first": 0}), look, ever_slower=True)
    for thing in standing:
        why = reasons.get(thing.id, "it was still being deleted at the deadline")
        run.left = (*run.left, Left(kind=thing.kind, id=thing.id, why=why[:300]))
        run.log("not unmade", id=thing.id, why=why[:300])
