"""The triggers of the cleanup: an hourly timer, and an HTTP endpoint."""

import json
import math
import uuid
from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from contracts.catalog import CLEANUP
from contracts.cleanup import CleanupJob, CleanupMode, CleanupRequest
from contracts.error_codes import RefusalCode
from contracts.ids import cleanup_run_id
from contracts.parsing import BadRequest, read_form
from contracts.polling import CLEANUP_SCHEDULE, RETRY_AFTER
from contracts.run import Caller, Trigger
from triggers.http_answers import answer, moment, problem
from triggers.principal import caller_of
from triggers.schedule import occurrence, stamp

_MOST_BYTES = 16 * 1024
blueprint = df.Blueprint()


async def clean_up_on_schedule(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Start this hour's cleanup in the mode of GOLDEN_CLEANUP_MODE; a late or repeated tick does not start another."""
    import settings

    when = occurrence(CLEANUP_SCHEDULE, datetime.now(UTC))
    cleanup_id, wanted = cleanup_run_id(stamp(when)), settings.current()
    if wanted.cleanup_mode == "off" or not wanted.allowed_scopes:
        return
    if await client.get_orchestration_state(cleanup_id, fetch_payloads=False) is None:
        await _start(client, _job(cleanup_id, CleanupMode(wanted.cleanup_mode), when, Trigger.TIMER, Caller()))


async def start_cleanup(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """POST /cleanups with {"mode"?}: 202 with a link to the cleanup; without a mode it only reports.

    409 CleanupNotAllowed if that is more than GOLDEN_CLEANUP_MODE allows.
    """
    import settings

    body = req.get_body()
    if len(body) > _MOST_BYTES:
        return problem(413, "TooLarge", "the body is too large", f"send at most {_MOST_BYTES} bytes")
    try:
        asked = read_form(CleanupRequest, body or b"{}")
        allowed = settings.current().cleanup_mode
        if allowed == "off" or (asked.mode is CleanupMode.DELETE and allowed != "delete"):
            detail = f'set GOLDEN_CLEANUP_MODE to "{asked.mode}", or send a mode that it allows'
            return problem(409, RefusalCode.CLEANUP_NOT_ALLOWED, f"GOLDEN_CLEANUP_MODE is {allowed}", detail)
        caller = caller_of(dict(req.headers))
        job = _job(cleanup_run_id(uuid.uuid4()), asked.mode, datetime.now(UTC), Trigger.HTTP, caller)
    except BadRequest as bad:
        title = "the body is not a valid cleanup request"
        return problem(400, "BadRequest", title, "correct every fault and send it again", faults=bad.faults)
    except settings.BadSettings as bad:
        return problem(500, "BadSettings", "the app's settings cannot be used", str(bad))
    await _start(client, job)
    links = {"self": f"{req.url.partition('?')[0].rstrip('/')}/{job.cleanup_id}"}
    about = {"cleanupId": job.cleanup_id, "mode": job.mode, "links": links}
    return answer(202, about, {"Location": links["self"], "Retry-After": RETRY_AFTER})


async def get_cleanup(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """GET /cleanups/{cleanup_id}: the status of a cleanup, and its result once it has ended."""
    cleanup_id = req.route_params["cleanup_id"]
    state = await client.get_orchestration_state(cleanup_id)
    if state is None or state.name != CLEANUP:
        detail = "correct the id; finished cleanups are purged after GOLDEN_HISTORY_RETENTION_DAYS"
        return problem(404, "NoSuchCleanup", f"no cleanup {cleanup_id}", detail)
    return answer(
        200,
        {
            "cleanupId": cleanup_id,
            "runtimeStatus": state.runtime_status.name,
            "createdAt": moment(state.created_at),
            "lastUpdatedAt": moment(state.last_updated_at),
            "status": json.loads(state.serialized_custom_status or "{}"),
            "result": json.loads(state.serialized_output) if state.serialized_output else None,
        },
    )


def _job(cleanup_id: str, mode: CleanupMode, now: datetime, trigger: Trigger, caller: Caller) -> CleanupJob:
    import settings

    wanted = settings.current()
    return CleanupJob(
        cleanup_id=cleanup_id,
        mode=mode,
        trigger=trigger,
        caller=caller,
        asked_at=now,
        scopes=wanted.allowed_scopes,
        app_name=wanted.app_name,
        minimum_age_minutes=wanted.cleanup_min_age_minutes,
        # The longest time that a run of another task hub may still need its resources.
        unknown_age_minutes=wanted.temporary_vm_max_hours * 60 + math.ceil(wanted.polling.publish.timeout_seconds / 60),
    )


async def _start(client: df.DurableFunctionsClient, job: CleanupJob) -> None:
    document = job.model_dump(mode="json", exclude_none=True)
    await client.schedule_new_orchestration(CLEANUP, input=document, instance_id=job.cleanup_id)


blueprint.timer_trigger(arg_name="timer", schedule=CLEANUP_SCHEDULE)(  # pyright: ignore[reportUnknownMemberType]
    blueprint.durable_client_input(client_name="client")(clean_up_on_schedule)
)
blueprint.route("cleanups", methods=[func.HttpMethod.POST])(
    blueprint.durable_client_input(client_name="client")(start_cleanup)
)
blueprint.route("cleanups/{cleanup_id}", methods=[func.HttpMethod.GET])(
    blueprint.durable_client_input(client_name="client")(get_cleanup)
)
