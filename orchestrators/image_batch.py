"""The story of a whole request.

1. Say in the audit log who asked for what, through which door.
2. Keep at most `maxParallel` machines under way; whenever one ends, begin the next.
3. A cancel begins no more machines and is passed on to those under way; each decides by where it stands.
4. Count the ends, put the result of the run on the queue, give it.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

from durabletask import task

from contracts.ids import machine_run_id
from contracts.log_line import AUDIT_LOGGER, log_line
from contracts.reasons import FailureCode
from contracts.request import Target
from contracts.results import MachineResult, MachineSummary, Outcome, RunResult, result_text
from contracts.run import AcceptedRun, MachineJob
from contracts.steps import CANCEL_EVENT, GOLDEN_IMAGE, SEND_RESULT, SendResult
from orchestrators.calling import Story, run_step


def image_batch(ctx: task.OrchestrationContext, request: dict[str, object]) -> Story[dict[str, object]]:
    """Run `golden_image` for every target; takes an AcceptedRun and gives a RunResult, both as JSON.

    One machine's end never ends another: even a sub-orchestration that breaks is one failed machine.
    """
    accepted = AcceptedRun.model_validate(request)
    _audit(ctx, accepted)
    machines = yield from _fan_out(ctx, accepted)
    result = _result(accepted, machines)
    log = ctx.create_replay_safe_logger(logging.getLogger("golden_images"))
    log.info(log_line("run ended", runId=accepted.run_id, correlationId=accepted.request_id, counts=result.counts))
    try:
        yield from run_step(ctx, SEND_RESULT, SendResult(text=result_text(result)))
    except task.TaskFailedError as error:
        log.error(log_line("result not sent", runId=accepted.run_id, error=error.details.message[:500]))
    return result.model_dump(mode="json", exclude_none=True)


def _fan_out(ctx: task.OrchestrationContext, accepted: AcceptedRun) -> Story[list[MachineSummary]]:
    waiting = _jobs(accepted)
    running: dict[str, task.Task[Any]] = {}
    jobs: dict[str, MachineJob] = {}
    ended: list[MachineSummary] = []
    cancel = ctx.wait_for_external_event(CANCEL_EVENT)
    canceled = False
    while True:
        while not canceled and len(running) < accepted.request.max_parallel:
            job = next(waiting, None)
            if job is None:
                break
            jobs[job.run_id] = job
            running[job.run_id] = ctx.call_sub_orchestrator(
                GOLDEN_IMAGE,
                input=job.model_dump(mode="json", exclude_none=True),
                instance_id=job.run_id,
                version=ctx.version,
            )
        ctx.set_custom_status(_status(accepted, ended, running, canceled))
        if not running:
            return ended + [_summary(job, Outcome.CANCELED) for job in waiting]
        yield task.when_any([*running.values(), *([] if canceled else [cancel])])
        if cancel.is_complete and not canceled:
            canceled = True
            for run_id in running:
                ctx.send_event(run_id, CANCEL_EVENT)
        for run_id in [run_id for run_id, child in running.items() if child.is_complete]:
            ended.append(_ended(jobs[run_id], running.pop(run_id)))


def _jobs(accepted: AcceptedRun) -> Iterator[MachineJob]:
    for target in accepted.request.targets:
        yield _job(accepted, target)


def _job(accepted: AcceptedRun, target: Target) -> MachineJob:
    return MachineJob(
        request_id=accepted.request_id,
        batch_id=accepted.run_id,
        run_id=machine_run_id(accepted.request_id, target.vm_id),
        door=accepted.door,
        target=target,
        dry_run=accepted.request.dry_run,
        approval_asked=accepted.request.approval is not None,
        settings=accepted.settings,
    )


def _ended(job: MachineJob, child: task.Task[Any]) -> MachineSummary:
    if child.is_failed:
        return _summary(job, Outcome.FAILED, FailureCode.UNEXPECTED)
    result = MachineResult.model_validate(child.get_result())
    code = result.failure.code if result.failure else next((r.code for r in result.refusals), None)
    return _summary(job, result.outcome, code)


def _summary(job: MachineJob, outcome: Outcome, code: str | None = None) -> MachineSummary:
    return MachineSummary(vm_id=job.target.vm_id, run_id=job.run_id, outcome=outcome, code=code)


def _result(accepted: AcceptedRun, machines: list[MachineSummary]) -> RunResult:
    good = {Outcome.GENERALIZED, Outcome.ALREADY_GENERALIZED, Outcome.WOULD_GENERALIZE}
    return RunResult(
        run_id=accepted.run_id,
        request_id=accepted.request_id,
        door=accepted.door,
        dry_run=accepted.request.dry_run,
        counts=dict(Counter(machine.outcome for machine in machines)),
        machines=tuple(sorted(machines, key=lambda machine: machine.outcome in good)),
    )


def _status(
    accepted: AcceptedRun, ended: list[MachineSummary], running: dict[str, task.Task[Any]], canceled: bool
) -> dict[str, object]:
    return {
        "total": len(accepted.request.targets),
        "running": len(running),
        "canceled": canceled,
        "ended": dict(Counter(machine.outcome for machine in ended)),
    }


def _audit(ctx: task.OrchestrationContext, accepted: AcceptedRun) -> None:
    audit = ctx.create_replay_safe_logger(logging.getLogger(AUDIT_LOGGER))
    audit.info(
        log_line(
            "run accepted",
            runId=accepted.run_id,
            correlationId=accepted.request_id,
            door=accepted.door,
            principal=accepted.caller.principal,
            messageId=accepted.caller.message_id,
            dryRun=accepted.request.dry_run,
            machines=[f"{target.mode} {target.vm_id}" for target in accepted.request.targets],
        )
    )
