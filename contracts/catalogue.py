"""Every name that the app registers: the one list that tests compare the loaded app with."""

from contracts.steps import (
    APPROVAL_RECORD,
    CALL_LEASE,
    DEFINITION_LEASE,
    GOLDEN_IMAGE,
    IMAGE_BATCH,
    MACHINE_LEASE,
    PUBLISH_IMAGE,
    REQUEST_REGISTER,
    STEPS,
    SWEEP,
)

ORCHESTRATORS = (IMAGE_BATCH, GOLDEN_IMAGE, PUBLISH_IMAGE, SWEEP, CALL_LEASE)
ENTITIES = (MACHINE_LEASE, DEFINITION_LEASE, REQUEST_REGISTER, APPROVAL_RECORD)
DOORS = (
    "start_from_queue",
    "start_from_timer",
    "start_from_event_grid",
    "start_run",
    "get_run",
    "list_runs",
    "cancel_run",
    "decide_run",
    "get_request_schema",
    "forget_old_runs",
    "sweep_leftovers",
    "start_sweep",
    "get_sweep",
)
ACTIVITIES = tuple(step.name for step in STEPS)
ALL = (*ORCHESTRATORS, *ENTITIES, *ACTIVITIES, *DOORS)
