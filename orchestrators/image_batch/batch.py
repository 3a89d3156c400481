"""The state of a request while it fans out: which VMs wait, which run, which have ended, and how."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from contracts.activities.vm import EndedRunRead, ReadEndedRun
from contracts.catalog import APPROVAL_EVENT, CANCEL_EVENT, GOLDEN_IMAGE, READ_ENDED_RUN
from contracts.error_codes import Failure, FailureCode
from contracts.facts import PowerState, VmState
from contracts.ids import vm_run_id
from contracts.log_line import LOGGER, STOPPED_AND_BILLED, audit_line, log_line
from contracts.own_tags import merged
from contracts.polling import LONGEST_RUN
from contracts.request import Target
from contracts.results import Outcome, RunResult, VmResult, VmSummary
from contracts.run import AcceptedRun, Decision, RequestDecision, VmJob
from contracts.stages import Stage
from contracts.tags import RUN_TAG
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text, run_activity
from orchestrators.waiting import any_of

_SUCCEEDED = frozenset(
    {
        *(Outcome.GENERALIZED, Outcome.PUBLISHED, Outcome.ALREADY_GENERALIZED),
        *(Outcome.WOULD_GENERALIZE, Outcome.WOULD_PUBLISH),
    }
)
# A log record of more than about 32 KB is cut by Application Insights.
_VMS_A_LINE = 50


class Batch:
    """One request; starts the runs of its VMs, collects their results and counts them."""

    def __init__(self, ctx: task.OrchestrationContext, accepted: AcceptedRun) -> None:
        """Begin with no VM started."""
        self.ctx = ctx
        self.accepted = accepted
        self.canceled = False
        self.decision: Decision | None = None
        self.running: dict[str, task.Task[Any]] = {}
        self.unsent: list[VmResult] = []
        self._decided_alone: frozenset[str] = frozenset()
        self._jobs: dict[str, VmJob] = {}
        self._began: dict[str, datetime] = {}
        self._ended: list[VmSummary] = []
        self._waiting: Iterator[Target] = iter(accepted.request.targets)
        self._log = ctx.create_replay_safe_logger(logging.getLogger(LOGGER))

    @property
    def undecided(self) -> bool:
        """Whether an approval is required and no decision has arrived."""
        return self.accepted.needs_approval and self.decision is None

    def start_more(self) -> None:
        """Start VMs until `maxParallel` are running; none after a cancel."""
        while not self.canceled and len(self.running) < self.accepted.request.max_parallel:
            target = next(self._waiting, None)
            if target is None:
                return
            job = _job(self.accepted, target, self.decision)
            self._jobs[job.run_id] = job
            self._began[job.run_id] = self.ctx.current_utc_datetime
            self.running[job.run_id] = self.ctx.call_sub_orchestrator(
                GOLDEN_IMAGE,
                input=job.model_dump(mode="json", exclude_none=True),
                instance_id=job.run_id,
                version=self.ctx.version,
            )

    def cancel(self) -> None:
        """Start no more VMs, and forward the cancel: each VM stops if it is before the point of no return."""
        self.canceled = True
        self.forward_cancel()

    def forward_cancel(self) -> None:
        """Forward the cancel to every running VM; receiving it twice does no harm."""
        for run_id in self.running:
            self.ctx.send_event(run_id, CANCEL_EVENT)

    def decide(self, request: RequestDecision) -> None:
        """Keep the approver's decision for the VMs that start later, and forward it to the running ones."""
        self.decision = decision = Decision(**request.model_dump(exclude={"except_runs"}))
        self._decided_alone = frozenset(request.except_runs)
        self.log("approval decided", approved=decision.approved, principal=decision.principal)
        self.forward_decision()

    def forward_decision(self) -> None:
        """Forward the decision to every VM that was started without it; each takes the first one that it receives."""
        if self.decision is None:
            return
        for run_id in self.running:
            if self._jobs[run_id].decision is None and run_id not in self._decided_alone:
                self.ctx.send_event(run_id, APPROVAL_EVENT, data=_as_json(self.decision))

    def collect(self) -> Orchestration[None]:
        """Collect the results of the VMs that have ended; of one that returned none it is read what became of it."""
        for run_id in [run_id for run_id, child in self.running.items() if child.is_complete]:
            job, child = self._jobs[run_id], self.running.pop(run_id)
            if child.is_failed:
                yield from self._read_end(job, child.get_exception().details.message[:300])
            else:
                self._count(job, VmResult.model_validate(child.get_result()))

    def time_left(self) -> timedelta:
        """Return for how long the oldest of the running VMs is waited for."""
        oldest = min(self._began[run_id] for run_id in self.running)
        return oldest + LONGEST_RUN - self.ctx.current_utc_datetime

    def give_up(self) -> Orchestration[None]:
        """Count the VMs whose runs have not ended for so long that nobody waits for them any more."""
        overdue = [
            run_id for run_id in self.running if self._began[run_id] + LONGEST_RUN <= self.ctx.current_utc_datetime
        ]
        for run_id in overdue:
            self.running.pop(run_id)
            message = f"run {run_id} has not ended within {LONGEST_RUN.days} days"
            yield from self._read_end(self._jobs[run_id], message, FailureCode.RUN_NOT_ENDED)

    def close(self) -> None:
        """Count the VMs that were never started as canceled."""
        for target in self._waiting:
            self._add_result(_job(self.accepted, target, self.decision), Outcome.CANCELED)

    def status(self) -> dict[str, object]:
        """Return the custom status: counts, whatever the size of the request, and the approver's decision if any."""
        reported: dict[str, object] = {
            "total": len(self.accepted.request.targets),
            "running": len(self.running),
            "canceled": self.canceled,
            "ended": dict(Counter(vm.outcome for vm in self._ended)),
        }
        return reported | ({"decision": _as_json(self.decision)} if self.decision else {})

    def result(self) -> RunResult:
        """Return the result of the request; VMs that did not succeed come first."""
        return RunResult(
            run_id=self.accepted.run_id,
            request_id=self.accepted.request_id,
            trigger=self.accepted.trigger,
            dry_run=self.accepted.request.dry_run,
            counts=dict(Counter(vm.outcome for vm in self._ended)),
            vms=tuple(sorted(self._ended, key=lambda vm: vm.outcome in _SUCCEEDED)),
        )

    def first_of(self, *awaited: task.Task[Any]) -> Orchestration[None]:
        """Wait for the first of these."""
        yield from any_of(*awaited)

    def log(self, event: str, **fields: object) -> None:
        """Write one structured log line; not again when the orchestration is replayed."""
        accepted = self.accepted
        self._log.info(log_line(event, runId=accepted.run_id, correlationId=accepted.request_id, **fields))

    def _read_end(
        self, job: VmJob, message: str, code: FailureCode = FailureCode.RUN_TERMINATED
    ) -> Orchestration[None]:
        """Create the result of a run that returned none: how far it came, and what its VM is now."""
        request = ReadEndedRun(run_id=job.run_id, vm_id=job.target.vm_id)
        try:
            read = yield from run_activity(self.ctx, READ_ENDED_RUN, request)
        except NO_ANSWER as error:
            self.log("how a run ended could not be read", vm=str(job.target.vm_id), error=error_text(error))
            read = EndedRunRead()
        how = f"the run of the VM returned no result: {read.how or message}"
        failure = Failure.of(code, f"{how}; what it created has the tag {RUN_TAG}={job.run_id}")
        stage = read.stage or Stage.ACCEPTED
        billed = stage.allows.stop and read.vm is not None and read.vm.power_state is PowerState.STOPPED
        if billed:
            self._log.warning(log_line(STOPPED_AND_BILLED, runId=job.run_id, vm=str(job.target.vm_id), why=message))
        self._add_result(job, Outcome.FAILED, failure, stage, read.vm, billed=billed)

    def _add_result(
        self,
        job: VmJob,
        outcome: Outcome,
        failure: Failure | None = None,
        ended_in: Stage = Stage.ACCEPTED,
        vm: VmState | None = None,
        *,
        billed: bool = False,
    ) -> None:
        """Create the result of a VM whose own run returned none."""
        result = VmResult(
            run_id=job.run_id,
            request_id=job.request_id,
            vm_id=job.target.vm_id,
            mode=job.target.mode,
            dry_run=job.dry_run,
            outcome=outcome,
            ended_in=ended_in,
            failure=failure,
            power_state=vm.power_state if vm else None,
            vm_unique_id=vm.unique_id if vm else None,
            stopped_and_billed=billed or None,
        )
        self.unsent.append(result)
        self._count(job, result)

    def _count(self, job: VmJob, result: VmResult) -> None:
        code = result.failure.code if result.failure else next((r.code for r in result.refusals), None)
        vm_id = job.target.vm_id
        self._ended.append(VmSummary(vm_id=vm_id, run_id=job.run_id, outcome=result.outcome, code=code))


def audit_acceptance(ctx: task.OrchestrationContext, accepted: AcceptedRun) -> None:
    """Write an audit line: who requested what through which trigger; more lines only for the names of many VMs."""
    log = ctx.create_replay_safe_logger(logging.getLogger(LOGGER))
    names = [f"{target.mode} {target.vm_id}" for target in accepted.request.targets]
    about = {"runId": accepted.run_id, "correlationId": accepted.request_id}
    log.info(
        audit_line(
            "run accepted",
            **about,
            trigger=accepted.trigger,
            principal=accepted.caller.principal,
            identity=accepted.caller.identity,
            messageId=accepted.caller.message_id,
            dryRun=accepted.request.dry_run,
            total=len(names),
            vms=names[:_VMS_A_LINE],
        )
    )
    for first in range(_VMS_A_LINE, len(names), _VMS_A_LINE):
        log.info(audit_line("run accepted: more VMs", **about, vms=names[first : first + _VMS_A_LINE]))


def _job(accepted: AcceptedRun, target: Target, decision: Decision | None) -> VmJob:
    return VmJob(
        request_id=accepted.request_id,
        batch_id=accepted.run_id,
        run_id=vm_run_id(accepted.request_id, target.vm_id),
        trigger=accepted.trigger,
        caller=accepted.caller,
        target=target,
        dry_run=accepted.request.dry_run,
        approval=accepted.approval_of(target.mode),
        decision=decision,
        accepted_at=accepted.accepted_at,
        settings=accepted.settings,
        tags=merged(accepted.settings.tags, accepted.request.tags),
    )


def _as_json(decision: Decision) -> dict[str, object]:
    return decision.model_dump(mode="json", exclude_none=True)
