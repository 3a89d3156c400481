"""The base class of every activity's result."""

from contracts.error_codes import Failure, Refusal
from contracts.message import Message


class Answer(Message):
    """What every activity returns: a refusal or failure for which a retry does not help, or a time to try again.

    `denied`: nothing was done, because the app's settings no longer allow it. `try_again_after` (seconds) is Azure's
    Retry-After: the orchestrator waits for it on a durable timer.
    """

    refusal: Refusal | None = None
    denied: Refusal | None = None
    failure: Failure | None = None
    try_again_after: int | None = None
    correlation_id: str | None = None
