"""Deletes old runs: first their history, later their idempotency records."""

import json
import logging
from datetime import UTC, datetime, timedelta

import azure.durable_functions as df
import azure.functions as func
from durabletask.client import EntityQuery, OrchestrationStatus
from durabletask.entities import EntityMetadata

from contracts.catalog import APPROVAL_RECORD, DEFINITION_LEASE, IDEMPOTENCY_RECORD, VM_LEASE
from contracts.entity_keys import FORGET
from contracts.log_line import LOGGER, log_line
from contracts.polling import HOUSEKEEPING_SCHEDULE
from triggers.run_list import EVER

_ENTITIES_A_MESSAGE = 100
_OVER = [OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED]
blueprint = df.Blueprint()


async def forget_old_runs(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Purge finished runs after GOLDEN_HISTORY_RETENTION_DAYS, idempotency records after their own retention.

    Idempotency records are kept longer (GOLDEN_IDEMPOTENCY_RETENTION_DAYS), so that a message that is delivered again
    after its run was purged does not start a second run.
    """
    import settings

    wanted, now = settings.current(), datetime.now(UTC)
    purged = await client.purge_orchestrations_by(
        created_time_from=EVER,
        created_time_to=now - timedelta(days=wanted.history_retention_days),
        runtime_status=_OVER,
    )
    records_before, runs_before = (
        now - timedelta(days=days) for days in (wanted.idempotency_retention_days, wanted.history_retention_days)
    )
    records = await _old_entities(client, IDEMPOTENCY_RECORD, records_before, state=True)
    for record in records:
        # The signal contains the record to delete: a late duplicate of it must not delete a newer record.
        await client.signal_entity(record.id, FORGET, {"record": json.loads(record.get_state() or "null")})
    for name in (VM_LEASE, DEFINITION_LEASE):
        for old in await _old_entities(client, name, runs_before, state=True):
            returned = json.loads(old.get_state() or "{}").get("returned", [])
            if returned:
                await client.signal_entity(old.id, FORGET, {"ticket": returned[-1]})
    for old in await _old_entities(client, APPROVAL_RECORD, runs_before, state=False):
        # Its request cannot start again before the idempotency record is forgotten, which is later.
        await client.signal_entity(old.id, FORGET)
    # Deleted records and released leases leave empty entities behind.
    await client.clean_entity_storage()
    logging.getLogger(LOGGER).info(
        log_line("old runs deleted", runs=purged.deleted_instance_count, idempotencyRecords=len(records))
    )


async def _old_entities(
    client: df.DurableFunctionsClient, name: str, before: datetime, *, state: bool
) -> list[EntityMetadata]:
    query = EntityQuery(
        instance_id_starts_with=f"@{name}@", last_modified_to=before, include_state=state, page_size=_ENTITIES_A_MESSAGE
    )
    return [found for found in await client.get_all_entities(query) if not state or found.get_state()]


blueprint.timer_trigger(arg_name="timer", schedule=HOUSEKEEPING_SCHEDULE)(  # pyright: ignore[reportUnknownMemberType]
    blueprint.durable_client_input(client_name="client")(forget_old_runs)
)
