"""Starts orchestrations, and decides what a start under a known id does."""

from collections.abc import Collection
from enum import StrEnum

import grpc

from workbench.task_hub import locks
from workbench.task_hub.errors import HubError
from workbench.task_hub.instances import TERMINAL, Instance, Start, create, delete, find
from workbench.task_hub.transaction import Tx


class Existing(StrEnum):
    """What a start under the id of a finished run does; engines differ. A live run is never replaced by it."""

    REJECT = "reject"
    RESTART = "restart"


def start_by_client(tx: Tx, start: Start, existing: Existing, replaceable: Collection[int]) -> str:
    """Start for a client; `replaceable`, the statuses its request names, goes before the hub's own rule."""
    if start.id.startswith("@"):
        text = f"'{start.id}' is the id of an entity: give an orchestration another"
        raise HubError(grpc.StatusCode.INVALID_ARGUMENT, text)
    known = find(tx, start.id)
    if known is not None:
        rule = frozenset(replaceable) or (TERMINAL if existing is Existing.RESTART else frozenset[int]())
        _replace(tx, known, rule)
    create(tx, start)
    return start.id


def start_by_entity(tx: Tx, start: Start, existing: Existing) -> None:
    """Start for an entity: as for a client without a policy."""
    start_by_client(tx, start, existing, ())


def start_child(tx: Tx, start: Start, existing: Existing) -> None:
    """Start for a parent, which may always replace a finished child of its own: that is how it tries again."""
    known = find(tx, start.id)
    if known is not None:
        own = start.parent is not None and known.parent == start.parent.instance.n
        _replace(tx, known, TERMINAL if own or existing is Existing.RESTART else frozenset())
    create(tx, start)


def _replace(tx: Tx, known: Instance, replaceable: Collection[int]) -> None:
    if known.status not in replaceable:
        raise HubError(grpc.StatusCode.ALREADY_EXISTS, f"Orchestration instance '{known.id}' already exists")
    discard(tx, known)


def discard(tx: Tx, instance: Instance) -> None:
    """Delete an instance with its locks."""
    locks.release(tx, instance.n)
    delete(tx, instance)
