"""Answers of the HTTP doors: JSON, and errors as RFC 9457 problem details."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import azure.functions as func

from contracts.reading import Fault
from contracts.reasons import Refusal
from triggers.entity_state import EngineNotAnswering

_PROBLEM = "urn:golden-images:problem:"


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """Give a JSON answer."""
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
    """Give problem details (RFC 9457); `faults` names every fault of a request by its JSON path."""
    body: dict[str, object] = {"type": f"{_PROBLEM}{code}", "title": title, "status": status, "detail": detail}
    if faults:
        body["faults"] = [fault.model_dump(mode="json") for fault in faults]
    text = json.dumps(body)
    return func.HttpResponse(text, status_code=status, mimetype="application/problem+json", headers=dict(headers or {}))


def refused(status: int, refusal: Refusal) -> func.HttpResponse:
    """Give a refusal as problem details: what was seen, and what to change."""
    return problem(status, refusal.code, refusal.message, refusal.what_to_change)


def not_answering(late: EngineNotAnswering) -> func.HttpResponse:
    """Say that the engine did not answer in time; nothing is lost, and the same request is the same run."""
    detail = "send the same request again: it starts nothing twice"
    return problem(503, "EngineNotAnswering", str(late), detail, headers={"Retry-After": "15"})


def moment(time: datetime) -> str:
    """Write a time as RFC 3339 in UTC; the engine gives its own without a zone."""
    aware = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")
