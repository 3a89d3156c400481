"""The approval door: somebody says yes or no to a run before the point of no return."""

import logging
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationState

from contracts.decision_request import DecisionRequest
from contracts.log_line import audit_line
from contracts.reading import BadRequest, read_form
from contracts.run import AcceptedRun, Decision, MachineJob, RequestDecision
from contracts.stages import Stage
from contracts.steps import APPROVAL_EVENT, IMAGE_BATCH
from triggers.caller import caller_of
from triggers.decisions import record_decision
from triggers.entity_state import EngineNotAnswering
from triggers.http_answers import answer, not_answering, problem
from triggers.run_events import Sent, send_event
from triggers.run_view import OVER, accepted_run, known_run, machine_ids, machine_states, stage_of, status_of

_MOST_BYTES = 16 * 1024
_MAY_BE_DECIDED = frozenset({None, Stage.ACCEPTED, Stage.INSPECTING, Stage.AWAITING_APPROVAL})
type _Problem = tuple[int, str, str, str]
blueprint = df.Blueprint()


async def decide_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """POST /runs/{run_id}/approval with {"approved", "comment"?}: 202, for one machine's run or a whole request's.

    The first decision counts. 400 for a bad body, 404 for an unknown run, 403 for somebody who may not decide, 409
    where there is nothing (any more) to decide.
    """
    run_id = req.route_params["run_id"]
    body = req.get_body()
    if len(body) > _MOST_BYTES:
        return problem(413, "TooLarge", "the body is too large", f"send at most {_MOST_BYTES} bytes")
    try:
        asked = read_form(DecisionRequest, body)
    except BadRequest as bad:
        title = "the body is no decision"
        return problem(400, "BadRequest", title, "correct every fault and send it again", faults=bad.faults)
    state = await known_run(client, run_id)
    if state is None:
        return problem(*_no_such_run(run_id))
    batch, principal = await _batch_of(client, state), caller_of(dict(req.headers)).principal
    trouble = _who_may_not(asked, principal, batch) or await _why_not_now(client, state, batch)
    if trouble is not None:
        return problem(*trouble)
    decision = Decision(approved=asked.approved, principal=principal, comment=asked.comment, at=datetime.now(UTC))
    try:
        trouble = await _record_and_send(client, state, decision)
    except EngineNotAnswering as late:
        return not_answering(late)
    if trouble is not None:
        return problem(*trouble)
    url = req.url.partition("?")[0].removesuffix("/approval")
    return answer(202, {"runId": run_id, "approved": asked.approved, "links": {"self": url}})


async def _record_and_send(
    client: df.DurableFunctionsClient, state: OrchestrationState, decision: Decision
) -> _Problem | None:
    """Record the decision where only the first one stands, then send it to the run.

    A call that dies in between may be made again: the same decision is found in the record, and is sent.
    """
    run_id = state.instance_id
    standing, before = await record_decision(client, run_id, _batch_id(state), decision)
    if standing.approved != decision.approved:
        said = "yes" if standing.approved else "no"
        detail = "look at the run: the first decision counts; if it has not heard it, send that one again"
        return (409, "AlreadyDecided", f"run {run_id} was decided before: {said}", detail)
    event = standing.model_dump(mode="json", exclude_none=True)
    logging.getLogger("golden_images").info(audit_line("decision", runId=run_id, **event))
    if state.name == IMAGE_BATCH:
        event = RequestDecision(**standing.model_dump(), except_runs=before).model_dump(mode="json", exclude_none=True)
    sent = await send_event(client, run_id, APPROVAL_EVENT, event)
    if sent is Sent.RUN_ENDED:
        return _run_over(run_id)
    if sent is Sent.NO_SUCH_RUN:
        return _no_such_run(run_id)
    return None


def _batch_id(state: OrchestrationState) -> str:
    return state.instance_id if state.name == IMAGE_BATCH else _job(state).batch_id


def _run_over(run_id: str) -> _Problem:
    return (409, "RunOver", f"run {run_id} has ended", "look at its result")


def _no_such_run(run_id: str) -> _Problem:
    return (404, "NoSuchRun", f"no run {run_id}", "correct the run id")


async def _batch_of(client: df.DurableFunctionsClient, state: OrchestrationState) -> OrchestrationState | None:
    """Give the run of the whole request: who asked stands there, and what was decided for all of it."""
    return state if state.name == IMAGE_BATCH else await known_run(client, _batch_id(state))


def _who_may_not(asked: DecisionRequest, principal: str | None, batch: OrchestrationState | None) -> _Problem | None:
    """Four eyes: nobody lets his own request through; taking it back is free."""
    import settings

    approvers = {name.lower() for name in settings.current().approvers}
    if approvers and (principal is None or principal.lower() not in approvers):
        detail = "let one of GOLDEN_APPROVERS decide, signed in through App Service authentication"
        return (403, "NotAnApprover", f"{principal or 'an unknown caller'} may not decide about runs", detail)
    requester = accepted_run(batch).caller.principal if batch else None
    own = principal is not None and requester is not None and principal.lower() == requester.lower()
    if own and asked.approved:
        return (403, "OwnRequest", f"{principal} asked for this run", "let somebody else approve it")
    return None


async def _why_not_now(
    client: df.DurableFunctionsClient, state: OrchestrationState, batch: OrchestrationState | None
) -> _Problem | None:
    run_id, about = state.instance_id, _input(state)
    if state.runtime_status in OVER:
        return _run_over(run_id)
    asked = about.request.approval if isinstance(about, AcceptedRun) else about.approval
    dry_run = about.request.dry_run if isinstance(about, AcceptedRun) else about.dry_run
    if asked is None or dry_run:
        return (409, "ApprovalNotAsked", f"run {run_id} waits for no approval", "nothing need be done")
    before = (status_of(batch).get("decision") if batch else None) or (
        about.decision if isinstance(about, MachineJob) else None
    )
    if before is not None:
        return (409, "AlreadyDecided", f"run {run_id} was decided before", "look at the run: the first decision counts")
    if isinstance(about, MachineJob):
        found: list[OrchestrationState | None] = [state]
    else:
        found = [machine for _, machine in await machine_states(client, machine_ids(about))]
    if any(machine is None or _undecided(machine) for machine in found):
        return None
    detail = "look at its result: the approval was given, or nobody gave it in time"
    return (409, "PastApproval", f"no machine of run {run_id} waits for an approval any more", detail)


def _undecided(state: OrchestrationState) -> bool:
    return state.runtime_status not in OVER and stage_of(state) in _MAY_BE_DECIDED


def _input(state: OrchestrationState) -> AcceptedRun | MachineJob:
    return accepted_run(state) if state.name == IMAGE_BATCH else _job(state)


def _job(state: OrchestrationState) -> MachineJob:
    return MachineJob.model_validate_json(state.serialized_input or "")


blueprint.route("runs/{run_id}/approval", methods=[func.HttpMethod.POST])(
    blueprint.durable_client_input(client_name="client")(decide_run)
)
