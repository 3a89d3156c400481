"""Forgets old runs: their history first, and later the claims on their requestIds."""

import logging
from datetime import UTC, datetime, timedelta

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import EntityQuery, OrchestrationStatus

from contracts.log_line import log_line
from contracts.steps import REQUEST_REGISTER

_DAILY = "0 17 3 * * *"
_OVER = [OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED]
_EVER = datetime(2020, 1, 1, tzinfo=UTC)
blueprint = df.Blueprint()


async def forget_old_runs(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Purge finished runs older than GOLDEN_HISTORY_DAYS, and claims older than GOLDEN_CLAIM_DAYS.

    Claims live longer, so that a message that is delivered once more after its run was purged starts nothing.
    """
    import settings

    wanted, now = settings.current(), datetime.now(UTC)
    purged = await client.purge_orchestrations_by(
        created_time_from=_EVER,
        created_time_to=now - timedelta(days=wanted.history_days),
        runtime_status=_OVER,
    )
    old = EntityQuery(
        instance_id_starts_with=f"@{REQUEST_REGISTER}@",
        last_modified_to=now - timedelta(days=wanted.claim_days),
    )
    forgotten = [claim for claim in await client.get_all_entities(old) if claim.get_state()]
    for claim in forgotten:
        await client.signal_entity(claim.id, "forget")
    # Forgotten claims and leases that were given back leave empty entities behind.
    await client.clean_entity_storage()
    logging.getLogger("golden_images").info(
        log_line("old runs forgotten", runs=purged.deleted_instance_count, claims=len(forgotten))
    )


blueprint.timer_trigger(arg_name="timer", schedule=_DAILY)(  # pyright: ignore[reportUnknownMemberType]
    blueprint.durable_client_input(client_name="client")(forget_old_runs)
)
