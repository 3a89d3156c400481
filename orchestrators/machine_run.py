"""What one machine's run knows while its story is told: stage, timings, evidence, and how it may end."""

import logging
from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from contracts.answer import Answer
from contracts.facts import MachineState
from contracts.guest_report import GuestReport
from contracts.log_line import audit_line, log_line
from contracts.machine_steps import OneMachine
from contracts.made import Left, Made
from contracts.reasons import Failure, Refusal
from contracts.request import Mode
from contracts.results import (
    STAGE_OF_OUTCOME,
    Evidence,
    MachineResult,
    Outcome,
    PreparedScript,
    PublishedImage,
    StageTiming,
    UndoSnapshot,
)
from contracts.run import Decision, MachineJob
from contracts.stages import BEFORE_NO_RETURN, Stage, advance
from contracts.steps import CANCEL_EVENT


class Refused(Exception):
    """Ends the story before anything was changed."""

    def __init__(self, *refusals: Refusal) -> None:
        """Keep every reason."""
        self.refusals = refusals
        super().__init__(", ".join(refusal.code for refusal in refusals))


class Failed(Exception):
    """Ends the story after it had begun to change something, or because a step could not be done."""

    def __init__(self, failure: Failure) -> None:
        """Keep the reason."""
        self.failure = failure
        super().__init__(f"{failure.code}: {failure.message}")


class Canceled(Exception):
    """Ends the story before the point of no return, because somebody asked."""


class MachineRun:
    """One machine's run. Nothing here does anything to Azure; the story does, step by step."""

    def __init__(self, ctx: task.OrchestrationContext, job: MachineJob) -> None:
        """Begin in the stage `accepted`, listening for a cancel."""
        self.ctx = ctx
        self.job = job
        self.nonce = ctx.new_uuid().replace("-", "")
        self.stage = Stage.ACCEPTED
        self.machine: MachineState | None = None
        self.report: GuestReport | None = None
        self.evidence: Evidence | None = None
        self.ordered = False
        self.stopped = False
        self.guest_refused = False
        self.seen: set[str] = set()
        self.unanswered = False
        self.script_sha256 = ""
        self.deadline: datetime | None = None
        self.ceiling: datetime | None = None
        self.things: list[Made] = []
        self.kept: list[Made] = []
        self.left: tuple[Left, ...] = ()
        self.prepared: tuple[PreparedScript, ...] = ()
        self.undo: UndoSnapshot | None = None
        self.image: PublishedImage | None = None
        self.decision: Decision | None = None
        self._last_worked_in = Stage.ACCEPTED
        self._timings: list[StageTiming] = []
        self._correlation_ids: dict[str, str] = {}
        self._since = ctx.current_utc_datetime
        self._cancel = ctx.wait_for_external_event(CANCEL_EVENT)
        self._log = ctx.create_replay_safe_logger(logging.getLogger("golden_images"))

    @property
    def subject(self) -> OneMachine:
        """The machine as the steps name it; only after it was inspected."""
        if self.machine is None:
            raise AssertionError("the machine has not been inspected")
        return OneMachine(vm_id=self.machine.vm_id, unique_id=self.machine.unique_id)

    @property
    def clones(self) -> bool:
        """Whether the source is left untouched and a clone of it is worked on."""
        return self.job.target.mode is Mode.CLONE

    def enter(self, stage: Stage) -> None:
        """Go to the next stage by the transition table, and say so in the custom status and the log."""
        self._close_stage()
        if self.stage is not Stage.CLEANING_UP:
            self._last_worked_in = self.stage
        self.stage = advance(self.stage, stage)
        self.ctx.set_custom_status({"stage": stage, "since": self._since.isoformat()})
        self.log("stage", previous=self._timings[-1].stage)

    def _end(self, stage: Stage) -> None:
        """Enter the last stage; a way to end that the table does not know must not cost the run its result."""
        try:
            self.enter(stage)
        except ValueError as error:
            self.log("not in the table", error=str(error))
            self.stage = stage

    def note(self, text: str) -> None:
        """Add a sentence to the evidence."""
        evidence = self.evidence or Evidence()
        self.evidence = evidence.model_copy(update={"notes": (*evidence.notes, text)})

    def stop_if_canceled(self) -> None:
        """End the story here if a cancel has arrived and nothing irreversible was ordered."""
        if self._cancel.is_complete and self.stage in BEFORE_NO_RETURN:
            raise Canceled

    def first_of(self, *awaited: task.Task[Any]) -> Generator[task.Task[Any], Any]:
        """Wait for the first of these; before the point of no return a cancel ends the wait, and the story."""
        heard = [*awaited, self._cancel] if self.stage in BEFORE_NO_RETURN else [*awaited]
        yield heard[0] if len(heard) == 1 else task.when_any(heard)
        self.stop_if_canceled()

    def pause(self, seconds: float) -> Generator[task.Task[Any], Any]:
        """Wait on a durable timer; a cancel before the point of no return ends it."""
        yield from self.first_of(self.ctx.create_timer(timedelta(seconds=seconds)))

    def keep(self, step: str, answer: Answer) -> None:
        """Remember the correlation id of an order."""
        if answer.correlation_id:
            self._correlation_ids[step] = answer.correlation_id

    def correlation_id(self, step: str) -> str | None:
        """Give the correlation id of the last order of a step, by which an operator finds its cause."""
        return self._correlation_ids.get(step)

    def log(self, event: str, **fields: object) -> None:
        """Write one structured line, once however often the story is replayed."""
        self._log.info(log_line(event, **self._who(), **fields))

    def audit(self, event: str, **fields: object) -> None:
        """Write one audit line: an irreversible step is about to be ordered."""
        self._log.info(audit_line(event, **self._who(), door=self.job.door, **fields))

    def result(
        self, outcome: Outcome, *, refusals: tuple[Refusal, ...] = (), failure: Failure | None = None
    ) -> MachineResult:
        """Close the run and give its result."""
        if self._cancel.is_complete and outcome is not Outcome.CANCELED:
            self.note("a cancel came too late: the machine was past the point of no return, or its run was over")
        self._end(STAGE_OF_OUTCOME[outcome])
        self.log("ended", outcome=outcome, code=failure.code if failure else [r.code for r in refusals] or None)
        return MachineResult(
            run_id=self.job.run_id,
            request_id=self.job.request_id,
            vm_id=self.job.target.vm_id,
            mode=self.job.target.mode,
            dry_run=self.job.dry_run,
            outcome=outcome,
            ended_in=self._last_worked_in,
            refusals=refusals,
            failure=failure,
            evidence=self.evidence,
            power_state=self.machine.power_state if self.machine else None,
            timings=tuple(self._timings),
            image=self.image,
            prepared=self.prepared,
            undo=self.undo if self.undo and any(thing.id == self.undo.id for thing in self.kept) else None,
            decision=self.decision,
            made=tuple(thing.id for thing in self.kept),
            left=self.left,
            correlation_ids=self._correlation_ids,
        )

    def _close_stage(self) -> None:
        now: datetime = self.ctx.current_utc_datetime
        seconds = round((now - self._since).total_seconds(), 3)
        self._timings.append(StageTiming(stage=self.stage, started_at=self._since, seconds=seconds))
        self._since = now

    def _who(self) -> dict[str, object]:
        return {
            "runId": self.job.run_id,
            "vm": str(self.job.target.vm_id),
            "stage": self.stage,
            "correlationId": self.job.request_id,
        }
