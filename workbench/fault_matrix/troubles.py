"""The kinds of trouble, each as the faults that the simulator is told to make of one call."""

from collections.abc import Callable
from enum import StrEnum

from workbench.arm_simulator import Fault
from workbench.fault_matrix.calls import Call

RETRY_AFTER = 17
THROTTLES = 3
OUTAGE = 6
_BUSY = "Another operation is in progress on the resource. Please try again after some time."
_CONFLICT = "The request could not be completed due to a conflict with the current state of the resource."


class Trouble(StrEnum):
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


_FAULTS: dict[Trouble, Callable[[Call], Fault]] = {
    Trouble.REFUSED: lambda call: _status(
        call, 403, "AuthorizationFailed", "The client does not have authorization to perform this action.", count=None
    ),
    Trouble.THROTTLED: lambda call: _status(
        call, 429, "TooManyRequests", "Too many requests.", count=THROTTLES, headers={"Retry-After": str(RETRY_AFTER)}
    ),
    Trouble.CONFLICT: lambda call: _status(call, 409, "Conflict", _CONFLICT),
    Trouble.BUSY: lambda call: _status(call, 409, "OperationNotAllowed", _BUSY),
    Trouble.SERVER_ERROR: lambda call: _status(call, 500, "InternalServerError", "Encountered internal server error."),
    Trouble.OUTAGE: lambda call: _status(call, 503, "ServiceUnavailable", "The service is unavailable.", count=OUTAGE),
    Trouble.CUT_AFTER: lambda call: _fault(call, "cutAfter"),
    Trouble.OPERATION_FAILS: lambda call: _fault(call, "operationFails"),
    Trouble.OPERATION_NEVER_ENDS: lambda call: _fault(call, "operationNeverEnds"),
}
_OF_OPERATIONS = frozenset({Trouble.OPERATION_FAILS, Trouble.OPERATION_NEVER_ENDS})


def fault_of(call: Call, trouble: Trouble) -> Fault:
    """Give the fault by which this call meets this trouble."""
    return _FAULTS[trouble](call)


def troubles_of(call: Call) -> list[Trouble]:
    """Give the kinds of trouble that this call can meet."""
    kinds = [trouble for trouble in Trouble if trouble not in _OF_OPERATIONS or call.begins_an_operation]
    return [trouble for trouble in kinds if trouble is not Trouble.BUSY or call.method != "GET"]
