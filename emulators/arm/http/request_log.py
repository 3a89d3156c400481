"""The request log: caller, request, time and status; no tokens and no bodies."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class RequestRecord:
    """One request to the emulated API. `status` 0 means that no response was sent."""

    number: int
    at: datetime
    method: str
    path: str
    operation: str
    action: str
    vm: str | None
    status: int
    code: str
    client_request_id: str
    correlation_id: str
    faults: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """The record as JSON."""
        return {**asdict(self), "at": self.at.isoformat(), "faults": list(self.faults)}
