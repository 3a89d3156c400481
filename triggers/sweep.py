"""The sweeper's doors: every hour by timer, and by hand over HTTP."""

import json
import math
import uuid
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from contracts.reading import BadRequest, read_form
from contracts.run import Caller, Door
from contracts.steps import SWEEP
from contracts.sweep import SweepJob, SweepMode, SweepRequest
from triggers.caller import caller_of
from triggers.http_answers import answer, moment, problem
from triggers.occurrence import occurrence

_HOURLY = "0 30 * * * *"
_MOST_BYTES = 16 * 1024
blueprint = df.Blueprint()


async def sweep_leftovers(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Start this hour's sweep in the mode of GOLDEN_SWEEP; a late or doubled tick finds it started already."""
    import settings

    when = occurrence(_HOURLY, datetime.now(UTC))
    sweep_id, wanted = f"sweep-{when:%Y%m%dT%H%M%SZ}", settings.current()
    if wanted.sweep == "off" or not wanted.allowed_scopes:
        return
    if await client.get_orchestration_state(sweep_id, fetch_payloads=False) is None:
        await _start(client, _job(sweep_id, SweepMode(wanted.sweep), when, Door.TIMER, Caller()))


async def start_sweep(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """POST /sweeps with {"mode"?}: 202 with a link to what comes of it; without a mode nothing is changed.

    409 SweepIsOff where GOLDEN_SWEEP is off and the mode would delete.
    """
    import settings

    body = req.get_body()
    if len(body) > _MOST_BYTES:
        return problem(413, "TooLarge", "the body is too large", f"send at most {_MOST_BYTES} bytes")
    try:
        asked = read_form(SweepRequest, body or b"{}")
        if asked.mode is SweepMode.DELETE and settings.current().sweep == "off":
            detail = 'set GOLDEN_SWEEP to "dryRun" or "delete", or ask with the mode "dryRun"'
            return problem(409, "SweepIsOff", "GOLDEN_SWEEP is off: nothing is deleted", detail)
        caller = caller_of(dict(req.headers))
        job = _job(f"sweep-{uuid.uuid4()}", asked.mode, datetime.now(UTC), Door.HTTP, caller)
    except BadRequest as bad:
        title = "the body is no sweep"
        return problem(400, "BadRequest", title, "correct every fault and send it again", faults=bad.faults)
    except settings.BadSettings as bad:
        return problem(500, "BadSettings", "the app's settings cannot be used", str(bad))
    await _start(client, job)
    links = {"self": f"{req.url.partition('?')[0].rstrip('/')}/{job.sweep_id}"}
    about = {"sweepId": job.sweep_id, "mode": job.mode, "links": links}
    return answer(202, about, {"Location": links["self"], "Retry-After": "15"})


async def get_sweep(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """GET /sweeps/{sweep_id}: how it stands, and its result once it is over."""
    sweep_id = req.route_params["sweep_id"]
    state = await client.get_orchestration_state(sweep_id)
    if state is None or state.name != SWEEP:
        detail = "correct the id; finished sweeps are kept for a stated time"
        return problem(404, "NoSuchSweep", f"no sweep {sweep_id}", detail)
    return answer(
        200,
        {
            "sweepId": sweep_id,
            "runtimeStatus": state.runtime_status.name,
            "createdAt": moment(state.created_at),
            "lastUpdatedAt": moment(state.last_updated_at),
            "status": json.loads(state.serialized_custom_status or "{}"),
            "result": json.loads(state.serialized_output) if state.serialized_output else None,
        },
    )


def _job(sweep_id: str, mode: SweepMode, now: datetime, door: Door, caller: Caller) -> SweepJob:
    import settings

    wanted = settings.current()
    return SweepJob(
        sweep_id=sweep_id,
        mode=mode,
        door=door,
        caller=caller,
        asked_at=now,
        scopes=wanted.allowed_scopes,
        app_name=wanted.app_name,
        minimum_age_minutes=wanted.sweep_age_minutes,
        # So long another task hub's run may still need what it made.
        unknown_age_minutes=wanted.temporary_hours * 60 + math.ceil(wanted.waits.publish.deadline / 60),
    )


async def _start(client: df.DurableFunctionsClient, job: SweepJob) -> None:
    document = job.model_dump(mode="json", exclude_none=True)
    await client.schedule_new_orchestration(SWEEP, input=document, instance_id=job.sweep_id)


blueprint.timer_trigger(arg_name="timer", schedule=_HOURLY)(  # pyright: ignore[reportUnknownMemberType]
    blueprint.durable_client_input(client_name="client")(sweep_leftovers)
)
blueprint.route("sweeps", methods=[func.HttpMethod.POST])(
    blueprint.durable_client_input(client_name="client")(start_sweep)
)
blueprint.route("sweeps/{sweep_id}", methods=[func.HttpMethod.GET])(
    blueprint.durable_client_input(client_name="client")(get_sweep)
)
