"""The timer door: at each occurrence of the schedule it starts the request documents that the settings hold."""

import json
import logging
import re
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from contracts.log_line import log_line
from contracts.reading import BadRequest, Fault, read_request
from contracts.reasons import Refusal
from contracts.request import MAX_TARGETS_BY_HTTP, ImageRequest
from contracts.run import Caller, Door
from triggers.occurrence import occurrence
from triggers.reception import receive

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,22}[A-Za-z0-9])?")
_LOG = logging.getLogger("golden_images")
blueprint = df.Blueprint()


class TimerRequestsNotStarted(RuntimeError):
    """Some of the configured requests could not be started; the text names each and says why."""


async def start_from_timer(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Start every configured request under an id of its own for this occurrence.

    The id holds the scheduled time, so that a late or doubled tick finds its run started already. One bad
    document does not keep the others from starting; it makes the function fail in the end, so that it is seen.
    """
    import settings

    wanted = settings.current()
    when = occurrence(wanted.timer_schedule, datetime.now(UTC))
    troubles: list[str] = []
    for name, document in wanted.timer_requests.items():
        try:
            request = _request(name, document)
        except BadRequest as bad:
            troubles.append(f"{name}: {bad}")
            continue
        request_id = f"timer-{name}-{when:%Y%m%dT%H%M%SZ}"
        caller = Caller(message_id=request_id)
        answer = await receive(client, request, request_id=request_id, door=Door.TIMER, caller=caller)
        if isinstance(answer, Refusal):
            troubles.append(f"{name}: {answer.message}")
        else:
            _LOG.info(log_line("timer", runId=answer.run_id, existing=answer.existing, pastDue=timer.past_due))
    if troubles:
        raise TimerRequestsNotStarted("GOLDEN_TIMER_REQUESTS: " + "; ".join(troubles))


def _request(name: str, document: object) -> ImageRequest:
    faults: list[Fault] = []
    if not _NAME.fullmatch(name):
        faults.append(Fault(path="$", message="the name must be 1 to 24 letters, digits and inner hyphens"))
    if isinstance(document, dict) and "requestId" in document:
        faults.append(Fault(path="$.requestId", message="must be left out: each occurrence has an id of its own"))
    if faults:
        raise BadRequest(faults)
    return read_request(json.dumps(document), max_targets=MAX_TARGETS_BY_HTTP)


blueprint.timer_trigger(  # pyright: ignore[reportUnknownMemberType]
    arg_name="timer", schedule="%GOLDEN_TIMER_SCHEDULE%", use_monitor=True
)(blueprint.durable_client_input(client_name="client")(start_from_timer))
