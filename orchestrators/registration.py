"""Registers orchestrators and entities under their names in the catalogue."""

import azure.durable_functions as df

from orchestrators.approval_record import approval_record
from orchestrators.cleanup import cleanup
from orchestrators.definition_lease import definition_lease
from orchestrators.golden_image import golden_image
from orchestrators.idempotency_record import idempotency_record
from orchestrators.image_batch import image_batch
from orchestrators.lease import call_lease
from orchestrators.publish_image import publish_image
from orchestrators.vm_lease import vm_lease

ORCHESTRATIONS = (image_batch, golden_image, publish_image, cleanup, call_lease)
ENTITIES = (vm_lease, definition_lease, idempotency_record, approval_record)

blueprint = df.Blueprint()

for orchestration in ORCHESTRATIONS:
    blueprint.orchestration_trigger(context_name="context")(orchestration)
for entity in ENTITIES:
    blueprint.entity_trigger(context_name="context")(entity)
