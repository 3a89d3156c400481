"""How a door answers a message that is no request: faults on `image-results`, the message itself kept whole."""

import hashlib
import logging

import azure.functions as func

from contracts.log_line import log_line
from contracts.reading import Fault
from contracts.reasons import Refusal
from contracts.results import MAX_RESULT_BYTES, Rejection, result_text
from contracts.run import Door

REJECTED_QUEUE = "image-requests-rejected"
RESULTS_QUEUE = "image-results"
CONNECTION = "AzureWebJobsStorage"
_LOG = logging.getLogger("golden_images")


def reject(
    *,
    door: Door,
    message_id: str,
    body: bytes,
    faults: tuple[Fault, ...] = (),
    refusal: Refusal | None = None,
    results: func.Out[bytes],
    rejected: func.Out[bytes],
) -> None:
    """Answer at once and keep the message; it is not retried, since it would be as bad the next time.

    Of a body that no queue message can hold (an event may have 1 MB) the head is kept, and the answer says so.
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
    _LOG.warning(log_line("message rejected", door=door, messageId=message_id, reasons=reasons))
