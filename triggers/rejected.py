"""Answers a message that is not a valid request: its faults go to `image-results`, the message to another queue."""

import hashlib
import logging

import azure.functions as func

from contracts.error_codes import Refusal
from contracts.log_line import LOGGER, log_line
from contracts.parsing import Fault
from contracts.queues import REJECTED_QUEUE
from contracts.results import MAX_RESULT_BYTES, Rejection, result_text
from contracts.run import Trigger

_LOG = logging.getLogger(LOGGER)


def reject(
    *,
    trigger: Trigger,
    message_id: str,
    body: bytes,
    faults: tuple[Fault, ...] = (),
    refusal: Refusal | None = None,
    results: func.Out[bytes],
    rejected: func.Out[bytes],
) -> None:
    """Answer at once and keep the message. It is not retried: the result would be the same.

    If the body is too large for a queue message (an event may have 1 MB), only its beginning is kept, and the answer
    says so.
    """
    kept, kept_in = body, REJECTED_QUEUE
    if len(body) > MAX_RESULT_BYTES:
        digest = hashlib.sha256(body).hexdigest()
        kept = body[:MAX_RESULT_BYTES]
        kept_in = f"{REJECTED_QUEUE} (the first {len(kept)} of {len(body)} bytes; SHA-256 of all: {digest})"
    answer = Rejection(message_id=message_id, faults=faults, refusal=refusal, kept_in=kept_in)
    rejected.set(kept)
    results.set(result_text(answer).encode())
    reasons = [fault.path for fault in faults] or [refusal.code if refusal else None]
    _LOG.warning(log_line("message rejected", trigger=trigger, messageId=message_id, reasons=reasons))
