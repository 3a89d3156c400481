"""What a run did and found, for its log and its result. Chapters write here; only the result reads it."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from durabletask import task

from contracts.answer import Answer
from contracts.facts import PowerState, VmState
from contracts.log_line import LOGGER, STOPPED_AND_BILLED, audit_line, log_line
from contracts.request import EvidenceLevel
from contracts.results import (
    CustomizerResult,
    Evidence,
    PublishedImage,
    RollbackSnapshot,
    StageTiming,
    UnpublishedVersion,
)
from contracts.run import Decision, VmJob
from contracts.stages import Stage, advance


class Journal:
    """The stages of a run with their times, its log, and what its result will say.

    Each attribute is written by one chapter. `power_state` and `image` say what was last seen, by whichever chapter
    saw it. What a later chapter needs is returned as a value: none reads it here.
    """

    def __init__(self, ctx: task.OrchestrationContext, job: VmJob) -> None:
        """Begin in the stage `accepted`."""
        self.stage = Stage.ACCEPTED
        self.power_state: PowerState | None = None
        self.evidence_level: EvidenceLevel | None = None
        self.guest_facts: dict[str, str] | None = None
        self.guest_logs: str | None = None
        self.customizers: tuple[CustomizerResult, ...] = ()
        self.rollback_snapshot: RollbackSnapshot | None = None
        self.image: PublishedImage | None = None
        self.unpublished_version: UnpublishedVersion | None = None
        self.vm_unique_id: str | None = None
        self.stopped_and_billed: bool | None = None
        self.decision: Decision | None = None
        self.timings: list[StageTiming] = []
        self.correlation_ids: dict[str, str] = {}
        self.worked_in = Stage.ACCEPTED
        self._notes: list[str] = []
        self._ctx, self._job = ctx, job
        self._since = ctx.current_utc_datetime
        self._log = ctx.create_replay_safe_logger(logging.getLogger(LOGGER))

    def enter(self, stage: Stage) -> None:
        """Go to the next stage, if the transition table allows it; set the custom status and log it."""
        self._close_stage()
        if self.stage is not Stage.CLEANING_UP:
            self.worked_in = self.stage
        self.stage = advance(self.stage, stage)
        self._ctx.set_custom_status({"stage": stage, "since": self._since.isoformat()})
        self.log("stage entered", previous=self.timings[-1].stage)

    def end_in(self, stage: Stage) -> None:
        """Enter the last stage; a transition that the table does not allow must not lose the result."""
        try:
            self.enter(stage)
        except ValueError as error:
            self.log("stage transition not allowed", error=str(error))
            self.stage = stage

    def show_paused(self) -> None:
        """Show in the custom status, and log, that the run waits because the app is paused."""
        self._ctx.set_custom_status({"stage": self.stage, "since": self._since.isoformat(), "paused": True})
        self.log("run waits: the app is paused")

    def note(self, text: str) -> None:
        """Add a note to the evidence, once."""
        if text not in self._notes:
            self._notes.append(text)

    def answered(self, activity: str, answer: Answer, about: str = "") -> None:
        """Store the correlation id of an activity's request, to be found in the activity log.

        `about`: the name of the resource, where one run makes several requests of a kind.
        """
        if answer.correlation_id:
            self.correlation_ids[f"{activity}/{about}" if about else activity] = answer.correlation_id

    def requested(self, correlation_ids: dict[str, str]) -> None:
        """Store the correlation ids of the requests that another orchestration made for this run."""
        self.correlation_ids |= correlation_ids

    def saw(self, vm: VmState) -> None:
        """Store the power state of the VM that the run works on, which has just been read."""
        self.power_state = vm.power_state

    def saw_image(self, image: PublishedImage) -> PublishedImage:
        """Store, and return, the image as far as it is published: the result names it even if the run now fails."""
        self.image = image
        return image

    def bill(self, vm_id: object, why: str) -> None:
        """Report that the VM stopped, is billed, and could not be deallocated: an event of its own."""
        self.stopped_and_billed = True
        self.note(f"the VM is stopped and billed, deallocate it: {why}")
        self._log.warning(log_line(STOPPED_AND_BILLED, runId=self._job.run_id, vm=str(vm_id), why=why))

    @property
    def evidence(self) -> Evidence | None:
        """The evidence for the result; None if there is none."""
        if self.evidence_level is None and self.guest_facts is None and self.guest_logs is None and not self._notes:
            return None
        return Evidence(
            level=self.evidence_level,
            guest=self.guest_facts or {},
            notes=tuple(self._notes),
            collected=self.guest_logs,
        )

    def log(self, event: str, **fields: object) -> None:
        """Write one structured log line; not again when the orchestration is replayed."""
        self._write(log_line, event, fields)

    def audit(self, event: str, **fields: object) -> None:
        """Write one audit line, before something that cannot be reversed is requested."""
        caller = self._job.caller
        who = {"principal": caller.principal, "identity": caller.identity, "messageId": caller.message_id}
        self._write(audit_line, event, {"trigger": self._job.trigger, **who, **fields})

    def _write(self, line: Callable[..., str], event: str, fields: dict[str, Any]) -> None:
        job = self._job
        who = {"runId": job.run_id, "vm": str(job.target.vm_id), "stage": self.stage, "correlationId": job.request_id}
        self._log.info(line(event, **who, **fields))

    def _close_stage(self) -> None:
        now: datetime = self._ctx.current_utc_datetime
        seconds = round((now - self._since).total_seconds(), 3)
        self.timings.append(StageTiming(stage=self.stage, started_at=self._since, seconds=seconds))
        self._since = now
