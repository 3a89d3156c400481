"""The approval endpoint: an approver approves or rejects a run before the point of no return."""

import logging
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationState

from contracts.catalog import APPROVAL_EVENT, IMAGE_BATCH
from contracts.decision_request import DecisionRequest
from contracts.log_line import LOGGER, audit_line
from contracts.parsing import BadRequest, read_form
from contracts.run import AcceptedRun, Decision, Principal, RequestDecision, VmJob
from triggers.decisions import record_decision
from triggers.entity_state import EngineNotAnswering
from triggers.http_answers import answer, not_answering, problem
from triggers.principal import caller_of
from triggers.run_events import Sent, send_event
from triggers.run_status import (
    APPROVAL,
    OVER,
    accepted_run,
    is_readable,
    known_run,
    runs_left,
    stage_of,
    status_of,
    vm_run_ids,
    vm_run_states,
)

_MOST_BYTES = 16 * 1024
type _Problem = tuple[int, str, str, str]
blueprint = df.Blueprint()


async def decide_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """POST /runs/{run_id}/approval with {"approved", "comment"?}: 202, for the run of one VM or of an entire request.

    The first decision counts. 400 for an invalid body, 404 for an unknown run, 403 for a caller who may not decide, 409
    if the run does not wait for a decision (any more).
    """
    run_id = req.route_params["run_id"]
    body = req.get_body()
    if len(body) > _MOST_BYTES:
        return problem(413, "TooLarge", "the body is too large", f"send at most {_MOST_BYTES} bytes")
    try:
        asked = read_form(DecisionRequest, body)
    except BadRequest as bad:
        title = "the body is not a valid decision"
        return problem(400, "BadRequest", title, "correct every fault and send it again", faults=bad.faults)
    state = await known_run(client, run_id)
    if state is None:
        return problem(*_no_such_run(run_id))
    if not is_readable(state):
        title = f"run {run_id} was started by another version of this app"
        return problem(409, "RunNotReadable", title, "cancel it, and send the request again")
    batch, caller = await _batch_of(client, state), caller_of(dict(req.headers))
    fault = _who_may_not(asked, caller, _input(state).caller)
    fault = fault or await _why_not_now(client, state, batch, approved=asked.approved)
    if fault is not None:
        return problem(*fault)
    who = caller.model_dump(include=set(Principal.model_fields))
    decision = Decision(**who, approved=asked.approved, comment=asked.comment, at=datetime.now(UTC))
    try:
        fault = await _record_and_send(client, state, decision)
    except EngineNotAnswering as late:
        return not_answering(late)
    if fault is not None:
        return problem(*fault)
    url = req.url.partition("?")[0].removesuffix(f"/{APPROVAL}")
    return answer(202, {"runId": run_id, "approved": asked.approved, "links": {"self": url}})


async def _record_and_send(
    client: df.DurableFunctionsClient, state: OrchestrationState, decision: Decision
) -> _Problem | None:
    """Record the decision, of which only the first counts, then send it to the run.

    If the call fails in between, the caller can repeat it: the recorded decision is then sent.
    """
    run_id = state.instance_id
    standing, before = await record_decision(client, run_id, _batch_id(state), decision)
    if standing.approved != decision.approved:
        said = "approved" if standing.approved else "rejected"
        detail = "read the run: the first decision counts; if the run still waits, send the first decision again"
        return (409, "AlreadyDecided", f"run {run_id} was already {said}", detail)
    event = standing.model_dump(mode="json", exclude_none=True)
    logging.getLogger(LOGGER).info(audit_line("decision", runId=run_id, **event))
    if state.name == IMAGE_BATCH:
        event = RequestDecision(**standing.model_dump(), except_runs=before).model_dump(mode="json", exclude_none=True)
    left = await runs_left(client, state)
    if left:
        # The run that would have forwarded it was terminated.
        one = standing.model_dump(mode="json", exclude_none=True)
        answers = [await send_event(client, each, APPROVAL_EVENT, one) for each in left if each not in before]
        sent = Sent.ACCEPTED if Sent.ACCEPTED in answers else Sent.RUN_ENDED
    else:
        sent = await send_event(client, run_id, APPROVAL_EVENT, event)
    if sent is Sent.RUN_ENDED:
        return _run_over(run_id)
    if sent is Sent.NO_SUCH_RUN:
        return _no_such_run(run_id)
    return None


def _batch_id(state: OrchestrationState) -> str:
    return state.instance_id if state.name == IMAGE_BATCH else _job(state).batch_id


def _run_over(run_id: str) -> _Problem:
    return (409, "RunOver", f"run {run_id} has ended", "read its result")


def _no_such_run(run_id: str) -> _Problem:
    return (404, "NoSuchRun", f"no run {run_id}", "correct the run id")


async def _batch_of(client: df.DurableFunctionsClient, state: OrchestrationState) -> OrchestrationState | None:
    """Return the run of the entire request: it holds the caller and the decision about the entire request."""
    return state if state.name == IMAGE_BATCH else await known_run(client, _batch_id(state))


def _who_may_not(asked: DecisionRequest, caller: Principal, requested_by: Principal) -> _Problem | None:
    """Return the problem if the caller may not decide: nobody may approve a request of their own, only reject it."""
    import settings

    approvers, who = settings.current().approvers, caller.principal or "an unknown caller"
    if approvers and caller.identity not in approvers:
        detail = "have one of GOLDEN_APPROVERS decide, signed in through App Service authentication"
        return (403, "NotAnApprover", f"{who} may not approve or reject runs", detail)
    requester = requested_by.identity
    if asked.approved and requester is not None and caller.identity == requester:
        return (403, "OwnRequest", f"{who} requested this run", "have another caller approve it")
    return None


async def _why_not_now(
    client: df.DurableFunctionsClient,
    state: OrchestrationState,
    batch: OrchestrationState | None,
    *,
    approved: bool,
) -> _Problem | None:
    run_id, about = state.instance_id, _input(state)
    left = await runs_left(client, batch) if batch is not None else ()
    if state.runtime_status in OVER and not left:
        return _run_over(run_id)
    if batch is not None and batch.runtime_status in OVER and approved:
        title = f"the request's run {batch.instance_id} has ended"
        return (409, "RequestOver", title, "cancel or reject what is left of it, and send a new request")
    waits = about.needs_approval if isinstance(about, AcceptedRun) else about.approval is not None
    dry_run = about.request.dry_run if isinstance(about, AcceptedRun) else about.dry_run
    if not waits or dry_run:
        return (409, "ApprovalNotAsked", f"run {run_id} needs no approval", "do nothing: the run does not wait")
    before = (status_of(batch).get("decision") if batch else None) or (
        about.decision if isinstance(about, VmJob) else None
    )
    if before is not None:
        detail = "read the run: the first decision counts"
        return (409, "AlreadyDecided", f"run {run_id} was already decided", detail)
    if isinstance(about, VmJob):
        found: list[OrchestrationState | None] = [state]
    else:
        found = [vm for _, vm in await vm_run_states(client, vm_run_ids(about))]
    if any(vm is None or _undecided(vm) for vm in found):
        return None
    detail = "read its result: it was approved, or not in time"
    return (409, "PastApproval", f"no VM of run {run_id} waits for an approval any more", detail)


def _undecided(state: OrchestrationState) -> bool:
    stage = stage_of(state)
    return state.runtime_status not in OVER and (stage is None or stage.allows.decide)


def _input(state: OrchestrationState) -> AcceptedRun | VmJob:
    return accepted_run(state) if state.name == IMAGE_BATCH else _job(state)


def _job(state: OrchestrationState) -> VmJob:
    return VmJob.model_validate_json(state.serialized_input or "")


blueprint.route(f"runs/{{run_id}}/{APPROVAL}", methods=[func.HttpMethod.POST])(
    blueprint.durable_client_input(client_name="client")(decide_run)
)
