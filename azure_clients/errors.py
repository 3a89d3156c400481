"""Translates the SDK's errors into this app's own, with code, message and correlation id.

ArmError
├── ArmRefused      the request was rejected and a retry would not help (400, 403, 404, most 409)
├── ArmThrottled    retry after a number of seconds (429, and 408 or 503 with Retry-After)
└── ArmUnavailable  a retry may succeed (5xx, no answer, no token, another operation in progress)
"""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from azure_clients.correlation import CORRELATION_HEADER
from azure_clients.denials import denial_text
from contracts.digits import read_digits
from contracts.polling import DEFAULT_RETRY_AFTER_SECONDS, LONGEST_RETRY_AFTER_SECONDS
from contracts.redaction import redact, visible

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

_MOST_CHARACTERS = 500
_IN_PROGRESS = re.compile(
    r"another operation is in progress|execution is in progress|after some time|ConflictingConcurrentWrite"
    r"|conflict with a concurrent request|too many requests on source",
    re.I,
)


class ArmError(Exception):
    """An error from Azure; the text contains no token and no signed URL."""

    def __init__(self, code: str, message: str, correlation_id: str | None = None) -> None:
        """Store code, message (at most 500 characters) and x-ms-correlation-request-id."""
        self.code = code
        self.message = clean(message)
        self.correlation_id = correlation_id
        super().__init__(f"{code}: {self.message}" + (f" (correlation id {correlation_id})" if correlation_id else ""))


class ArmRefused(ArmError):
    """Azure rejected the request; a retry would be rejected too. `status` is the HTTP status."""

    def __init__(self, status: int, code: str, message: str, correlation_id: str | None = None) -> None:
        """Store the HTTP status too."""
        self.status = status
        super().__init__(code, message, correlation_id)


class ArmThrottled(ArmError):
    """Azure throttled the request. `seconds` is its Retry-After, at most 1,800."""

    def __init__(self, seconds: int, code: str, message: str, correlation_id: str | None = None) -> None:
        """Store the seconds too."""
        self.seconds = min(max(seconds, 1), LONGEST_RETRY_AFTER_SECONDS)
        super().__init__(code, message, correlation_id)


class ArmUnavailable(ArmError):
    """Azure did not return a usable answer; a retry may succeed."""


def clean(text: str) -> str:
    """Remove URL queries, signatures and tokens from a text, and shorten it to one line of 500 characters."""
    text = redact(" ".join(visible(text).split()))
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


@asynccontextmanager
async def arm_errors() -> AsyncGenerator[None]:
    """Translate every error of azure-core and azure-identity that is raised inside."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    try:
        yield
    except ClientAuthenticationError as error:
        raise ArmUnavailable("AuthenticationFailed", _message(error), _correlation_id(error)) from None
    except HttpResponseError as error:
        raise _translate(error) from None
    except AzureError as error:
        raise ArmUnavailable("NoAnswer", f"{type(error).__name__}: {error.message}") from None
    except ValueError as error:
        # The content type is JSON and the body is not.
        raise ArmUnavailable("UnreadableAnswer", f"the answer could not be read: {type(error).__name__}") from None
    except TimeoutError:
        raise ArmUnavailable("NoAnswer", "no answer in time") from None


def _translate(error: "HttpResponseError") -> ArmError:
    status = error.status_code or 0
    code = str(getattr(error.error, "code", None) or f"HTTP {status}")
    message, correlation_id = _message(error), _correlation_id(error)
    seconds = _retry_after(error)
    if status == 429 or (status in {408, 503} and seconds is not None):
        return ArmThrottled(DEFAULT_RETRY_AFTER_SECONDS if seconds is None else seconds, code, message, correlation_id)
    # Below 400 the answer was not an error but could not be read: a proxy's page, or an incomplete body.
    in_progress = status == 409 and _IN_PROGRESS.search(f"{code} {message}")
    if status < 400 or status in {401, 408} or status >= 500 or in_progress:
        return ArmUnavailable(code, message, correlation_id)
    return ArmRefused(status, code, message, correlation_id)


def _message(error: "HttpResponseError") -> str:
    message = str(getattr(error.error, "message", None) or error.reason or error.message or type(error).__name__)
    return denial_text(error.error, message) or message


def _correlation_id(error: "HttpResponseError") -> str | None:
    return _headers(error).get(CORRELATION_HEADER)


def _retry_after(error: "HttpResponseError") -> int | None:
    text = _headers(error).get("Retry-After", "")
    return read_digits(text)


def _headers(error: "HttpResponseError") -> Mapping[str, str]:
    return cast("Mapping[str, str]", getattr(error.response, "headers", None) or {})
