"""What every step of the catalogue gives at least."""

from contracts.message import Message
from contracts.reasons import Failure, Refusal


class Answer(Message):
    """What every step gives: a refusal or failure that cannot get better, or a time to ask again.

    `try_again_after` (seconds) is Azure's Retry-After: the orchestrator waits it on a durable timer.
    """

    refusal: Refusal | None = None
    failure: Failure | None = None
    try_again_after: int | None = None
    correlation_id: str | None = None
