"""The state of a cleanup: what it found, what it deleted, what it kept and why."""

import logging
from collections.abc import Iterable
from typing import Any

from durabletask import task

from contracts.activities.vm import ReadRunState, RunStateRead
from contracts.answer import Answer
from contracts.authority import Bearer, CleanupAuthority
from contracts.catalog import READ_RUN_STATE, Activity
from contracts.cleanup import CleanupJob, CleanupMode, CleanupNote, CleanupResult
from contracts.log_line import LOGGER, STOPPED_AND_BILLED, audit_line, log_line
from contracts.message import Message
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text, run_activity
from orchestrators.send_result import send_result
from orchestrators.waiting import any_of

_MOST_KEPT = 200
# A log record of more than about 32 KB is cut by Application Insights.
_IDS_A_LINE = 50
_NAMES_A_WARNING = 20


class Cleanup:
    """One cleanup. Nothing here calls Azure: the orchestrators do, through activities."""

    def __init__(self, ctx: task.OrchestrationContext, job: CleanupJob) -> None:
        """Begin with nothing found."""
        self.ctx = ctx
        self.job = job
        self.acts = job.mode is CleanupMode.DELETE
        self.looked_at = 0
        self.deleted: list[str] = []
        self.would_delete: list[str] = []
        self.deallocated: list[str] = []
        self.would_deallocate: list[str] = []
        self._billed: list[str] = []
        self._kept: list[CleanupNote] = []
        self._failed: list[CleanupNote] = []
        self._log = ctx.create_replay_safe_logger(logging.getLogger(LOGGER))

    @property
    def bearer(self) -> Bearer:
        """In whose name an activity of this cleanup changes something."""
        return Bearer(cleanup=CleanupAuthority(cleanup_id=self.job.cleanup_id))

    def ask[I: Message, O: Answer](self, activity: Activity[I, O], value: I, about: object) -> Orchestration[O | None]:
        """Run an activity; None, and a note in `failed`, if it failed: one error never ends a cleanup."""
        try:
            answer = yield from run_activity(self.ctx, activity, value, bearer=self.bearer)
        except NO_ANSWER as error:
            self.fail(about, f"{activity.name}: {error_text(error)}")
            return None
        why = answer.denied or answer.failure
        if why is not None:
            self.fail(about, why.message)
            return None
        return answer

    def first_of(self, *awaited: task.Task[Any]) -> Orchestration[None]:
        """Wait for the first of these; a cleanup cannot be canceled."""
        yield from any_of(*awaited)

    def log(self, event: str, **fields: object) -> None:
        """Write one warning; not again when the orchestration is replayed."""
        self._log.warning(log_line(event, runId=self.job.cleanup_id, **fields))

    def run_state(self, run_id: str) -> Orchestration[RunStateRead]:
        """Ask the engine whether a run is active; without an answer it counts as active."""
        answer = yield from self.ask(READ_RUN_STATE, ReadRunState(run_id=run_id), run_id)
        return answer or RunStateRead(alive=True, known=True)

    def keep(self, about: object, why: str) -> None:
        """Record that a resource is kept, and why."""
        self._kept.append(CleanupNote(id=str(about), why=why))

    def bill(self, vm_id: object, why: str) -> None:
        """Report that a VM stopped, is billed, and was not deallocated: an event of its own."""
        self._billed.append(str(vm_id))
        self.log(STOPPED_AND_BILLED, vm=str(vm_id), why=why)

    def fail(self, about: object, why: str) -> None:
        """Record what failed."""
        self._failed.append(CleanupNote(id=str(about), why=why[:300]))

    def audit(self, event: str, ids: Iterable[object] = ()) -> None:
        """Write audit lines: who requested the cleanup, and the resources that it is about to change."""
        job, names = self.job, [str(each) for each in ids]
        who = {"runId": job.cleanup_id, "mode": job.mode, "trigger": job.trigger, "principal": job.caller.principal}
        who["identity"] = job.caller.identity
        for first in range(0, max(len(names), 1), _IDS_A_LINE):
            self._log.info(audit_line(event, **who, total=len(names), resources=names[first : first + _IDS_A_LINE]))

    def show(self) -> None:
        """Set the custom status: counts only."""
        self.ctx.set_custom_status({"lookedAt": self.looked_at, "deleted": len(self.deleted)})

    def result(self) -> CleanupResult:
        """End the cleanup and return its result; its counts go into the audit log."""
        counts = {
            "deleted": len(self.deleted),
            "wouldDelete": len(self.would_delete),
            "deallocated": len(self.deallocated),
            "wouldDeallocate": len(self.would_deallocate),
            "stoppedAndBilled": len(self._billed),
            "kept": len(self._kept),
            "failed": len(self._failed),
        }
        result = CleanupResult(
            cleanup_id=self.job.cleanup_id,
            mode=self.job.mode,
            looked_at=self.looked_at,
            counts=counts,
            deleted=tuple(self.deleted),
            would_delete=tuple(self.would_delete),
            deallocated=tuple(self.deallocated),
            would_deallocate=tuple(self.would_deallocate),
            stopped_and_billed=tuple(self._billed),
            kept=tuple(self._kept[:_MOST_KEPT]),
            truncated=max(0, len(self._kept) - _MOST_KEPT),
            failed=tuple(self._failed),
        )
        failed = [note.model_dump() for note in self._failed[:_IDS_A_LINE]]
        about = {"runId": self.job.cleanup_id, "mode": self.job.mode, "lookedAt": self.looked_at}
        self._log.info(audit_line("cleanup ended", **about, **{**counts, "failed": failed}))
        return result

    def report(self, result: CleanupResult) -> Orchestration[None]:
        """Log a warning and put the result on the queue, if anything was, would be or could not be changed."""
        resources = (*self.deleted, *self.would_delete, *self.deallocated, *self.would_deallocate)
        if not resources and not self._failed:
            return
        failed = [note.model_dump() for note in self._failed[:_NAMES_A_WARNING]]
        reported: dict[str, object] = {"mode": self.job.mode, "counts": result.counts, "failures": failed}
        self.log("cleanup found orphaned resources", **reported, resources=resources[:_NAMES_A_WARNING])
        yield from send_result(self, result)
