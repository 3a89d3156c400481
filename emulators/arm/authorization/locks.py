"""Management locks: stored by scope, inherited by child scopes."""

import uuid
from dataclasses import dataclass
from typing import Any, Literal

from emulators.arm.errors import scope_locked
from emulators.arm.state.ids import is_within

type LockLevel = Literal["CanNotDelete", "ReadOnly"]


@dataclass(frozen=True)
class Lock:
    """A lock at a scope (a resource, a resource group or a subscription)."""

    scope: str
    level: LockLevel
    name: str
    notes: str = ""

    def body(self) -> dict[str, Any]:
        """The lock as Management Locks - List returns it."""
        properties = {"level": self.level, **({"notes": self.notes} if self.notes else {})}
        lock_id = f"{self.scope}/providers/Microsoft.Authorization/locks/{self.name}"
        kind = "Microsoft.Authorization/locks"
        return {"id": lock_id, "name": self.name, "type": kind, "properties": properties}


class Locks:
    """All locks of the emulator."""

    def __init__(self) -> None:
        self._locks: list[Lock] = []

    def add(self, scope: str, level: LockLevel, name: str | None = None) -> Lock:
        """Add a lock to a scope."""
        lock = Lock(scope.rstrip("/"), level, name or f"lock-{uuid.uuid4().hex[:8]}")
        self._locks.append(lock)
        return lock

    def remove(self, scope: str) -> int:
        """Remove every lock of exactly this scope; returns how many there were."""
        kept = [lock for lock in self._locks if lock.scope.lower() != scope.lower().rstrip("/")]
        removed, self._locks = len(self._locks) - len(kept), kept
        return removed

    def listed_at(self, scope: str, at_scope: bool = False) -> list[Lock]:
        """Locks that apply to a scope: its own, inherited ones and, unless `at_scope`, those of child scopes."""
        below = [] if at_scope else [lock for lock in self._locks if is_within(lock.scope, scope)]
        return [lock for lock in self._locks if is_within(scope, lock.scope) or lock in below]

    def check(self, method: str, scope: str) -> None:
        """Refuse a request that a lock forbids. GET is always allowed."""
        if method == "GET":
            return
        for lock in self._locks:
            forbids = lock.level == "ReadOnly" or method == "DELETE"
            if forbids and is_within(scope, lock.scope):
                raise scope_locked(scope, "delete" if method == "DELETE" else "write", lock.scope)
