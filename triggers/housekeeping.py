"""Forgets old runs: their history first, and later the claims on their requestIds."""

import json
import logging
from datetime import UTC, datetime, timedelta

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import EntityQuery, OrchestrationStatus
from durabletask.entities import EntityMetadata

from contracts.log_line import log_line
from contracts.steps import APPROVAL_RECORD, DEFINITION_LEASE, MACHINE_LEASE, REQUEST_REGISTER

_ENTITIES_A_MESSAGE = 100
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
    claims_before, runs_before = (now - timedelta(days=days) for days in (wanted.claim_days, wanted.history_days))
    claims = await _old_entities(client, REQUEST_REGISTER, claims_before, state=True)
    for claim in claims:
        # It names the claim that it means: a copy of this signal that comes late must not end a newer one.
        await client.signal_entity(claim.id, "forget", {"claim": json.loads(claim.get_state() or "null")})
    for entity in (MACHINE_LEASE, DEFINITION_LEASE, APPROVAL_RECORD):
        for old in await _old_entities(client, entity, runs_before, state=False):
            await client.signal_entity(old.id, "forget")
    # Forgotten claims and leases that were given back leave empty entities behind.
    await client.clean_entity_storage()
    logging.getLogger("golden_images").info(
        log_line("old runs forgotten", runs=purged.deleted_instance_count, claims=len(claims))
    )


async def _old_entities(
    client: df.DurableFunctionsClient, name: str, before: datetime, *, state: bool
) -> list[EntityMetadata]:
    query = EntityQuery(
        instance_id_starts_with=f"@{name}@", last_modified_to=before, include_state=state, page_size=_ENTITIES_A_MESSAGE
    )
    return [found for found in await client.get_all_entities(query) if not state or found.get_state()]


blueprint.timer_trigger(arg_name="timer", schedule=_DAILY)(  # pyright: ignore[reportUnknownMemberType]
    blueprint.durable_client_input(client_name="client")(forget_old_runs)
)
