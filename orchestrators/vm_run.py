"""The state of one VM's run: stage, timings, evidence, resources, and the exceptions that end it."""

import logging
from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from contracts.activities.vm import OneVm
from contracts.answer import Answer
from contracts.catalog import CANCEL_EVENT
from contracts.error_codes import Failure, Refusal
from contracts.facts import OsType, VmState
from contracts.guest_report import GuestReport
from contracts.log_line import audit_line, log_line
from contracts.request import Mode
from contracts.resources import OrphanedResource, Resource
from contracts.results import (
    STAGE_OF_OUTCOME,
    CustomizerResult,
    Evidence,
    Outcome,
    PublishedImage,
    RollbackSnapshot,
    StageTiming,
    VmResult,
)
from contracts.run import Decision, VmJob
from contracts.stages import BEFORE_NO_RETURN, Stage, advance


class Refused(Exception):
    """Ends the run before anything was changed."""

    def __init__(self, *refusals: Refusal) -> None:
        """Store every refusal."""
        self.refusals = refusals
        super().__init__(", ".join(refusal.code for refusal in refusals))


class Failed(Exception):
    """Ends the run after it began to change something, or because an activity failed."""

    def __init__(self, failure: Failure) -> None:
        """Store the failure."""
        self.failure = failure
        super().__init__(f"{failure.code}: {failure.message}")


class Canceled(Exception):
    """Ends the run before the point of no return, because a cancel was requested."""


class VmRun:
    """One VM's run. Nothing here calls Azure: the orchestrators do, through activities."""

    def __init__(self, ctx: task.OrchestrationContext, job: VmJob) -> None:
        """Begin in the stage `accepted`, and wait for a cancel event from now on."""
        self.ctx = ctx
        self.job = job
        self.nonce = ctx.new_uuid().replace("-", "")
        self.stage = Stage.ACCEPTED
        self.vm: VmState | None = None
        self.report: GuestReport | None = None
        self.evidence: Evidence | None = None
        self.submitted = False
        self.stopped = False
        self.guest_refused = False
        self.seen: set[str] = set()
        self.unanswered = False
        self.script_sha256 = ""
        self.deadline: datetime | None = None
        self.ceiling: datetime | None = None
        self.resources: list[Resource] = []
        self.kept: list[Resource] = []
        self.orphaned_resources: tuple[OrphanedResource, ...] = ()
        self.customized: tuple[CustomizerResult, ...] = ()
        self.rollback: RollbackSnapshot | None = None
        self.image: PublishedImage | None = None
        self.decision: Decision | None = None
        self._last_worked_in = Stage.ACCEPTED
        self._timings: list[StageTiming] = []
        self._correlation_ids: dict[str, str] = {}
        self._since = ctx.current_utc_datetime
        self._cancel = ctx.wait_for_external_event(CANCEL_EVENT)
        self._log = ctx.create_replay_safe_logger(logging.getLogger("golden_images"))

    @property
    def subject(self) -> OneVm:
        """The VM as the activities take it; set once it was inspected."""
        if self.vm is None:
            raise AssertionError("the VM has not been inspected")
        return OneVm(vm_id=self.vm.vm_id, unique_id=self.vm.unique_id)

    @property
    def clones(self) -> bool:
        """Whether the run works on a clone and leaves the source VM untouched."""
        return self.job.target.mode is Mode.CLONE

    @property
    def is_linux(self) -> bool:
        """Whether the VM runs Linux; False before it was inspected."""
        return self.vm is not None and self.vm.os_type is OsType.LINUX

    def enter(self, stage: Stage) -> None:
        """Go to the next stage, if the transition table allows it; set the custom status and log it."""
        self._close_stage()
        if self.stage is not Stage.CLEANING_UP:
            self._last_worked_in = self.stage
        self.stage = advance(self.stage, stage)
        self.ctx.set_custom_status({"stage": stage, "since": self._since.isoformat()})
        self.log("stage entered", previous=self._timings[-1].stage)

    def _end(self, stage: Stage) -> None:
        """Enter the last stage; a transition that the table does not allow must not lose the result."""
        try:
            self.enter(stage)
        except ValueError as error:
            self.log("stage transition not allowed", error=str(error))
            self.stage = stage

    def note(self, text: str) -> None:
        """Add a note to the evidence."""
        evidence = self.evidence or Evidence()
        self.evidence = evidence.model_copy(update={"notes": (*evidence.notes, text)})

    def stop_if_canceled(self) -> None:
        """End the run here if a cancel has arrived and nothing irreversible was requested."""
        if self._cancel.is_complete and self.stage in BEFORE_NO_RETURN:
            raise Canceled

    def first_of(self, *awaited: task.Task[Any]) -> Generator[task.Task[Any], Any]:
        """Wait for the first of these; before the point of no return a cancel ends the wait, and the run."""
        tasks = [*awaited, self._cancel] if self.stage in BEFORE_NO_RETURN else [*awaited]
        yield tasks[0] if len(tasks) == 1 else task.when_any(tasks)
        self.stop_if_canceled()

    def pause(self, seconds: float) -> Generator[task.Task[Any], Any]:
        """Wait on a durable timer; a cancel before the point of no return ends it."""
        yield from self.first_of(self.ctx.create_timer(timedelta(seconds=seconds)))

    def keep(self, activity: str, answer: Answer) -> None:
        """Store the correlation id of an activity's request."""
        if answer.correlation_id:
            self._correlation_ids[activity] = answer.correlation_id

    def correlation_id(self, activity: str) -> str | None:
        """Return the correlation id of an activity's last request, to be found in the activity log."""
        return self._correlation_ids.get(activity)

    def log(self, event: str, **fields: object) -> None:
        """Write one structured log line; not again when the orchestration is replayed."""
        self._log.info(log_line(event, **self._who(), **fields))

    def audit(self, event: str, **fields: object) -> None:
        """Write one audit line, before something that cannot be reversed is requested."""
        self._log.info(audit_line(event, **self._who(), trigger=self.job.trigger, **fields))

    def result(
        self, outcome: Outcome, *, refusals: tuple[Refusal, ...] = (), failure: Failure | None = None
    ) -> VmResult:
        """End the run and return its result."""
        if self._cancel.is_complete and outcome is not Outcome.CANCELED:
            self.note("the cancel came too late: the VM was past the point of no return, or the run had ended")
        self._end(STAGE_OF_OUTCOME[outcome])
        self.log("run ended", outcome=outcome, code=failure.code if failure else [r.code for r in refusals] or None)
        return VmResult(
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
            power_state=self.vm.power_state if self.vm else None,
            timings=tuple(self._timings),
            image=self.image,
            customizers=self.customized,
            rollback_snapshot=self.rollback
            if self.rollback and any(resource.id == self.rollback.id for resource in self.kept)
            else None,
            decision=self.decision,
            created_resources=tuple(resource.id for resource in self.kept),
            orphaned_resources=self.orphaned_resources,
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
