"""Every function name that the app registers. Tests compare the loaded app with this list."""

from contracts.catalog import (
    ACTIVITIES,
    APPROVAL_RECORD,
    CALL_LEASE,
    CLEANUP,
    DEFINITION_LEASE,
    GOLDEN_IMAGE,
    IDEMPOTENCY_RECORD,
    IMAGE_BATCH,
    PUBLISH_IMAGE,
    VM_LEASE,
)

ORCHESTRATORS = (IMAGE_BATCH, GOLDEN_IMAGE, PUBLISH_IMAGE, CLEANUP, CALL_LEASE)
ENTITIES = (VM_LEASE, DEFINITION_LEASE, IDEMPOTENCY_RECORD, APPROVAL_RECORD)
TRIGGERS = (
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
    "clean_up_on_schedule",
    "start_cleanup",
    "get_cleanup",
)
ACTIVITY_NAMES = tuple(activity.name for activity in ACTIVITIES)
ALL = (*ORCHESTRATORS, *ENTITIES, *ACTIVITY_NAMES, *TRIGGERS)
