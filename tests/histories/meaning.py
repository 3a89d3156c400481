"""Reads payloads as today's contracts do: a field that was added with a default changes no payload's meaning."""

import json
from typing import Any

from contracts.message import Message
from contracts.publish import PublishEnd, PublishJob
from contracts.results import MachineResult, RunResult
from contracts.run import MachineJob
from contracts.steps import GOLDEN_IMAGE, IMAGE_BATCH, PUBLISH_IMAGE, SEND_RESULT, STEPS, SWEEP
from contracts.sweep import SweepResult

_STEPS = {step.name: step.takes for step in STEPS}
_JOBS: dict[str, type[Message]] = {GOLDEN_IMAGE: MachineJob, PUBLISH_IMAGE: PublishJob}
_ENDS: dict[str, type[Message]] = {
    GOLDEN_IMAGE: MachineResult,
    IMAGE_BATCH: RunResult,
    PUBLISH_IMAGE: PublishEnd,
    SWEEP: SweepResult,
}
_SENT: dict[str, type[Message]] = {"machine": MachineResult, "run": RunResult, "sweep": SweepResult}


def of_step(name: str, text: str) -> Any:
    """Give what a step would be told; a step that the catalogue has no longer gets plain JSON."""
    if name == SEND_RESULT.name:
        sent = json.loads(json.loads(text)["text"])
        return _read(_SENT[sent["kind"]], sent)
    return _read(_STEPS.get(name), json.loads(text))


def of_job(name: str, text: str) -> Any:
    """Give what an orchestration would be told."""
    return _read(_JOBS.get(name), json.loads(text))


def of_end(name: str, text: str) -> Any:
    """Give what an orchestration answered."""
    return _read(_ENDS.get(name), json.loads(text))


def _read(model: type[Message] | None, value: Any) -> Any:
    """Give the payload with every default filled in, as plain JSON; Raises ValidationError for one that is no more."""
    return value if model is None or value is None else model.model_validate(value).model_dump(mode="json")
