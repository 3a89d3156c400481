"""Reads payloads as today's contracts do: a field that was added with a default changes no payload's meaning."""

import json
from typing import Any

from contracts.catalog import ACTIVITIES, CLEANUP, GOLDEN_IMAGE, IMAGE_BATCH, PUBLISH_IMAGE, SEND_RESULT
from contracts.cleanup import CleanupResult
from contracts.message import Message
from contracts.publish import PublishEnd, PublishJob
from contracts.results import RunResult, VmResult
from contracts.run import VmJob

_ACTIVITIES = {activity.name: activity.takes for activity in ACTIVITIES}
_JOBS: dict[str, type[Message]] = {GOLDEN_IMAGE: VmJob, PUBLISH_IMAGE: PublishJob}
_ENDS: dict[str, type[Message]] = {
    GOLDEN_IMAGE: VmResult,
    IMAGE_BATCH: RunResult,
    PUBLISH_IMAGE: PublishEnd,
    CLEANUP: CleanupResult,
}
_SENT: dict[str, type[Message]] = {"vm": VmResult, "run": RunResult, "cleanup": CleanupResult}


def of_activity(name: str, text: str) -> Any:
    """Return the input of an activity; plain JSON for an activity that the catalog no longer has."""
    if name == SEND_RESULT.name:
        sent = json.loads(json.loads(text)["text"])
        return _read(_SENT[sent["kind"]], sent)
    return _read(_ACTIVITIES.get(name), json.loads(text))


def of_job(name: str, text: str) -> Any:
    """Return the input of an orchestration."""
    return _read(_JOBS.get(name), json.loads(text))


def of_end(name: str, text: str) -> Any:
    """Return the output of an orchestration."""
    return _read(_ENDS.get(name), json.loads(text))


def _read(model: type[Message] | None, value: Any) -> Any:
    """Return the payload with all defaults, as plain JSON; raises ValidationError if it is no longer valid."""
    return value if model is None or value is None else model.model_validate(value).model_dump(mode="json")
