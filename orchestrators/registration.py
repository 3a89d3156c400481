"""Registers orchestrators and entities under their names in the catalogue."""

import azure.durable_functions as df

from orchestrators.cleanup.orchestrator import cleanup
from orchestrators.entities.approval_record import approval_record
from orchestrators.entities.idempotency_record import idempotency_record
from orchestrators.entities.lease import definition_lease, vm_lease
from orchestrators.entities.lease_client import call_lease
from orchestrators.golden_image.orchestrator import golden_image
from orchestrators.image_batch.orchestrator import image_batch
from orchestrators.publish_image.orchestrator import publish_image

ORCHESTRATIONS = (image_batch, golden_image, publish_image, cleanup, call_lease)
ENTITIES = (vm_lease, definition_lease, idempotency_record, approval_record)

blueprint = df.Blueprint()

for orchestration in ORCHESTRATIONS:
    blueprint.orchestration_trigger(context_name="context")(orchestration)
for entity in ENTITIES:
    blueprint.entity_trigger(context_name="context")(entity)
