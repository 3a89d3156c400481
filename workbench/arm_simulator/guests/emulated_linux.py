"""A small emulation of a Linux guest, for where no sandbox can be had: it knows the sentinel protocol only."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from workbench.arm_simulator.guests.expiry import is_epoch, seconds_late
from workbench.arm_simulator.guests.model import Job, Outcome
from workbench.arm_simulator.specs import LinuxTraits

SENTINEL = "GOLDEN-IMAGE-RESULT"
_EXIT = {"refused": 10, "failed": 20}
_DETACHED = re.compile(r"systemd-run|setsid|\bat\s+(-M\s+)?now")


def sentinel(outcome: str, run_id: str, nonce: str, code: str, message: str, facts: Mapping[str, str]) -> Outcome:
    """A script's end with its sentinel line, and the exit code that goes with the outcome."""
    document = {"version": 1, "runId": run_id, "nonce": nonce, "outcome": outcome, "code": code}
    line = json.dumps({**document, "message": message, "facts": dict(facts)}, separators=(",", ":"))
    return Outcome(_EXIT.get(outcome, 0), f"{message}\n{SENTINEL} {line}\n")


def is_evidence(script: str) -> bool:
    """Whether a script reports the outcome `evidence`, so that it only reads."""
    return re.search(r"""['"]evidence['"]""", script) is not None


class EmulatedLinuxGuest:
    """Judges a script by its parameters and by a few words in it; runs nothing."""

    def __init__(self, traits: LinuxTraits) -> None:
        self._traits = traits
        self._armed: str | None = None
        self._nonce = ""
        self._keep_user = False
        self._agent = True
        self._off = False
        self._jobs: list[Job] = []
        self._serial: list[str] = []
        self._effects: list[str] = []
        self._failure = ""
        self._clock: datetime | None = None
        self._remembers = False

    def set_clock(self, moment: datetime) -> None:
        """Set the clock by which an order expires; until then it is this computer's."""
        self._clock = moment

    async def run(self, script: str, parameters: Mapping[str, str], timeout_s: float) -> Outcome:
        """Answer as the protocol asks; a script without it runs `waagent` directly, or prints a line."""
        self._remembers = True
        run_id, nonce = parameters.get("GOLDEN_RUN_ID", ""), parameters.get("GOLDEN_NONCE", "")
        if "GOLDEN_RUN_ID" in script and "-deprovision" in script and not is_evidence(script):
            return self._deprovision(run_id, nonce, parameters)
        if "GOLDEN_RUN_ID" in script:
            facts = {"failure": self._failure[:200], "armed": self._armed or ""}
            return sentinel("evidence", run_id, nonce, "", self._failure or "nothing failed", facts)
        if "-deprovision" in script and _DETACHED.search(script):
            self._jobs.append(Job(f"job-{len(self._jobs)}", 60.0))
            return Outcome(0, "")
        if "-deprovision" in script:
            self._waagent("waagent -deprovision")
            return Outcome(0, "")
        return Outcome(0, "This is a sample script with parameters\n")

    def _deprovision(self, run_id: str, nonce: str, parameters: Mapping[str, str]) -> Outcome:
        traits, delay = self._traits, parameters.get("GOLDEN_DELAY_SECONDS", "60")
        refusal = self._bad_parameter(run_id, nonce, parameters)
        if refusal is None and self._armed == run_id:
            return sentinel("alreadyArmed", run_id, nonce, "", "This run armed the machine before.", {})
        refusal = refusal or self._refusal(parameters)
        if refusal is not None:
            return sentinel("refused", run_id, nonce, refusal[0], refusal[1], {})
        self._armed, self._nonce = run_id, nonce
        self._keep_user = parameters.get("GOLDEN_KEEP_USER", "false") == "true"
        self._jobs.append(Job(f"job-{len(self._jobs)}", float(delay)))
        facts = {"distribution": traits.distribution, "method": traits.detach[0], "delaySeconds": delay}
        return sentinel("armed", run_id, nonce, "", "The machine seals itself and powers off.", facts)

    def _bad_parameter(self, run_id: str, nonce: str, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        if not run_id or not nonce or not parameters.get("GOLDEN_DELAY_SECONDS", "60").isdigit():
            return "badParameters", "GOLDEN_RUN_ID, GOLDEN_NONCE or GOLDEN_DELAY_SECONDS is missing or wrong."
        if not is_epoch(parameters.get("GOLDEN_NOT_AFTER", "")):
            return "badParameters", "GOLDEN_NOT_AFTER must be seconds since 1970."
        return None

    def _refusal(self, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        if self._armed is not None:
            return "armedByAnotherRun", "Another run armed this machine."
        late = seconds_late(parameters["GOLDEN_NOT_AFTER"], self._clock or datetime.now(UTC))
        if late > 0:
            return "expired", f"The order came {late} seconds too late."
        allow_unknown = parameters.get("GOLDEN_ALLOW_UNKNOWN_OS", "false") == "true"
        if self._traits.distribution.startswith("unknown") and not allow_unknown:
            return "unknownDistribution", "This distribution is not in the table."
        if self._traits.waagent == "missing":
            return "agentMissing", "waagent was not found."
        if not self._traits.detach:
            return "noDetachMethod", "Neither systemd-run nor at nor setsid is there."
        return None

    def scheduled(self) -> tuple[Job, ...]:
        """Detached work, also what has run."""
        return tuple(self._jobs)

    async def run_scheduled(self, job_id: str) -> Outcome:
        """Seal and power off, or fail and stay up."""
        options = "-deprovision" if self._keep_user else "-deprovision+user"
        self._waagent(f"waagent {options} -force")
        if self._traits.waagent == "fails":
            self._agent, self._failure = True, "waagent exited with 1"
            self._serial.append(f"GOLDEN-IMAGE-FAILED {self._armed} {self._nonce} waagentFailed {self._failure}")
            return Outcome(1, "", self._failure)
        if self._armed is not None:
            self._serial.append(f"GOLDEN-IMAGE-SEALED {self._armed} {self._nonce}")
        self._armed = None  # sealing removes the claim, so that it is not in the image
        self._effects.append("poweroff")
        self._off = True
        return Outcome(0, "")

    def _waagent(self, command: str) -> None:
        self._effects.append(command)
        self._agent = False
        if self._traits.waagent != "fails":
            self._remembers = False

    def agent_running(self) -> bool:
        """Whether waagent's service runs."""
        return self._agent

    def remembers_scripts(self) -> bool:
        """Whether a script ran since waagent last removed the agent's state."""
        return self._remembers

    def powered_off(self) -> bool:
        """Whether the guest ordered its own power off."""
        return self._off

    def serial_log(self) -> str:
        """Markers written to the console."""
        return "".join(f"{line}\n" for line in self._serial)

    def effects(self) -> tuple[str, ...]:
        """Commands that cannot be undone."""
        return tuple(self._effects)

    def boot(self) -> None:
        """Services run again."""
        self._off, self._agent = False, True
