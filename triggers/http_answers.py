"""Responses of the HTTP endpoints: JSON, and errors as problem details (RFC 9457)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import azure.functions as func

from contracts.error_codes import Refusal
from contracts.parsing import Fault
from contracts.polling import RETRY_AFTER
from triggers.entity_state import EngineNotAnswering

_PROBLEM = "urn:golden-images:problem:"


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """Return a JSON response."""
    text = json.dumps(body)
    return func.HttpResponse(text, status_code=status, mimetype="application/json", headers=dict(headers or {}))


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    faults: tuple[Fault, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> func.HttpResponse:
    """Return problem details (RFC 9457); `faults` names every fault of a request by its JSON path."""
    body: dict[str, object] = {"type": f"{_PROBLEM}{code}", "title": title, "status": status, "detail": detail}
    if faults:
        body["faults"] = [fault.model_dump(mode="json") for fault in faults]
    text = json.dumps(body)
    return func.HttpResponse(text, status_code=status, mimetype="application/problem+json", headers=dict(headers or {}))


def refused(status: int, refusal: Refusal) -> func.HttpResponse:
    """Return a refusal as problem details: what was found, and what to change."""
    return problem(status, refusal.code, refusal.message, refusal.remediation)


def not_answering(late: EngineNotAnswering) -> func.HttpResponse:
    """Return 503 if Durable Functions did not answer in time; the caller can safely send the same request again."""
    detail = "send the same request again: it does not start a second run"
    return problem(503, "EngineNotAnswering", str(late), detail, headers={"Retry-After": RETRY_AFTER})


def moment(time: datetime) -> str:
    """Return a time as RFC 3339 text in UTC; Durable Functions returns times without a zone."""
    aware = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")
