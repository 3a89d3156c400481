"""How an emulated guest tells scripts apart, and how a script's end looks."""

import json
import re
from collections.abc import Mapping

from workbench.arm_simulator.guests.model import Outcome
from workbench.arm_simulator.specs import Prepared

SENTINEL = "GOLDEN-IMAGE-RESULT"
_EXIT = {"refused": 10, "failed": 20}
_NAME = re.compile(r"^[ \t]*#[ \t]*script:[ \t]*([\w.-]+)[ \t]*\r?$", re.MULTILINE)
_SPEAKS_PROTOCOL = re.compile(r"GOLDEN_RUN_ID|GOLDEN-IMAGE-RESULT|\$runid\b", re.IGNORECASE)
_SEALS = re.compile(r"-deprovision|sysprep[^\n]*/generalize", re.IGNORECASE)


def sentinel(outcome: str, run_id: str, nonce: str, code: str, message: str, facts: Mapping[str, str]) -> Outcome:
    """A script's end with its sentinel line, and the exit code that goes with the outcome."""
    document = {"version": 1, "runId": run_id, "nonce": nonce, "outcome": outcome, "code": code}
    line = json.dumps({**document, "message": message, "facts": dict(facts)}, separators=(",", ":"))
    return Outcome(_EXIT.get(outcome, 0), f"{message}\n{SENTINEL} {line}\n")


def identity(run_id: str, nonce: str, facts: Mapping[str, str]) -> Outcome:
    """The end of a script that reports who the machine is."""
    return sentinel("identity", run_id, nonce, "", f"This machine is {facts['hostName']}.", facts)


def script_name(script: str) -> str:
    """What its marker line `# script: <name>` says; empty without one."""
    found = _NAME.search(script)
    return "" if found is None else found.group(1)


def is_evidence(script: str) -> bool:
    """Whether a script reports the outcome `evidence`, so that it only reads."""
    return re.search(r"""['"]evidence['"]""", script) is not None


def is_identity(script: str) -> bool:
    """Whether a script reports the outcome `identity`, so that it only reads."""
    quoted = re.search(r"""['"]identity['"]""", script) is not None and not _SEALS.search(script)
    return script_name(script) == "read-identity" or quoted


def prepares(script: str) -> str:
    """The name of a prepare script: one with a marker line that speaks no protocol; empty for any other script."""
    return "" if _SPEAKS_PROTOCOL.search(script) or _SEALS.search(script) else script_name(script)


def prepared(name: str, end: Prepared) -> Outcome:
    """The emulated end of a prepare script."""
    if end == "hangs":
        return Outcome(0, f"{name} began\n", never_ends=True)
    return Outcome(end, f"{name} ended\n", duration=30.0)


def updates_packages(name: str) -> bool:
    """Whether a prepare script of this name updates packages, as far as an emulated guest can tell."""
    return "update" in name
