"""The timer trigger: at each occurrence of the schedule it starts the requests in GOLDEN_TIMER_REQUESTS."""

import json
import logging
import re
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from contracts.error_codes import Refusal
from contracts.log_line import LOGGER, log_line
from contracts.parsing import BadRequest, Fault, read_request
from contracts.request import MAX_TARGETS_BY_HTTP, ImageRequest
from contracts.run import Caller, Trigger
from triggers.schedule import occurrence, stamp
from triggers.start_run import receive

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,22}[A-Za-z0-9])?")
_LOG = logging.getLogger(LOGGER)
blueprint = df.Blueprint()


class TimerRequestsNotStarted(RuntimeError):
    """Some of the configured requests could not be started; the message names each and says why."""


async def start_from_timer(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Start every configured request with a requestId for this occurrence.

    The requestId contains the scheduled time, so that a late or repeated tick does not start a second run. An invalid
    request does not prevent the others from starting; the function fails afterwards, so that the error is visible.
    """
    import settings

    wanted = settings.current()
    when = occurrence(wanted.timer_schedule, datetime.now(UTC))
    faults: list[str] = []
    for name, document in wanted.timer_requests.items():
        try:
            request = _request(name, document)
        except BadRequest as bad:
            faults.append(f"{name}: {bad}")
            continue
        request_id = f"timer-{name}-{stamp(when)}"
        caller = Caller(message_id=request_id)
        answer = await receive(client, request, request_id=request_id, trigger=Trigger.TIMER, caller=caller)
        if isinstance(answer, Refusal):
            faults.append(f"{name}: {answer.message}")
        else:
            _LOG.info(log_line("timer", runId=answer.run_id, existing=answer.existing, pastDue=timer.past_due))
    if faults:
        raise TimerRequestsNotStarted("GOLDEN_TIMER_REQUESTS: " + "; ".join(faults))


def _request(name: str, document: object) -> ImageRequest:
    faults: list[Fault] = []
    if not _NAME.fullmatch(name):
        faults.append(Fault(path="$", message="the name must be 1 to 24 letters, digits and inner hyphens"))
    if isinstance(document, dict) and "requestId" in document:
        faults.append(Fault(path="$.requestId", message="must be omitted: each occurrence has its own requestId"))
    if faults:
        raise BadRequest(faults)
    return read_request(json.dumps(document), max_targets=MAX_TARGETS_BY_HTTP)


blueprint.timer_trigger(  # pyright: ignore[reportUnknownMemberType]
    arg_name="timer", schedule="%GOLDEN_TIMER_SCHEDULE%", use_monitor=True
)(blueprint.durable_client_input(client_name="client")(start_from_timer))
