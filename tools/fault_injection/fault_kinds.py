"""The kinds of faults, and how the simulator injects each into one call."""

from collections.abc import Callable
from enum import StrEnum

from emulators.arm import Fault
from tools.fault_injection.calls import Call

RETRY_AFTER = 17
THROTTLES = 3
OUTAGE = 6
_BUSY = "Another operation is in progress on the resource. Please try again after some time."
_CONFLICT = "The request could not be completed due to a conflict with the current state of the resource."


class FaultKind(StrEnum):
    """What happens to a call."""

    REFUSED = "refused"
    THROTTLED = "throttled"
    CONFLICT = "conflict"
    BUSY = "busy"
    SERVER_ERROR = "serverError"
    OUTAGE = "outage"
    CUT_AFTER = "cutAfter"
    OPERATION_FAILS = "operationFails"
    OPERATION_NEVER_ENDS = "operationNeverEnds"


def _status(call: Call, status: int, code: str, message: str, **more: object) -> Fault:
    values: dict[str, object] = {"status": status, "code": code, "message": message, **more}
    return _fault(call, "status", **values)


def _fault(call: Call, kind: str, **more: object) -> Fault:
    document = {"kind": kind, "method": call.method, "operation": call.operation, "path": call.path, "nth": call.nth}
    return Fault.from_json({**document, **more})


_FAULTS: dict[FaultKind, Callable[[Call], Fault]] = {
    FaultKind.REFUSED: lambda call: _status(
        call, 403, "AuthorizationFailed", "The client does not have authorization to perform this action.", count=None
    ),
    FaultKind.THROTTLED: lambda call: _status(
        call, 429, "TooManyRequests", "Too many requests.", count=THROTTLES, headers={"Retry-After": str(RETRY_AFTER)}
    ),
    FaultKind.CONFLICT: lambda call: _status(call, 409, "Conflict", _CONFLICT),
    FaultKind.BUSY: lambda call: _status(call, 409, "OperationNotAllowed", _BUSY),
    FaultKind.SERVER_ERROR: lambda call: _status(
        call, 500, "InternalServerError", "Encountered internal server error."
    ),
    FaultKind.OUTAGE: lambda call: _status(
        call, 503, "ServiceUnavailable", "The service is unavailable.", count=OUTAGE
    ),
    FaultKind.CUT_AFTER: lambda call: _fault(call, "cutAfter"),
    FaultKind.OPERATION_FAILS: lambda call: _fault(call, "operationFails"),
    FaultKind.OPERATION_NEVER_ENDS: lambda call: _fault(call, "operationNeverEnds"),
}
_OF_OPERATIONS = frozenset({FaultKind.OPERATION_FAILS, FaultKind.OPERATION_NEVER_ENDS})


def fault_of(call: Call, fault_kind: FaultKind) -> Fault:
    """Return the fault that injects this kind into this call."""
    return _FAULTS[fault_kind](call)


def faults_of(call: Call) -> list[FaultKind]:
    """Return the kinds of faults that this call can meet."""
    kinds = [fault_kind for fault_kind in FaultKind if fault_kind not in _OF_OPERATIONS or call.begins_an_operation]
    return [fault_kind for fault_kind in kinds if fault_kind is not FaultKind.BUSY or call.method != "GET"]
