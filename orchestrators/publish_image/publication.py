"""The state of publishing one image version: its job, its progress, and the exception that ends it."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from durabletask import task

from contracts.activities.vm import ReadRunState, RunStateRead
from contracts.answer import Answer
from contracts.authority import Bearer
from contracts.catalog import READ_RUN_STATE, Activity
from contracts.error_codes import Failure, FailureCode
from contracts.image_options import TargetRegion, region_key
from contracts.log_line import LOGGER, log_line
from contracts.message import Message
from contracts.polling import (
    LEAST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    PUBLISH_THROTTLE_LIMIT,
    REPLICATION_PAUSE_GROWTH_SECONDS,
    TURNS_PER_EXECUTION,
)
from contracts.publish import Phase, PublishEnd, PublishJob, PublishProgress
from contracts.resource_ids import ImageVersionId
from contracts.resources import Kind, OrphanedResource, Purpose, Resource
from contracts.results import UnpublishedVersion
from contracts.stages import Stage
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text, run_activity
from orchestrators.waiting import any_of, sleep


class Ended(Exception):
    """Ends the orchestration, with an image or a failure."""

    def __init__(self, end: PublishEnd) -> None:
        """Store the result."""
        self.end = end
        super().__init__(end.failure.message if end.failure else "published")


class Publication:
    """The publishing of one image version. Nothing here calls Azure: the orchestrators do, through activities."""

    def __init__(self, ctx: task.OrchestrationContext, job: PublishJob) -> None:
        """Continue where the last execution ended; the deadline counts from the first one."""
        self.ctx = ctx
        self.job = job
        self.progress = job.progress
        self._turns = 0
        self._log = ctx.create_replay_safe_logger(logging.getLogger(LOGGER))
        if self.progress.deadline is None:
            self.update(deadline=self.now + timedelta(seconds=job.polling.publish.timeout_seconds))

    @property
    def now(self) -> datetime:
        """The engine's time, in UTC."""
        return self.ctx.current_utc_datetime.replace(tzinfo=UTC)

    @property
    def deadline(self) -> datetime:
        """When the orchestration must end, over all executions."""
        assert self.progress.deadline is not None
        return self.progress.deadline

    @property
    def home(self) -> str:
        """The source's own region, from which the others are replicated."""
        return region_key(self.job.location)

    @property
    def version_id(self) -> ImageVersionId:
        """The id of the version; set once a name was chosen."""
        assert self.progress.version is not None
        return ImageVersionId.of(self.job.options.image_definition_id, self.progress.version)

    @property
    def resource(self) -> Resource:
        """The version as a resource of this run."""
        return Resource(kind=Kind.IMAGE_VERSION, id=str(self.version_id), purpose=Purpose.IMAGE)

    @property
    def wanted(self) -> tuple[TargetRegion, ...]:
        """The regions that the version should have now: without those that failed, until they are added again."""
        listed = self.job.options.target_regions or (TargetRegion(name=self.home),)
        away = {region.name for region in (*self.progress.dropped, *self.progress.out)}
        return tuple(region for region in listed if region.name not in away)

    @property
    def history_is_long(self) -> bool:
        """Whether this execution should end and continue as new."""
        return self._turns >= TURNS_PER_EXECUTION

    def update(self, **changes: Any) -> None:
        """Change the progress, which is kept across executions."""
        self.progress = self.progress.model_copy(update=changes)

    def enter(self, phase: Phase, **changes: Any) -> None:
        """Go to another phase; its polls are counted from zero."""
        self.update(phase=phase, polls=0, phase_ends=None, refused=0, gone=0, **changes)
        self.log(phase)

    def log(self, event: str, **fields: object) -> None:
        """Set the custom status, and write one structured log line; not again when the orchestration is replayed."""
        progress = self.progress
        status = {"stage": Stage.PUBLISHING, "phase": progress.phase, "version": progress.version}
        self.ctx.set_custom_status({**status, "attempt": progress.attempts})
        about = {"runId": self.job.run_id, "correlationId": self.job.request_id, **status}
        self._log.info(log_line(f"publishing: {event}", **about, **fields))

    def next_input(self) -> dict[str, Any]:
        """Return the input of the next execution."""
        progress: PublishProgress = self.progress
        return self.job.model_copy(update={"progress": progress}).model_dump(mode="json", exclude_none=True)

    def turn(self) -> None:
        """Count a turn."""
        self._turns += 1
        self.update(turns=self.progress.turns + 1)

    def pause(self, first: int, every: int) -> Orchestration[None]:
        """Wait before the next poll: `first` seconds, then `every`, then longer up to 300; not past the deadline.

        At the longest pause the version is read 12 times an hour, however many regions it has.
        """
        polls = self.progress.polls
        longer = every + REPLICATION_PAUSE_GROWTH_SECONDS * (polls - 1)
        seconds = first if polls == 0 else min(max(LONGEST_PAUSE_SECONDS, every), longer)
        remaining = ((self.progress.phase_ends or self.deadline) - self.now).total_seconds()
        self.update(polls=polls + 1)
        yield from sleep(self, max(LEAST_PAUSE_SECONDS, min(seconds, remaining)))

    def first_of(self, *awaited: task.Task[Any]) -> Orchestration[None]:
        """Wait for the first of these; publishing ignores a cancel."""
        yield from any_of(*awaited)

    def ask[I: Message, O: Answer](self, activity: Activity[I, O], value: I) -> Orchestration[O | None]:
        """Run an activity; None: Azure did not answer. Throttles are waited out for half an hour."""
        try:
            until = min(self.ctx.current_utc_datetime + PUBLISH_THROTTLE_LIMIT, self._engine_deadline())
            bearer = Bearer(authority=self.job.authority)
            answer = yield from run_activity(self.ctx, activity, value, bearer=bearer, until=until)
        except NO_ANSWER as error:
            self.log("Azure did not answer a request", activity=activity.name, error=error_text(error))
            return None
        if answer.correlation_id:
            about = f"{activity.name}/{self.progress.version}" if self.progress.version else activity.name
            self.update(correlation_ids={**self.progress.correlation_ids, about: answer.correlation_id})
        if answer.denied is not None:
            exists = self.progress.unanswered or self.progress.phase is not Phase.CREATING
            self.fail(FailureCode.NO_LONGER_ALLOWED, f"{answer.denied.code}: {answer.denied.message}", may_exist=exists)
        return answer

    def run_state(self, run_id: str) -> Orchestration[RunStateRead]:
        """Ask the engine whether a run is active; without an answer it counts as active."""
        state = yield from self.ask(READ_RUN_STATE, ReadRunState(run_id=run_id))
        return state or RunStateRead(alive=True, known=True)

    def is_refused(self, failure: Failure | None) -> bool:
        """Check whether Azure rejected a request; two in a row end the orchestration.

        One alone may come from a replica that lags behind.
        """
        if failure is None:
            self.update(refused=0)
            return False
        if self.progress.refused:
            self.fail(FailureCode.PUBLISH_FAILED, failure.message, failure.correlation_id)
        self.update(refused=1)
        self.log("Azure rejected a request once", error=failure.message)
        return True

    def fail(
        self, code: FailureCode, message: str, correlation_id: str | None = None, *, may_exist: bool = True
    ) -> NoReturn:
        """End the orchestration without an image. `may_exist`: the version may exist, and is listed as orphaned."""
        left = self.progress.left
        if may_exist and self.progress.version is not None and self.progress.attempts:
            left = (*left, OrphanedResource(kind=Kind.IMAGE_VERSION, id=str(self.version_id), why=message[:500]))
        raise Ended(PublishEnd(failure=Failure.of(code, message[:1_000], correlation_id), left=left))

    def complete(self, end: PublishEnd) -> PublishEnd:
        """Add to the end what is known about the requests, and about a version that was not published."""
        unpublished, progress = None, self.progress
        if end.image is None and progress.version is not None and progress.attempts:
            unpublished = UnpublishedVersion(
                id=str(self.version_id),
                version=progress.version,
                attempts=progress.attempts,
                regions=tuple({each.name: each for each in (*progress.dropped, *progress.regions)}.values()),
            )
        return end.model_copy(update={"unpublished": unpublished, "correlation_ids": progress.correlation_ids})

    def _engine_deadline(self) -> datetime:
        """Return the deadline with or without a time zone, as the engine's own time."""
        return self.deadline.replace(tzinfo=self.ctx.current_utc_datetime.tzinfo)
