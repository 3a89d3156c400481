"""How an emulated guest distinguishes scripts, and the result of a script."""

import json
import re
from collections.abc import Mapping

from emulators.arm.guests.model import Outcome
from emulators.arm.guests.traits import Customized

SENTINEL = "GOLDEN-IMAGE-RESULT"
_EXIT = {"refused": 10, "failed": 20}
_NAME = re.compile(r"^[ \t]*#[ \t]*script:[ \t]*([\w.-]+)[ \t]*\r?$", re.MULTILINE)
_SPEAKS_PROTOCOL = re.compile(r"GOLDEN_RUN_ID|GOLDEN-IMAGE-RESULT|\$runid\b", re.IGNORECASE)
_DEPROVISIONS = re.compile(r"-deprovision|sysprep[^\n]*/generalize", re.IGNORECASE)


def sentinel(outcome: str, run_id: str, nonce: str, code: str, message: str, facts: Mapping[str, str]) -> Outcome:
    """The result of a script: its result line, and the exit code for the outcome."""
    document = {"version": 1, "runId": run_id, "nonce": nonce, "outcome": outcome, "code": code}
    line = json.dumps({**document, "message": message, "facts": dict(facts)}, separators=(",", ":"))
    return Outcome(_EXIT.get(outcome, 0), f"{message}\n{SENTINEL} {line}\n")


def identity(run_id: str, nonce: str, facts: Mapping[str, str]) -> Outcome:
    """The result of a script that reports the identity of the VM."""
    return sentinel("identity", run_id, nonce, "", f"This VM is {facts['hostName']}.", facts)


def script_name(script: str) -> str:
    """The name in the line `# script: <name>`; empty without that line."""
    found = _NAME.search(script)
    return "" if found is None else found.group(1)


def is_evidence(script: str) -> bool:
    """Whether a script reports the outcome `evidence`, so that it only reads."""
    return re.search(r"""['"]evidence['"]""", script) is not None


def is_identity(script: str) -> bool:
    """Whether a script reports the outcome `identity`, so that it only reads."""
    quoted = re.search(r"""['"]identity['"]""", script) is not None and not _DEPROVISIONS.search(script)
    return script_name(script) == "read-identity" or quoted


def customizes(script: str) -> str:
    """The name of a customizer script (with a `# script:` line, without the protocol); empty for any other script."""
    return "" if _SPEAKS_PROTOCOL.search(script) or _DEPROVISIONS.search(script) else script_name(script)


def customized(name: str, end: Customized) -> Outcome:
    """The emulated result of a customizer script."""
    if end == "hangs":
        return Outcome(0, f"{name} began\n", never_ends=True)
    return Outcome(end, f"{name} ended\n", duration=30.0)


def updates_packages(name: str) -> bool:
    """Whether a customizer script of this name updates packages, by the text that an emulated guest can see."""
    return "update" in name
