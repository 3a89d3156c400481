"""Registers orchestrators and entities under their names in the catalogue."""

import azure.durable_functions as df

from orchestrators.approval_record import approval_record
from orchestrators.definition_lease import definition_lease
from orchestrators.golden_image import golden_image
from orchestrators.image_batch import image_batch
from orchestrators.lease import call_lease
from orchestrators.machine_lease import machine_lease
from orchestrators.publish_image import publish_image
from orchestrators.request_register import request_register
from orchestrators.sweep import sweep

STORIES = (image_batch, golden_image, publish_image, sweep, call_lease)
ENTITIES = (machine_lease, definition_lease, request_register, approval_record)

blueprint = df.Blueprint()

for story in STORIES:
    blueprint.orchestration_trigger(context_name="context")(story)
for entity in ENTITIES:
    blueprint.entity_trigger(context_name="context")(entity)
