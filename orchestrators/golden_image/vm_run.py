"""What every chapter of one VM's run is given: the engine, the job, the journal and the resources created."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from durabletask import task

from contracts.activities.vm import OneVm, ReadRunState, RunStateRead
from contracts.authority import Authority, Bearer
from contracts.catalog import CANCEL_EVENT, READ_RUN_STATE
from contracts.error_codes import Failure, FailureCode, Refusal
from contracts.facts import OsType, VmState
from contracts.polling import PollingSettings
from contracts.results import STAGE_OF_OUTCOME, Outcome, VmResult
from contracts.run import RunSettings, VmJob
from contracts.stages import Stage
from orchestrators.golden_image.created import Created
from orchestrators.golden_image.ends import Canceled, Failed
from orchestrators.golden_image.journal import Journal
from orchestrators.run_activity import Orchestration, run_activity
from orchestrators.waiting import any_of


@dataclass(frozen=True)
class VmRun:
    """One VM's run. Nothing here calls Azure: the chapters do, through activities.

    What a chapter learns it returns; nothing here changes but the journal and the list of created resources.
    `approved`: an approver said yes. `vm_lifetime_ends`: when the temporary VM that the chapter works on must be
    deleted; None: it works on none.
    """

    ctx: task.OrchestrationContext
    job: VmJob
    nonce: str
    journal: Journal
    cancel: task.Task[Any]
    created: Created = field(default_factory=Created)
    approved: bool = False
    vm_lifetime_ends: datetime | None = None

    @classmethod
    def begin(cls, ctx: task.OrchestrationContext, job: VmJob) -> Self:
        """Begin in the stage `accepted`, and wait for a cancel event from now on."""
        nonce = ctx.new_uuid().replace("-", "")
        return cls(ctx, job, nonce, Journal(ctx, job), ctx.wait_for_external_event(CANCEL_EVENT))

    @property
    def settings(self) -> RunSettings:
        """The settings that the run was accepted under."""
        return self.job.settings

    @property
    def polling(self) -> PollingSettings:
        """The polling of every stage."""
        return self.job.settings.polling

    @property
    def now(self) -> datetime:
        """The engine's time, in UTC."""
        return self.ctx.current_utc_datetime.replace(tzinfo=UTC)

    @property
    def stage(self) -> Stage:
        """The stage of the run."""
        return self.journal.stage

    def enter(self, stage: Stage) -> None:
        """Go to the next stage."""
        self.journal.enter(stage)

    def note(self, text: str) -> None:
        """Add a note to the evidence."""
        self.journal.note(text)

    def log(self, event: str, **fields: object) -> None:
        """Write one structured log line."""
        self.journal.log(event, **fields)

    def audit(self, event: str, **fields: object) -> None:
        """Write one audit line, before something that cannot be reversed is requested."""
        self.journal.audit(event, **fields)

    def on_temporary_vm(self) -> "VmRun":
        """Return this run for chapters that work on a temporary VM, whose lifetime begins now."""
        ends = self.ctx.current_utc_datetime + timedelta(hours=self.settings.temporary_vm_max_hours)
        return replace(self, vm_lifetime_ends=ends)

    def on_no_temporary_vm(self) -> "VmRun":
        """Return this run for chapters that no lifetime of a VM limits, such as its deletion."""
        return replace(self, vm_lifetime_ends=None)

    def check_lifetime(self) -> None:
        """Limit the lifetime of a temporary VM: it costs money and holds a copy of the source's disk."""
        if self.vm_lifetime_ends is not None and self.ctx.current_utc_datetime > self.vm_lifetime_ends:
            hours = self.settings.temporary_vm_max_hours
            message = f"the temporary VM may live for {hours} h, and the run is still in the stage {self.stage}"
            raise Failed(Failure.of(FailureCode.TEMPORARY_VM_LIFETIME_EXCEEDED, message))

    @property
    def authority(self) -> Authority:
        """What the run was accepted under, and how far it is."""
        job, settings = self.job, self.settings
        return Authority(
            run_id=job.run_id,
            trigger=job.trigger,
            mode=job.target.mode,
            vm_id=job.target.vm_id,
            opt_in_tag=settings.opt_in_tag,
            opt_in_value=settings.opt_in_value,
            approved=self.approved,
            committed=not self.stage.allows.cancel,
        )

    @property
    def bearer(self) -> Bearer:
        """In whose name an activity of this run changes something."""
        return Bearer(authority=self.authority)

    def stop_if_canceled(self) -> None:
        """End the run here if a cancel has arrived and nothing irreversible was requested."""
        if self.cancel.is_complete and self.stage.allows.cancel:
            raise Canceled

    def first_of(self, *awaited: task.Task[Any]) -> Orchestration[None]:
        """Wait for the first of these; before the point of no return a cancel ends the wait, and the run."""
        yield from any_of(*awaited, *((self.cancel,) if self.stage.allows.cancel else ()))
        self.stop_if_canceled()

    def run_state(self, run_id: str) -> Orchestration[RunStateRead]:
        """Ask the engine whether a run is active."""
        return (yield from run_activity(self.ctx, READ_RUN_STATE, ReadRunState(run_id=run_id)))

    def result(
        self, outcome: Outcome, *, refusals: tuple[Refusal, ...] = (), failure: Failure | None = None
    ) -> VmResult:
        """End the run and return its result."""
        journal, job = self.journal, self.job
        if self.cancel.is_complete and outcome is not Outcome.CANCELED:
            self.note("the cancel came too late: the VM was past the point of no return, or the run had ended")
        journal.end_in(STAGE_OF_OUTCOME[outcome])
        self.log("run ended", outcome=outcome, code=failure.code if failure else [r.code for r in refusals] or None)
        snapshot = journal.rollback_snapshot
        return VmResult(
            run_id=job.run_id,
            request_id=job.request_id,
            vm_id=job.target.vm_id,
            mode=job.target.mode,
            dry_run=job.dry_run,
            outcome=outcome,
            ended_in=journal.worked_in,
            refusals=refusals,
            failure=failure,
            evidence=journal.evidence,
            power_state=journal.power_state,
            timings=tuple(journal.timings),
            stopped_and_billed=journal.stopped_and_billed,
            vm_unique_id=journal.vm_unique_id,
            image=journal.image,
            unpublished_version=journal.unpublished_version if journal.image is None else None,
            customizers=journal.customizers,
            rollback_snapshot=snapshot if snapshot and self.created.keeps(snapshot.id) else None,
            decision=journal.decision,
            created_resources=self.created.kept_ids,
            orphaned_resources=self.created.orphaned,
            correlation_ids=journal.correlation_ids,
        )


def one_vm(vm: VmState) -> OneVm:
    """Return the VM as the activities take it."""
    return OneVm(vm_id=vm.vm_id, unique_id=vm.unique_id)


def is_linux(vm: VmState) -> bool:
    """Return whether the VM runs Linux."""
    return vm.os_type is OsType.LINUX
