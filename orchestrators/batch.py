"""What a request's run knows while it fans out: who waits, who is under way, who has ended, and how."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

from durabletask import task

from contracts.ids import machine_run_id
from contracts.log_line import audit_line, log_line
from contracts.reasons import Failure, FailureCode
from contracts.request import Target
from contracts.results import MachineResult, MachineSummary, Outcome, RunResult
from contracts.run import AcceptedRun, Decision, MachineJob, RequestDecision
from contracts.stages import Stage
from contracts.steps import APPROVAL_EVENT, CANCEL_EVENT, GOLDEN_IMAGE

_GOOD = frozenset(
    {
        *(Outcome.GENERALIZED, Outcome.PUBLISHED, Outcome.ALREADY_GENERALIZED),
        *(Outcome.WOULD_GENERALIZE, Outcome.WOULD_PUBLISH),
    }
)
# A log record of more than about 32 KB is cut by Application Insights.
_MACHINES_A_LINE = 50


class Batch:
    """One request's run; begins machines, hears of their ends, sums them up."""

    def __init__(self, ctx: task.OrchestrationContext, accepted: AcceptedRun) -> None:
        """Begin with every machine waiting."""
        self.ctx = ctx
        self.accepted = accepted
        self.canceled = False
        self.decision: Decision | None = None
        self.running: dict[str, task.Task[Any]] = {}
        self.untold: list[MachineResult] = []
        self._decided_alone: frozenset[str] = frozenset()
        self._jobs: dict[str, MachineJob] = {}
        self._ended: list[MachineSummary] = []
        self._waiting: Iterator[Target] = iter(accepted.request.targets)
        self._log = ctx.create_replay_safe_logger(logging.getLogger("golden_images"))

    @property
    def undecided(self) -> bool:
        """Whether somebody was asked, and has not been heard yet."""
        return self.accepted.request.approval is not None and self.decision is None

    def begin_more(self) -> None:
        """Begin machines until `maxParallel` are under way; none after a cancel."""
        while not self.canceled and len(self.running) < self.accepted.request.max_parallel:
            target = next(self._waiting, None)
            if target is None:
                return
            job = _job(self.accepted, target, self.decision)
            self._jobs[job.run_id] = job
            self.running[job.run_id] = self.ctx.call_sub_orchestrator(
                GOLDEN_IMAGE,
                input=job.model_dump(mode="json", exclude_none=True),
                instance_id=job.run_id,
                version=self.ctx.version,
            )

    def cancel(self) -> None:
        """Begin no more, and pass the cancel on: each machine decides by where it stands."""
        self.canceled = True
        self.tell_canceled()

    def tell_canceled(self) -> None:
        """Pass the cancel on to every machine that is under way; hearing it twice does no harm."""
        for run_id in self.running:
            self.ctx.send_event(run_id, CANCEL_EVENT)

    def decide(self, said: RequestDecision) -> None:
        """Keep what the approver said for the machines that begin later, and pass it on to those under way."""
        self.decision = decision = Decision(**said.model_dump(exclude={"except_runs"}))
        self._decided_alone = frozenset(said.except_runs)
        self.log("decided", approved=decision.approved, principal=decision.principal)
        self.tell_decision()

    def tell_decision(self) -> None:
        """Pass the decision on to every machine that began without it; each takes the first one that it hears."""
        if self.decision is None:
            return
        for run_id in self.running:
            if self._jobs[run_id].decision is None and run_id not in self._decided_alone:
                self.ctx.send_event(run_id, APPROVAL_EVENT, data=_plain(self.decision))

    def collect(self) -> None:
        """Take in the machines that have ended."""
        for run_id in [run_id for run_id, child in self.running.items() if child.is_complete]:
            job, child = self._jobs[run_id], self.running.pop(run_id)
            if child.is_failed:
                message = child.get_exception().details.message[:500]
                failure = Failure.of(FailureCode.UNEXPECTED, f"the run of the machine broke: {message}")
                self._speak_for(job, Outcome.FAILED, failure)
            else:
                self._sum_up(job, MachineResult.model_validate(child.get_result()))

    def close(self) -> None:
        """Count those that never began as canceled."""
        for target in self._waiting:
            self._speak_for(_job(self.accepted, target, self.decision), Outcome.CANCELED)

    def status(self) -> dict[str, object]:
        """Give the custom status: counts, whatever the size of the request, and the approver's decision if any."""
        told: dict[str, object] = {
            "total": len(self.accepted.request.targets),
            "running": len(self.running),
            "canceled": self.canceled,
            "ended": dict(Counter(machine.outcome for machine in self._ended)),
        }
        return told | ({"decision": _plain(self.decision)} if self.decision else {})

    def result(self) -> RunResult:
        """Give the result of the run; machines that did not end well come first."""
        return RunResult(
            run_id=self.accepted.run_id,
            request_id=self.accepted.request_id,
            door=self.accepted.door,
            dry_run=self.accepted.request.dry_run,
            counts=dict(Counter(machine.outcome for machine in self._ended)),
            machines=tuple(sorted(self._ended, key=lambda machine: machine.outcome in _GOOD)),
        )

    def log(self, event: str, **fields: object) -> None:
        """Write one structured line, once however often the story is replayed."""
        accepted = self.accepted
        self._log.info(log_line(event, runId=accepted.run_id, correlationId=accepted.request_id, **fields))

    def _speak_for(self, job: MachineJob, outcome: Outcome, failure: Failure | None = None) -> None:
        """Make the result of a machine whose own run never gave one."""
        result = MachineResult(
            run_id=job.run_id,
            request_id=job.request_id,
            vm_id=job.target.vm_id,
            mode=job.target.mode,
            dry_run=job.dry_run,
            outcome=outcome,
            ended_in=Stage.ACCEPTED,
            failure=failure,
        )
        self.untold.append(result)
        self._sum_up(job, result)

    def _sum_up(self, job: MachineJob, result: MachineResult) -> None:
        code = result.failure.code if result.failure else next((r.code for r in result.refusals), None)
        vm_id = job.target.vm_id
        self._ended.append(MachineSummary(vm_id=vm_id, run_id=job.run_id, outcome=result.outcome, code=code))


def audit_acceptance(ctx: task.OrchestrationContext, accepted: AcceptedRun) -> None:
    """Write who asked for what through which door: one line, and further ones only for the names of many machines."""
    log = ctx.create_replay_safe_logger(logging.getLogger("golden_images"))
    names = [f"{target.mode} {target.vm_id}" for target in accepted.request.targets]
    about = {"runId": accepted.run_id, "correlationId": accepted.request_id}
    log.info(
        audit_line(
            "run accepted",
            **about,
            door=accepted.door,
            principal=accepted.caller.principal,
            messageId=accepted.caller.message_id,
            dryRun=accepted.request.dry_run,
            total=len(names),
            machines=names[:_MACHINES_A_LINE],
        )
    )
    for first in range(_MACHINES_A_LINE, len(names), _MACHINES_A_LINE):
        log.info(audit_line("run accepted: more machines", **about, machines=names[first : first + _MACHINES_A_LINE]))


def _job(accepted: AcceptedRun, target: Target, decision: Decision | None) -> MachineJob:
    return MachineJob(
        request_id=accepted.request_id,
        batch_id=accepted.run_id,
        run_id=machine_run_id(accepted.request_id, target.vm_id),
        door=accepted.door,
        target=target,
        dry_run=accepted.request.dry_run,
        approval=accepted.request.approval,
        decision=decision,
        accepted_at=accepted.accepted_at,
        settings=accepted.settings,
    )


def _plain(decision: Decision) -> dict[str, object]:
    return decision.model_dump(mode="json", exclude_none=True)
