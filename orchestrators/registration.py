"""Registers orchestrators and entities under their names in the catalogue."""

import azure.durable_functions as df

from orchestrators.definition_lease import definition_lease
from orchestrators.golden_image import golden_image
from orchestrators.image_batch import image_batch
from orchestrators.machine_lease import machine_lease
from orchestrators.publish_image import publish_image
from orchestrators.request_register import request_register
from orchestrators.sweep import sweep

blueprint = df.Blueprint()

blueprint.orchestration_trigger(context_name="context")(image_batch)
blueprint.orchestration_trigger(context_name="context")(golden_image)
blueprint.orchestration_trigger(context_name="context")(publish_image)
blueprint.orchestration_trigger(context_name="context")(sweep)
blueprint.entity_trigger(context_name="context")(machine_lease)
blueprint.entity_trigger(context_name="context")(definition_lease)
blueprint.entity_trigger(context_name="context")(request_register)
