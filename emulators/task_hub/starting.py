"""Starts orchestrations, and decides what a start with a known id does."""

from collections.abc import Collection
from enum import StrEnum

import grpc

from emulators.task_hub import locks
from emulators.task_hub.errors import HubError
from emulators.task_hub.instances import Instance, Start, create, delete, find
from emulators.task_hub.transaction import Tx


class Existing(StrEnum):
    """What a start with a known id does; engines differ."""

    REJECT = "reject"
    RESTART = "restart"  # an instance that has ended is replaced
    REPLACE = "replace"  # any instance is replaced


def start_by_client(tx: Tx, start: Start, existing: Existing, replaceable: Collection[int] = ()) -> str:
    """Start for a client; `replaceable`, the statuses in its request, restricts what may be replaced."""
    if start.id.startswith("@"):
        text = f"'{start.id}' is the id of an entity: use another id for an orchestration"
        raise HubError(grpc.StatusCode.INVALID_ARGUMENT, text)
    known = find(tx, start.id)
    if known is not None:
        allowed = existing is Existing.REPLACE or (existing is Existing.RESTART and known.terminal)
        if not allowed or (replaceable and known.status not in replaceable):
            text = f"An Orchestration instance with the ID {start.id} already exists."
            raise HubError(grpc.StatusCode.ALREADY_EXISTS, text)
        discard(tx, known)
    create(tx, start)
    return start.id


def start_unasked(tx: Tx, start: Start, existing: Existing) -> None:
    """Start for a parent or an entity: it silently replaces any instance with the id, even one that runs.

    A hub that rejects known ids rejects these too, except a parent's own finished child, which is retried.
    """
    known = find(tx, start.id)
    if known is not None:
        own = start.parent is not None and known.terminal and known.parent == start.parent.instance.n
        if existing is Existing.REJECT and not own:
            raise HubError(grpc.StatusCode.ALREADY_EXISTS, f"Orchestration instance '{start.id}' already exists")
        discard(tx, known)
    create(tx, start)


def discard(tx: Tx, instance: Instance) -> None:
    """Delete an instance with its locks."""
    locks.release(tx, instance.n)
    delete(tx, instance)
