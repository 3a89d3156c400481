"""What the guest said: the sentinel line of its scripts and the marks on its serial console."""

import json
from enum import StrEnum

from contracts.message import Message

SENTINEL = "GOLDEN-IMAGE-RESULT "
SEALED_MARK = "GOLDEN-IMAGE-SEALED"
FAILED_MARK = "GOLDEN-IMAGE-FAILED"


class GuestOutcome(StrEnum):
    """What a guest script says of itself."""

    ARMED = "armed"
    SEALED = "sealed"
    ALREADY_ARMED = "alreadyArmed"
    REFUSED = "refused"
    FAILED = "failed"
    EVIDENCE = "evidence"
    IDENTITY = "identity"


class GuestReport(Message):
    """The sentinel line of a guest script."""

    version: int
    run_id: str
    nonce: str
    outcome: GuestOutcome
    code: str = ""
    message: str = ""
    facts: dict[str, str] = {}


class SerialMark(Message):
    """What the serial log says of one run: sealed, failed with a reason, or nothing."""

    readable: bool
    sealed: bool = False
    failure: str | None = None


def read_report(output: str, *, run_id: str, nonce: str) -> GuestReport | None:
    """Find the last sentinel line of this run in a script's output; None if there is none.

    A line of another run, or one that is cut off, counts as none: the guest is never taken at half a word.
    """
    # Not splitlines: it also splits at characters that may stand inside a JSON string.
    for line in reversed(output.split("\n")):
        if not line.startswith(SENTINEL):
            continue
        try:
            document = json.loads(line.removeprefix(SENTINEL))
            # Half a surrogate pair may be escaped in JSON and can be written nowhere: it becomes a question mark.
            text = json.dumps(document, ensure_ascii=False).encode(errors="replace")
            report = GuestReport.model_validate_json(text)
        except (ValueError, RecursionError):
            continue
        if report.run_id == run_id and report.nonce == nonce:
            return report
    return None


def read_serial_log(log: str, *, run_id: str, nonce: str) -> SerialMark:
    """Find this run's mark in a serial log; other programs may write in the middle of the log, not of a line."""
    failure: str | None = None
    for line in log.splitlines():
        if f"{SEALED_MARK} {run_id} {nonce}" in line:
            return SerialMark(readable=True, sealed=True)
        _, found, rest = line.partition(f"{FAILED_MARK} {run_id} {nonce}")
        if found:
            failure = rest.strip()[:300]
    return SerialMark(readable=True, failure=failure)
