"""Stores the correlation id of an answer, with which an operator finds the operation in the activity log."""

from typing import Any

CORRELATION_HEADER = "x-ms-correlation-request-id"


class CorrelationId:
    """Passed as `raw_response_hook`; `value` is x-ms-correlation-request-id of the last answer, or None."""

    def __init__(self) -> None:
        """Start without one."""
        self.value: str | None = None

    def __call__(self, response: Any) -> None:
        """Read the header from azure-core's pipeline response."""
        self.value = response.http_response.headers.get(CORRELATION_HEADER, self.value)
