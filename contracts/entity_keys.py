"""The entities: which key each has, and what it is asked to do. Keys are case-sensitive and may hold no "/"."""

from typing import NamedTuple

from contracts.catalog import APPROVAL_RECORD, DEFINITION_LEASE, IDEMPOTENCY_RECORD, VM_LEASE
from contracts.ids import VmId
from contracts.resource_ids import ImageDefinitionId

RECORD, DECIDE, FORGET = "record", "decide", "forget"
ACQUIRE, PEEK, RELEASE = "acquire", "peek", "release"
"""The operations that entities perform."""


class EntityKey(NamedTuple):
    """An entity's name and key, in the order of the SDK's EntityInstanceId."""

    entity: str
    key: str


def vm_lease_key(vm_id: VmId) -> EntityKey:
    """Return the entity that holds a VM's lease."""
    return EntityKey(VM_LEASE, vm_id.digest)


def definition_lease_key(definition_id: ImageDefinitionId) -> EntityKey:
    """Return the entity that holds an image definition's lease."""
    return EntityKey(DEFINITION_LEASE, definition_id.digest)


def idempotency_key(request_id: str) -> EntityKey:
    """Return the entity that holds the record of a requestId."""
    return EntityKey(IDEMPOTENCY_RECORD, request_id)


def approval_key(batch_id: str) -> EntityKey:
    """Return the entity that holds the decisions about a request; `batch_id` is the run of the entire request."""
    return EntityKey(APPROVAL_RECORD, batch_id)
