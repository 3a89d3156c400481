"""Keeps the correlation id of an answer, so that an operator finds the cause in the activity log."""

from typing import Any


class CorrelationId:
    """Passed as `raw_response_hook`; `value` is x-ms-correlation-request-id of the last answer, or None."""

    def __init__(self) -> None:
        """Begin without one."""
        self.value: str | None = None

    def __call__(self, response: Any) -> None:
        """Take the header out of azure-core's pipeline response."""
        self.value = response.http_response.headers.get("x-ms-correlation-request-id", self.value)
