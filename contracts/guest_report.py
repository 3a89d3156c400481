"""What the guest reports: the sentinel line of its scripts and the marks on its serial console."""

import json
import re
from enum import StrEnum

from contracts.message import Message
from contracts.redaction import redact

SENTINEL = "GOLDEN-IMAGE-RESULT "
DEPROVISIONED_MARK = "GOLDEN-IMAGE-DEPROVISIONED"
FAILED_MARK = "GOLDEN-IMAGE-FAILED"
GREETING = "GOLDEN-IMAGE-HELLO"
"""A harmless line that the guest writes before anything is changed: it shows that its console reaches Azure."""
_LONGEST_LINE = 4_096
_KERNEL_STARTS = re.compile(r"\[ {0,8}0\.000000\]")
"""What every Linux kernel prints first: the seconds since it started."""


class GuestOutcome(StrEnum):
    """The outcome that a guest script reports."""

    REQUESTED = "requested"
    DEPROVISIONED = "deprovisioned"
    ALREADY_REQUESTED = "alreadyRequested"
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
    """What the serial log contains about one run: greeted, deprovisioned, failed with a reason, or nothing.

    `shows_boots`: a boot of this VM is in it. `booted_since`: after it was deprovisioned the VM booted again, so that
    the mark proves nothing any more.
    """

    readable: bool
    greeted: bool = False
    shows_boots: bool = False
    deprovisioned: bool = False
    booted_since: bool = False
    failure: str | None = None


def read_report(output: str, *, run_id: str, nonce: str) -> GuestReport | None:
    """Find the last sentinel line of this run in a script's output; None if there is none.

    A line of another run, or a line that is cut off, is ignored: an incomplete report is no report.
    """
    # Not splitlines: it also splits at characters that are allowed inside a JSON string.
    for line in reversed(output.split("\n")):
        if not line.startswith(SENTINEL):
            continue
        try:
            document = json.loads(line.removeprefix(SENTINEL))
            # JSON may contain an escaped half of a surrogate pair, which UTF-8 cannot encode: replace it with "?".
            text = json.dumps(document, ensure_ascii=False).encode(errors="replace")
            report = GuestReport.model_validate_json(text)
        except (ValueError, RecursionError):
            continue
        if report.run_id == run_id and report.nonce == nonce:
            return report
    return None


def read_serial_log(log: str, *, run_id: str, nonce: str) -> SerialMark:
    """Find this run's mark in a serial log. Other programs may write before and after it, but not inside it.

    The log is searched as it is: only the reason of a failure is kept, without secrets and at most 300 characters.
    """
    greeted = f"{GREETING} {run_id} {nonce}" in log
    _, marked, later = log.rpartition(f"{DEPROVISIONED_MARK} {run_id} {nonce}")
    if marked:
        booted = _KERNEL_STARTS.search(later) is not None
        return SerialMark(readable=True, greeted=greeted, deprovisioned=not booted, booted_since=booted)
    _, found, rest = log.rpartition(f"{FAILED_MARK} {run_id} {nonce}")
    if not found:
        return SerialMark(readable=True, greeted=greeted, shows_boots=_KERNEL_STARTS.search(log) is not None)
    reason = next(iter(rest[:_LONGEST_LINE].splitlines()), "")
    return SerialMark(readable=True, greeted=greeted, failure=redact(reason).strip()[:300])
