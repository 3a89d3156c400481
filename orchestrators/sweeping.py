"""What a sweep knows while its story is told: what it found, what went, what stays and why."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from durabletask import task

from contracts.answer import Answer
from contracts.log_line import audit_line, log_line
from contracts.machine_steps import ReadRunState, RunStateRead, SendResult
from contracts.message import Message
from contracts.results import result_text
from contracts.run import Wait
from contracts.steps import READ_RUN_STATE, SEND_RESULT, Step
from contracts.sweep import SweepJob, SweepMode, SweepNote, SweepResult
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.waiting import words

_MOST_KEPT = 200
_LONGEST_PAUSE = 300
# A log record of more than about 32 KB is cut by Application Insights.
_IDS_A_LINE = 50
_NAMES_A_WARNING = 20


class Sweep:
    """One sweep. Nothing here does anything to Azure; the story does, step by step."""

    def __init__(self, ctx: task.OrchestrationContext, job: SweepJob) -> None:
        """Begin with nothing found."""
        self.ctx = ctx
        self.job = job
        self.acts = job.mode is SweepMode.DELETE
        self.looked_at = 0
        self.deleted: list[str] = []
        self.would_delete: list[str] = []
        self.deallocated: list[str] = []
        self.would_deallocate: list[str] = []
        self._kept: list[SweepNote] = []
        self._failed: list[SweepNote] = []
        self._log = ctx.create_replay_safe_logger(logging.getLogger("golden_images"))

    def ask[I: Message, O: Answer](self, step: Step[I, O], value: I, about: object) -> Story[O | None]:
        """Run a step; None, and a note in `failed`, if it could not be done: one trouble never ends a sweep."""
        try:
            answer = yield from run_step(self.ctx, step, value)
        except (task.TaskFailedError, Throttled) as error:
            self.fail(about, f"{step.name}: {words(error)}")
            return None
        if answer.failure is not None:
            self.fail(about, answer.failure.message)
            return None
        return answer

    def first_of(self, *awaited: task.Task[Any]) -> Story[None]:
        """Wait for the first of these; nobody cancels a sweep."""
        yield awaited[0] if len(awaited) == 1 else task.when_any([*awaited])

    def run_state(self, run_id: str) -> Story[RunStateRead]:
        """Ask the engine whether a run is alive; one of which it says nothing counts as alive."""
        answer = yield from self.ask(READ_RUN_STATE, ReadRunState(run_id=run_id), run_id)
        return answer or RunStateRead(alive=True, known=True)

    def keep(self, about: object, why: str) -> None:
        """Note that a thing stays, and why."""
        self._kept.append(SweepNote(id=str(about), why=why))

    def fail(self, about: object, why: str) -> None:
        """Note what could not be done."""
        self._failed.append(SweepNote(id=str(about), why=why[:300]))

    def tell(self, event: str, ids: Iterable[object] = ()) -> None:
        """Write audit lines: who asked for the sweep, and the things it is about to change."""
        job, names = self.job, [str(each) for each in ids]
        who = {"runId": job.sweep_id, "mode": job.mode, "door": job.door, "principal": job.caller.principal}
        for first in range(0, max(len(names), 1), _IDS_A_LINE):
            self._log.info(audit_line(event, **who, total=len(names), things=names[first : first + _IDS_A_LINE]))

    def show(self) -> None:
        """Set the custom status: counts only."""
        self.ctx.set_custom_status({"lookedAt": self.looked_at, "deleted": len(self.deleted)})

    def result(self) -> SweepResult:
        """Close the sweep and give its result; its counts go into the audit log."""
        counts = {
            "deleted": len(self.deleted),
            "wouldDelete": len(self.would_delete),
            "deallocated": len(self.deallocated),
            "wouldDeallocate": len(self.would_deallocate),
            "kept": len(self._kept),
            "failed": len(self._failed),
        }
        result = SweepResult(
            sweep_id=self.job.sweep_id,
            mode=self.job.mode,
            looked_at=self.looked_at,
            counts=counts,
            deleted=tuple(self.deleted),
            would_delete=tuple(self.would_delete),
            deallocated=tuple(self.deallocated),
            would_deallocate=tuple(self.would_deallocate),
            kept=tuple(self._kept[:_MOST_KEPT]),
            left_out=max(0, len(self._kept) - _MOST_KEPT),
            failed=tuple(self._failed),
        )
        failed = [note.model_dump() for note in self._failed[:_IDS_A_LINE]]
        about = {"runId": self.job.sweep_id, "mode": self.job.mode, "lookedAt": self.looked_at}
        self._log.info(audit_line("sweep ended", **about, **{**counts, "failed": failed}))
        return result

    def report(self, result: SweepResult) -> Story[None]:
        """Warn, and put the result on the queue, if something went, would go, or would not go; else say nothing."""
        things = (*self.deleted, *self.would_delete, *self.deallocated, *self.would_deallocate)
        if not things and not self._failed:
            return
        told: dict[str, object] = {"runId": self.job.sweep_id, "mode": self.job.mode, "counts": result.counts}
        failed = [note.model_dump() for note in self._failed[:_NAMES_A_WARNING]]
        line = log_line("sweep found leftovers", **told, things=things[:_NAMES_A_WARNING], failures=failed)
        self._log.warning(line)
        try:
            yield from run_step(self.ctx, SEND_RESULT, SendResult(text=result_text(result)))
        except (task.TaskFailedError, Throttled, ValueError) as error:
            self._log.warning(log_line("result not sent", runId=self.job.sweep_id, error=str(error)[:500]))


def pauses(wait: Wait) -> Iterator[int]:
    """Give the seconds between looks, for ever: the first, then ever longer ones up to five minutes.

    Nobody waits for a sweep, and each look at each of its things is an event of its history.
    """
    yield wait.first
    pause = wait.every
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)
