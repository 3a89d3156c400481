"""Long-running operations: their state, and how each ends."""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from emulators.arm.state.clock import Clock

type OperationStatus = Literal["InProgress", "Succeeded", "Failed", "Canceled"]
#: The resource provider of an operation, which sets the path of its URL.
type Family = Literal["compute", "disks", "gallery", "network"]

FAMILY_PATHS: dict[Family, tuple[str, str]] = {
    "compute": ("Microsoft.Compute", "operations"),
    "disks": ("Microsoft.Compute", "DiskOperations"),
    "gallery": ("Microsoft.Compute", "capsOperations"),
    "network": ("Microsoft.Network", "operations"),
}

PREEMPTED = "Operation execution has been preempted by a more recent operation."


@dataclass(frozen=True)
class Fate:
    """The injected end of an accepted operation: it fails with a code, or never ends."""

    ends: Literal["fails", "never"]
    code: str = "InternalExecutionError"
    message: str = "An internal execution error occurred. Please retry later."


@dataclass
class Operation:
    """One long-running operation. `vm_id` is the id of the VM, or of the other resource, that it changes."""

    id: str
    kind: str
    subscription_id: str
    location: str
    vm_id: str
    started: datetime
    fate: Fate | None = None
    family: Family = "compute"
    status: OperationStatus = "InProgress"
    ended: datetime | None = None
    output: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """The status document (HTTP 200 even when the status is Failed)."""
        document: dict[str, Any] = {"startTime": self.started.isoformat()}
        if self.ended is not None:
            document["endTime"] = self.ended.isoformat()
        document["status"] = self.status
        if self.output is not None:
            document["properties"] = {"output": self.output}
        if self.error is not None:
            document["error"] = self.error
        return {**document, "name": self.id}


class Operations:
    """All long-running operations, by id."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._all: dict[str, Operation] = {}

    def begin(
        self, kind: str, vm_id: str, location: str, fate: Fate | None = None, family: Family = "compute"
    ) -> Operation:
        """A new operation, in progress."""
        operation_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        subscription = vm_id.split("/")[2]
        operation = Operation(operation_id, kind, subscription, location, vm_id, self._clock.now(), fate, family)
        self._all[operation_id] = operation
        return operation

    def find(self, operation_id: str) -> Operation | None:
        """The operation with this id, if it exists."""
        return self._all.get(operation_id.lower())

    def succeed(self, operation: Operation, output: dict[str, Any] | None = None) -> None:
        """End it with success; an operation that has ended stays as it is."""
        if operation.status == "InProgress":
            operation.status, operation.ended, operation.output = "Succeeded", self._clock.now(), output

    def fail(self, operation: Operation, code: str, message: str) -> None:
        """End it with an error."""
        if operation.status == "InProgress":
            operation.status, operation.ended = "Failed", self._clock.now()
            operation.error = {"code": code, "message": message}

    def settle(self, operation: Operation) -> None:
        """End it as its fate sets it: with success without one; one that never ends stays in progress."""
        fate = operation.fate
        if fate is None:
            self.succeed(operation)
        elif fate.ends == "fails":
            self.fail(operation, fate.code, fate.message)

    def preempt(self, operation: Operation) -> None:
        """A later operation preempted it."""
        if operation.status == "InProgress":
            operation.status, operation.ended = "Canceled", self._clock.now()
            operation.error = {"code": "OperationPreempted", "message": PREEMPTED}
