"""What the story of publishing knows: its job, how far it is, and how it may end."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from durabletask import task

from contracts.answer import Answer
from contracts.log_line import log_line
from contracts.made import Kind, Left, Made, Purpose
from contracts.message import Message
from contracts.publish import Phase, PublishEnd, PublishJob, PublishProgress
from contracts.reasons import Failure, FailureCode
from contracts.resource_ids import ImageVersionId
from contracts.stages import Stage
from contracts.steps import Step
from contracts.wishes import TargetRegion, region_key
from orchestrators.calling import Story, Throttled, run_step
from orchestrators.waiting import words

LONGEST_PAUSE = 300
MOST_TURNS = 20
"""So many turns an execution takes before it begins afresh: hours of replication cost a short history."""
_SLOWER = 20
_LONGEST_THROTTLE = timedelta(minutes=30)


class Ended(Exception):
    """Ends the story, well or not."""

    def __init__(self, end: PublishEnd) -> None:
        """Keep what came of it."""
        self.end = end
        super().__init__(end.failure.message if end.failure else "published")


class Publication:
    """One image version on its way. Nothing here does anything to Azure; the story does, step by step."""

    def __init__(self, ctx: task.OrchestrationContext, job: PublishJob) -> None:
        """Begin where the last execution ended; the deadline counts from the very first one."""
        self.ctx = ctx
        self.job = job
        self.progress = job.progress
        self._turns = 0
        self._log = ctx.create_replay_safe_logger(logging.getLogger("golden_images"))
        if self.progress.deadline is None:
            self.update(deadline=self.now + timedelta(seconds=job.waits.publish.deadline))

    @property
    def now(self) -> datetime:
        """The engine's time, in UTC."""
        return self.ctx.current_utc_datetime.replace(tzinfo=UTC)

    @property
    def deadline(self) -> datetime:
        """When the whole story must be over."""
        assert self.progress.deadline is not None
        return self.progress.deadline

    @property
    def home(self) -> str:
        """The source's own region, from which the others are replicated."""
        return region_key(self.job.location)

    @property
    def version_id(self) -> ImageVersionId:
        """The version that was asked for; only after a name was chosen."""
        assert self.progress.version is not None
        return ImageVersionId.of(self.job.wish.image_definition_id, self.progress.version)

    @property
    def made(self) -> Made:
        """The version as a thing of this run."""
        return Made(kind=Kind.IMAGE_VERSION, id=str(self.version_id), purpose=Purpose.IMAGE)

    @property
    def wanted(self) -> tuple[TargetRegion, ...]:
        """The regions that the version should have now: without those that failed, until they are tried again."""
        listed = self.job.wish.target_regions or (TargetRegion(name=self.home),)
        away = {region.name for region in (*self.progress.dropped, *self.progress.out)}
        return tuple(region for region in listed if region.name not in away)

    @property
    def took_long_enough(self) -> bool:
        """Whether this execution's history should end here."""
        return self._turns >= MOST_TURNS

    def update(self, **changes: Any) -> None:
        """Remember something across executions."""
        self.progress = self.progress.model_copy(update=changes)

    def enter(self, phase: Phase, **changes: Any) -> None:
        """Go to another phase: its looks are counted anew."""
        self.update(phase=phase, looks=0, phase_ends=None, refused=0, gone=0, **changes)
        self.tell(phase)

    def tell(self, event: str, **fields: object) -> None:
        """Say where it stands in the custom status, and in one structured line however often it is replayed."""
        progress = self.progress
        status = {"stage": Stage.PUBLISHING, "phase": progress.phase, "version": progress.version}
        self.ctx.set_custom_status({**status, "attempt": progress.attempts})
        about = {"runId": self.job.run_id, "correlationId": self.job.request_id, **status}
        self._log.info(log_line(f"publish: {event}", **about, **fields))

    def carried_on(self) -> dict[str, Any]:
        """Give the input of the next execution."""
        progress: PublishProgress = self.progress
        return self.job.model_copy(update={"progress": progress}).model_dump(mode="json", exclude_none=True)

    def turn(self) -> None:
        """Count a turn."""
        self._turns += 1
        self.update(turns=self.progress.turns + 1)

    def pause(self, first: int, every: int) -> Story[None]:
        """Wait before the next look: `first` seconds, then `every`, then ever longer to 300; the last at the deadline.

        The longest pause costs a look every five minutes, whatever the region: 12 requests an hour.
        """
        looks = self.progress.looks
        seconds = first if looks == 0 else min(max(LONGEST_PAUSE, every), every + _SLOWER * (looks - 1))
        remaining = ((self.progress.phase_ends or self.deadline) - self.now).total_seconds()
        self.update(looks=looks + 1)
        yield self.ctx.create_timer(timedelta(seconds=max(1, min(seconds, remaining))))

    def first_of(self, *awaited: task.Task[Any]) -> Story[None]:
        """Wait for the first of these; a publication hears no cancel."""
        yield awaited[0] if len(awaited) == 1 else task.when_any([*awaited])

    def ask[I: Message, O: Answer](self, step: Step[I, O], value: I) -> Story[O | None]:
        """Run a step; None: no answer, which says nothing. A throttle is waited out for half an hour."""
        try:
            until = min(self.ctx.current_utc_datetime + _LONGEST_THROTTLE, self._naive_deadline())
            return (yield from run_step(self.ctx, step, value, until=until))
        except (task.TaskFailedError, Throttled) as error:
            self.tell("no answer", step=step.name, error=words(error))
            return None

    def doubt(self, failure: Failure | None) -> bool:
        """Tell whether Azure refused; two refusals in a row end the story, since one may be a replica's lie."""
        if failure is None:
            self.update(refused=0)
            return False
        if self.progress.refused:
            self.fail(FailureCode.PUBLISH_FAILED, failure.message, failure.correlation_id)
        self.update(refused=1)
        self.tell("refused", error=failure.message)
        return True

    def fail(
        self, code: FailureCode, message: str, correlation_id: str | None = None, *, stands: bool = True
    ) -> NoReturn:
        """End the story without an image. `stands`: a version that was asked for may be there, and is named."""
        left = self.progress.left
        if stands and self.progress.version is not None and self.progress.attempts:
            left = (*left, Left(kind=Kind.IMAGE_VERSION, id=str(self.version_id), why=message[:500]))
        raise Ended(PublishEnd(failure=Failure.of(code, message[:1_000], correlation_id), left=left))

    def _naive_deadline(self) -> datetime:
        """The deadline as the engine's own time is given: with a time zone or without."""
        return self.deadline.replace(tzinfo=self.ctx.current_utc_datetime.tzinfo)
