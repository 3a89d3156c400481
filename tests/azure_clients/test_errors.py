"""Errors of Azure: each is translated to the right exception, and no secret stays in its message."""

import json
from typing import Any, cast

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ODataV4Format,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.utils import CaseInsensitiveDict
from azure.identity import CredentialUnavailableError
from azure.mgmt.core.exceptions import ARMErrorFormat
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from azure_clients.errors import ArmError, ArmRefused, ArmThrottled, ArmUnavailable, arm_errors, clean

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

SECRET = "c2VjcmV0LXNpZ25hdHVyZQ"
CORRELATION = "11111111-2222-3333-4444-555555555555"


class Response:
    """What azure-core's response offers to the errors that are created from it."""

    def __init__(self, status: int, body: object, reason: str = "Reason", **headers: str) -> None:
        self.status_code = status
        self.reason = reason
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.headers = CaseInsensitiveDict({"x-ms-correlation-request-id": CORRELATION, **named})
        self._text = body if isinstance(body, str) else json.dumps(body)

    def text(self, encoding: str | None = None) -> str:
        return self._text

    def body(self) -> bytes:
        return self._text.encode()


def arm(code: str, message: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message}}


def http_error(response: Response, error_format: type[ODataV4Format] = ARMErrorFormat) -> HttpResponseError:
    return HttpResponseError(response=cast("Any", response), error_format=error_format)


async def translated(error: BaseException) -> ArmError:
    with pytest.raises(ArmError) as caught:
        async with arm_errors():
            raise error
    return caught.value


async def translate(status: int, body: object = "", **headers: str) -> ArmError:
    return await translated(http_error(Response(status, body, **headers)))


TABLE: dict[str, tuple[int, object, dict[str, str], type[ArmError], str]] = {
    "bad request": (400, arm("InvalidParameter", "m"), {}, ArmRefused, "InvalidParameter"),
    "no token": (401, arm("InvalidAuthenticationToken", "m"), {}, ArmUnavailable, "InvalidAuthenticationToken"),
    "not allowed": (403, arm("AuthorizationFailed", "m"), {}, ArmRefused, "AuthorizationFailed"),
    "not there": (404, arm("ResourceNotFound", "m"), {}, ArmRefused, "ResourceNotFound"),
    "time-out of the gateway": (408, arm("RequestTimeout", "m"), {}, ArmUnavailable, "RequestTimeout"),
    "time-out with a time": (408, arm("T", "m"), {"Retry_After": "9"}, ArmThrottled, "T"),
    "generalized": (
        409, arm("OperationNotAllowed", "Operation 'start' is not allowed on VM 'v' since the VM is generalized."), {},
        ArmRefused, "OperationNotAllowed",
    ),
    "another operation": (
        409, arm("OperationNotAllowed", "... since another operation is in progress."), {},
        ArmUnavailable, "OperationNotAllowed",
    ),
    "a Run Command runs": (
        409, arm("Conflict", "Run command extension execution is in progress. Please wait for completion."), {},
        ArmUnavailable, "Conflict",
    ),
    "power state changes": (
        409, arm("OperationNotAllowed", "An ongoing operation ... Please perform operation x after some time."), {},
        ArmUnavailable, "OperationNotAllowed",
    ),
    "concurrent write": (
        409, arm("ConflictingConcurrentWriteNotAllowed", "m"), {}, ArmUnavailable,
        "ConflictingConcurrentWriteNotAllowed",
    ),
    "not running": (
        409, arm("OperationNotAllowed", "Cannot modify extensions in the VM when the VM is not running."), {},
        ArmRefused, "OperationNotAllowed",
    ),
    "precondition": (412, arm("PreconditionFailed", "m"), {}, ArmRefused, "PreconditionFailed"),
    "throttled by compute": (
        429, {"code": "OperationNotAllowed", "message": "too many requests"}, {"Retry_After": "60"},
        ArmThrottled, "OperationNotAllowed",
    ),
    "throttled by ARM": (429, arm("TooManyRequests", "m"), {"Retry_After": "7"}, ArmThrottled, "TooManyRequests"),
    "throttled without a time": (429, "", {}, ArmThrottled, "HTTP 429"),
    "server error": (500, arm("InternalServerError", "m"), {}, ArmUnavailable, "InternalServerError"),
    "bad gateway, a web page": (502, "<html>Bad Gateway</html>", {}, ArmUnavailable, "HTTP 502"),
    "unavailable, empty": (503, "", {}, ArmUnavailable, "HTTP 503"),
    "unavailable with a time": (503, arm("ServerTimeout", "m"), {"Retry_After": "5"}, ArmThrottled, "ServerTimeout"),
    "gateway time-out": (504, arm("GatewayTimeout", "m"), {}, ArmUnavailable, "GatewayTimeout"),
    "an error of no form": (400, {"message": None}, {}, ArmRefused, "HTTP 400"),
    "an error that is a list": (404, "[]", {}, ArmRefused, "HTTP 404"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "body", "headers", "kind", "code"), TABLE.values(), ids=TABLE.keys())
@pytest.mark.parametrize("error_format", [ARMErrorFormat, ODataV4Format])
async def test_an_http_error_is_translated(
    status: int,
    body: object,
    headers: dict[str, str],
    kind: type[ArmError],
    code: str,
    error_format: type[ODataV4Format],
) -> None:
    error = await translated(http_error(Response(status, body, **headers), error_format))
    assert type(error) is kind
    assert error.code == code
    assert error.correlation_id == CORRELATION
    assert str(error).startswith(f"{code}: ")
    assert str(error).endswith(f"(correlation id {CORRELATION})")
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412])
async def test_a_refusal_keeps_the_status(status: int) -> None:
    error = await translate(status, arm("C", "m"))
    assert isinstance(error, ArmRefused)
    assert error.status == status


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1", 1), ("60", 60), ("1200", 1_200), ("1800", 1_800), ("1801", 1_800), ("999999", 1_800), ("soon", 60)],
)
async def test_a_throttle_keeps_azures_seconds_within_bounds(text: str, seconds: int) -> None:
    error = await translate(429, arm("C", "m"), Retry_After=text)
    assert isinstance(error, ArmThrottled)
    assert error.seconds == seconds


async def test_the_message_is_azures() -> None:
    error = await translate(403, arm("AuthorizationFailed", "The client has no permission."))
    assert error.message == "The client has no permission."
    assert str(error) == f"AuthorizationFailed: The client has no permission. (correlation id {CORRELATION})"


async def test_without_a_body_the_message_is_the_reason() -> None:
    assert (await translate(404, "", reason="Not Found")).message == "Not Found"


async def test_the_sdks_own_kinds_are_translated_by_their_status() -> None:
    response = cast("Any", Response(404, arm("NotFound", "m")))
    error = await translated(ResourceNotFoundError(response=response, error_format=ARMErrorFormat))
    assert isinstance(error, ArmRefused)
    assert (error.status, error.code) == (404, "NotFound")


NO_ANSWER: dict[str, tuple[BaseException, str]] = {
    "no connection": (ServiceRequestError("cannot connect"), "NoAnswer"),
    "answer cut off": (ServiceResponseError("connection reset"), "NoAnswer"),
    "any other error of the SDK": (AzureError("odd"), "NoAnswer"),
    "out of time": (TimeoutError(), "NoAnswer"),
    "no identity": (CredentialUnavailableError("no managed identity"), "AuthenticationFailed"),
    "no token": (ClientAuthenticationError("AADSTS700016: no such application"), "AuthenticationFailed"),
    "an error without an answer": (HttpResponseError("odd"), "HTTP 0"),
}


@pytest.mark.parametrize(("raised", "code"), NO_ANSWER.values(), ids=NO_ANSWER.keys())
async def test_a_retry_may_help_after_an_unusable_answer(raised: BaseException, code: str) -> None:
    error = await translated(raised)
    assert type(error) is ArmUnavailable
    assert (error.code, error.correlation_id) == (code, None)
    assert error.message
    assert "correlation id" not in str(error)


async def test_a_401_by_the_credential_keeps_the_correlation_id() -> None:
    response = cast("Any", Response(401, arm("ExpiredAuthenticationToken", "expired")))
    error = await translated(ClientAuthenticationError(response=response))
    assert type(error) is ArmUnavailable
    assert (error.message, error.correlation_id) == ("expired", CORRELATION)


@pytest.mark.parametrize("raised", [TypeError("ours"), KeyError("k"), ArmRefused(404, "C", "m")])
async def test_other_exceptions_pass_unchanged(raised: Exception) -> None:
    with pytest.raises(type(raised)) as caught:
        async with arm_errors():
            raise raised
    assert caught.value is raised


async def test_an_answer_that_is_no_json_may_be_another_one_next_time() -> None:
    error = await translated(json.JSONDecodeError("Expecting value", "", 0))
    assert type(error) is ArmUnavailable
    assert error.code == "UnreadableAnswer"


async def test_without_an_error_nothing_happens() -> None:
    reached = False
    async with arm_errors():
        reached = True
    assert reached


SIGNED = f"https://account.blob.core.windows.net/logs/serial.log?sv=2024&se=2026-01-01&sig={SECRET}%3D"
SECRETS = {
    "a signed URL": SIGNED,
    "in a sentence": f"cannot read {SIGNED}, see the log",
    "in quotes": f"cannot read \"{SIGNED}\" and '{SIGNED}'",
    "in JSON": json.dumps({"uri": SIGNED, "next": SIGNED}),
    "http": SIGNED.replace("https", "http"),
    "an operation's URL": f"https://management.azure.com/operations/1?t=1&c={SECRET}&s={SECRET}",
    "a bearer token": f"Authorization: Bearer {SECRET}.{SECRET}.{SECRET}",
    "a bearer token in small letters": f"authorization: bearer  {SECRET}",
    "both": f"Bearer {SECRET} to {SIGNED}",
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS.keys())
async def test_no_secret_stays_in_the_message(text: str) -> None:
    assert SECRET not in clean(text)
    assert "(removed)" in clean(text)
    for error in (
        await translate(400, arm("C", text)),
        await translate(429, arm("C", text)),
        await translate(500, arm("C", text)),
        await translated(ServiceRequestError(text)),
        await translated(ClientAuthenticationError(text)),
    ):
        assert SECRET not in str(error)
        assert SECRET not in repr(error)


def test_what_is_no_secret_stays() -> None:
    assert clean(f"see {SIGNED} now") == ("see https://account.blob.core.windows.net/logs/serial.log?(removed) now")
    assert clean("go to https://aka.ms/ARMResourceNotFoundFix") == "go to https://aka.ms/ARMResourceNotFoundFix"
    assert clean("Is the VM running? Start it.") == "Is the VM running? Start it."


@unhurried
@given(st.text())
def test_a_clean_message_is_one_short_line_and_does_not_change(text: str) -> None:
    once = clean(text)
    assert len(once) <= 500
    assert len(once.splitlines()) <= 1
    assert clean(once) == once


def test_a_long_message_is_shortened_after_it_was_redacted() -> None:
    assert clean("x" * 501) == "x" * 499 + "…"
    assert clean("x" * 500) == "x" * 500
    assert SECRET[:4] not in clean("x" * 420 + " " + SIGNED)
