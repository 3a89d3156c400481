"""Starts orchestrations, and decides what a start under a known id does."""

from enum import StrEnum

import grpc

from workbench.task_hub import locks
from workbench.task_hub.errors import HubError
from workbench.task_hub.instances import Instance, Start, create, delete, find
from workbench.task_hub.transaction import Tx


class Existing(StrEnum):
    """What a start under a known id does; engines differ."""

    REJECT = "reject"
    RESTART = "restart"  # an instance that has ended makes room
    REPLACE = "replace"  # any does


def start_by_client(tx: Tx, start: Start, existing: Existing) -> str:
    """Start for a client; the hub's rule alone says what may be replaced, as on the Durable extension."""
    if start.id.startswith("@"):
        text = f"'{start.id}' is the id of an entity: give an orchestration another"
        raise HubError(grpc.StatusCode.INVALID_ARGUMENT, text)
    known = find(tx, start.id)
    if known is not None:
        _replace(tx, known, existing)
    create(tx, start)
    return start.id


def start_by_entity(tx: Tx, start: Start, existing: Existing) -> None:
    """Start for an entity: as for a client."""
    start_by_client(tx, start, existing)


def start_child(tx: Tx, start: Start, existing: Existing) -> None:
    """Start for a parent, which may always replace a finished child of its own: that is how it tries again."""
    known = find(tx, start.id)
    if known is not None:
        own = start.parent is not None and known.parent == start.parent.instance.n
        _replace(tx, known, Existing.RESTART if own and existing is Existing.REJECT else existing)
    create(tx, start)


def _replace(tx: Tx, known: Instance, existing: Existing) -> None:
    if existing is Existing.REJECT or (existing is Existing.RESTART and not known.terminal):
        raise HubError(grpc.StatusCode.ALREADY_EXISTS, f"Orchestration instance '{known.id}' already exists")
    discard(tx, known)


def discard(tx: Tx, instance: Instance) -> None:
    """Delete an instance with its locks."""
    locks.release(tx, instance.n)
    delete(tx, instance)
