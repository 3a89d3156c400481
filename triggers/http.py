"""The HTTP endpoints: start, read, list and cancel runs, and the JSON Schema of the request."""

import uuid
from datetime import UTC, datetime, timedelta

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import OrchestrationState, OrchestrationStatus

from contracts.catalog import CALL_LEASE, CANCEL_EVENT, CLEANUP, GOLDEN_IMAGE, IMAGE_BATCH, PUBLISH_IMAGE
from contracts.error_codes import Refusal
from contracts.ids import BATCH_RUN_PREFIX
from contracts.parsing import BadRequest, read_request
from contracts.polling import LISTED_DAYS, RETRY_AFTER
from contracts.request import MAX_TARGETS_BY_HTTP
from contracts.run import Trigger
from contracts.schemas import REQUEST_SCHEMA, schemas
from triggers.entity_state import EngineNotAnswering
from triggers.http_answers import answer, moment, not_answering, problem, refused
from triggers.principal import caller_of
from triggers.run_events import Sent, send_event
from triggers.run_list import EVER, BadContinuation, Continuation, Wanted, list_page
from triggers.run_status import CANCEL, cancel_refusal, known_run, run_links, runs_left, view_of_run
from triggers.start_run import receive

_MOST_BYTES = 1024 * 1024
_MOST_RUNS = 200
_QUERY = {"days": str(LISTED_DAYS.default), "status": "", "count": "100"}
_CORRECT_ID = "correct the run id; finished runs are purged after GOLDEN_HISTORY_RETENTION_DAYS"
_UNFINISHED = "unfinished"
_ORCHESTRATIONS = frozenset({GOLDEN_IMAGE, IMAGE_BATCH, PUBLISH_IMAGE, CLEANUP, CALL_LEASE})
_ALIVE = [OrchestrationStatus.PENDING, OrchestrationStatus.RUNNING, OrchestrationStatus.SUSPENDED]
_STATUSES = {status.name.lower(): status for status in OrchestrationStatus}
blueprint = df.Blueprint()


async def start_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """POST /runs: 202 with links; the same request again returns the same run. 400 names every fault."""
    import settings

    body = req.get_body()
    if len(body) > _MOST_BYTES:
        return problem(413, "TooLarge", "the request is too large", f"send at most {_MOST_BYTES} bytes")
    try:
        request = read_request(body, max_targets=MAX_TARGETS_BY_HTTP)
    except BadRequest as bad:
        return problem(
            400,
            "BadRequest",
            "the body is not a valid request",
            "correct every fault and send it again",
            faults=bad.faults,
        )
    request_id = request.request_id or str(uuid.uuid4())
    caller = caller_of(dict(req.headers))
    try:
        received = await receive(client, request, request_id=request_id, trigger=Trigger.HTTP, caller=caller)
    except EngineNotAnswering as late:
        return not_answering(late)
    except settings.BadSettings as bad:
        return problem(500, "BadSettings", "the app's settings cannot be used", str(bad))
    if isinstance(received, Refusal):
        return refused(409, received)
    links = run_links(req.url, received.run_id, approval=request.approval is not None)
    about = {"requestId": request_id, "runId": received.run_id, "existing": received.existing, "links": links}
    return answer(202, about, {"Location": links["self"], "Retry-After": RETRY_AFTER})


async def get_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """GET /runs/{run_id}: the run of a request or of one VM; `from` and `count` select a page of its VMs."""
    run_id = req.route_params["run_id"]
    try:
        first, count = int(req.params.get("from", "0")), int(req.params.get("count", "100"))
    except ValueError:
        return problem(400, "BadQuery", "from and count must be integers", "correct the query")
    if first < 0 or not 1 <= count <= 200:
        return problem(400, "BadQuery", "from must be 0 or more, count 1 to 200", "correct the query")
    state = await known_run(client, run_id)
    if state is None:
        return _not_found(run_id)
    return answer(200, await view_of_run(client, state, req.url, first=first, count=count))


async def list_runs(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """GET /runs: the runs of the last `days` (default 7), newest first, `count` (default 100) on a page.

    `status` filters by runtime status. `status=unfinished` returns every run of a request or a VM, every publication,
    lease call and cleanup that has not ended, however old; it must be empty before an upgrade. For the next page, send
    the same query with the `continuation` of this page.
    """
    days, status, count = (req.params.get(name, usual) for name, usual in _QUERY.items())
    if not _is_count(days, LISTED_DAYS.most):
        return problem(400, "BadQuery", f"days must be 1 to {LISTED_DAYS.most}", "correct the query")
    if not _is_count(count, _MOST_RUNS):
        return problem(400, "BadQuery", f"count must be 1 to {_MOST_RUNS}", "correct the query")
    if status not in {"", _UNFINISHED} and status.lower() not in _STATUSES:
        known = ", ".join([_UNFINISHED, *_STATUSES])
        return problem(400, "BadQuery", f"status must be one of {known}", "correct the query")
    try:
        after = Continuation.read(req.params["continuation"]) if "continuation" in req.params else None
    except BadContinuation as bad:
        return problem(400, "BadQuery", str(bad), "send the continuation of the previous page, or omit it")
    states, rest = await list_page(client, _wanted(status, int(days)), count=int(count), after=after)
    base = req.url.partition("?")[0].rstrip("/")
    runs = [
        {
            "runId": state.instance_id,
            "runtimeStatus": state.runtime_status.name,
            "createdAt": moment(state.created_at),
            "lastUpdatedAt": moment(state.last_updated_at),
            **_address(base, state),
        }
        for state in states
    ]
    return answer(200, {"runs": runs} | ({"continuation": rest.text} if rest else {}))


def _is_count(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most


def _wanted(status: str, days: int) -> Wanted:
    if status == _UNFINISHED:
        return Wanted(EVER, _ORCHESTRATIONS, _ALIVE)
    statuses = [_STATUSES[status.lower()]] if status else None
    return Wanted(datetime.now(UTC) - timedelta(days=days), _ORCHESTRATIONS, statuses, BATCH_RUN_PREFIX)


async def cancel_run(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """POST /runs/{run_id}/cancel: 202 before the point of no return, 409 after it."""
    run_id = req.route_params["run_id"]
    state = await known_run(client, run_id)
    if state is None:
        return _not_found(run_id)
    refusal = await cancel_refusal(client, state)
    if refusal is not None:
        return problem(409, *refusal)
    by = {"by": caller_of(dict(req.headers)).principal}
    left = await runs_left(client, state)
    answers = [await send_event(client, each, CANCEL_EVENT, by) for each in left or (run_id,)]
    sent = Sent.ACCEPTED if Sent.ACCEPTED in answers else answers[0]
    if sent is Sent.NO_SUCH_RUN:
        return _not_found(run_id)
    if sent is Sent.RUN_ENDED:
        return problem(409, "RunOver", f"run {run_id} has ended", "read its result")
    detail = "runs of VMs before the point of no return are canceled; the others continue to their end"
    url = req.url.partition("?")[0].removesuffix(f"/{CANCEL}")
    return answer(202, {"runId": run_id, "cancel": "asked", "detail": detail, "links": {"self": url}})


async def get_request_schema(req: func.HttpRequest) -> func.HttpResponse:
    """GET /schema/request: the request's JSON Schema (draft 2020-12)."""
    return func.HttpResponse(schemas()[REQUEST_SCHEMA], mimetype="application/schema+json")


def _address(runs: str, state: OrchestrationState) -> dict[str, str]:
    """Return the link to a run; publications and lease calls have none, they are part of their VM's run."""
    if state.name in {PUBLISH_IMAGE, CALL_LEASE}:
        return {}
    base = f"{runs.removesuffix('/runs')}/cleanups" if state.name == CLEANUP else runs
    return {"self": f"{base}/{state.instance_id}"}


def _not_found(run_id: str) -> func.HttpResponse:
    return problem(404, "NoSuchRun", f"no run {run_id}", _CORRECT_ID)


blueprint.route("runs", methods=[func.HttpMethod.POST])(blueprint.durable_client_input(client_name="client")(start_run))
blueprint.route("runs", methods=[func.HttpMethod.GET])(blueprint.durable_client_input(client_name="client")(list_runs))
blueprint.route("runs/{run_id}", methods=[func.HttpMethod.GET])(
    blueprint.durable_client_input(client_name="client")(get_run)
)
blueprint.route(f"runs/{{run_id}}/{CANCEL}", methods=[func.HttpMethod.POST])(
    blueprint.durable_client_input(client_name="client")(cancel_run)
)
blueprint.route("schema/request", methods=[func.HttpMethod.GET])(get_request_schema)
