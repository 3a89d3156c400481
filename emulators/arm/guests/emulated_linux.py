"""A small emulation of a Linux guest, for computers without a sandbox: it supports only the result protocol."""

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from emulators.arm.guests.emulated import EmulatedGuest, own_chance
from emulators.arm.guests.expiry import is_epoch, seconds_late
from emulators.arm.guests.linux_disk import LinuxDisk
from emulators.arm.guests.model import Job, Outcome
from emulators.arm.guests.protocol import customizes, identity, is_evidence, is_identity, sentinel, updates_packages
from emulators.arm.guests.traits import LinuxTraits

_DETACHED = re.compile(r"systemd-run|setsid|\bat\s+(-M\s+)?now")


class EmulatedLinuxGuest(EmulatedGuest[LinuxTraits, LinuxDisk]):
    """Checks the parameters of a script and searches its text; runs nothing."""

    def __init__(self, traits: LinuxTraits, *, host_name: str = "source-vm", disk: LinuxDisk | None = None) -> None:
        super().__init__(traits, disk or LinuxDisk.new(traits, host_name, own_chance()))
        self._nonce = ""
        self._keep_user = False
        self._agent = True
        self._serial: list[str] = []

    async def run(self, script: str, parameters: Mapping[str, str], timeout_s: float) -> Outcome:
        """Answer by the protocol; a script without the protocol runs `waagent` directly or prints a line."""
        self._disk = replace(self._disk, remembers_scripts=True)
        run_id, nonce = parameters.get("GOLDEN_RUN_ID", ""), parameters.get("GOLDEN_NONCE", "")
        if name := customizes(script):
            failing = updates_packages(name) and self._traits.packages != "ok"
            return self._customize(name, int(failing))
        if is_identity(script):
            if parameters.get("GOLDEN_GREETS") == "true":
                self._serial.append(f"GOLDEN-IMAGE-HELLO {run_id} {nonce}")
            known, old = parameters.get("GOLDEN_KNOWN_USER", ""), parameters.get("GOLDEN_OLD_HOST", "")
            return identity(run_id, nonce, self._report(known, old))
        if "GOLDEN_RUN_ID" in script and "-deprovision" in script and not is_evidence(script):
            return self._deprovision(run_id, nonce, parameters)
        if "GOLDEN_RUN_ID" in script:
            failure = self._disk.failure
            facts = {"failure": failure[:200], "requested": self._disk.requested or ""}
            return sentinel("evidence", run_id, nonce, "", failure or "nothing failed", facts)
        if "-deprovision" in script and _DETACHED.search(script):
            self._jobs.append(Job(f"job-{len(self._jobs)}", 60.0))
            return Outcome(0, "")
        if "-deprovision" in script:
            self._keep_user = "+user" not in script
            self._waagent("waagent -deprovision", thorough=False)
            return Outcome(0, "")
        return Outcome(0, "This is a sample script with parameters\n")

    def _report(self, known_user: str, old_host: str) -> dict[str, str]:
        clock = int((self._clock or datetime.now(UTC)).timestamp())
        return {**self._disk.report(known_user, old_host, self._boot_id), "clock": str(clock)}

    def _deprovision(self, run_id: str, nonce: str, parameters: Mapping[str, str]) -> Outcome:
        traits, delay = self._traits, parameters.get("GOLDEN_DELAY_SECONDS", "60")
        refusal = self._bad_parameter(run_id, nonce, parameters)
        if refusal is None and self._disk.requested == run_id:
            return sentinel("alreadyRequested", run_id, nonce, "", "This run already requested it.", {})
        refusal = refusal or self._refusal(parameters)
        if refusal is not None:
            return sentinel("refused", run_id, nonce, refusal[0], refusal[1], {})
        self._disk, self._nonce = replace(self._disk, requested=run_id), nonce
        self._keep_user = parameters.get("GOLDEN_KEEP_USER", "false") == "true"
        self._jobs.append(Job(f"job-{len(self._jobs)}", float(delay)))
        facts = {"distribution": traits.distribution, "method": traits.detach[0], "delaySeconds": delay}
        return sentinel("requested", run_id, nonce, "", "The VM deprovisions itself and powers off.", facts)

    def _bad_parameter(self, run_id: str, nonce: str, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        if not run_id or not nonce or not parameters.get("GOLDEN_DELAY_SECONDS", "60").isdigit():
            return "badParameters", "GOLDEN_RUN_ID, GOLDEN_NONCE or GOLDEN_DELAY_SECONDS is missing or wrong."
        if not is_epoch(parameters.get("GOLDEN_NOT_AFTER", "")):
            return "badParameters", "GOLDEN_NOT_AFTER must be seconds since 1970."
        return None

    def _refusal(self, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        if self._disk.requested is not None:
            return "requestedByAnotherRun", "Another run is deprovisioning this VM."
        late = seconds_late(parameters["GOLDEN_NOT_AFTER"], self._clock or datetime.now(UTC))
        if late > 0:
            return "expired", f"The request is {late} seconds too old."
        if parameters.get("GOLDEN_BOOT_ID", self._boot_id) != self._boot_id:
            return "bootChanged", "The VM has booted since the request was made."
        allow_unknown = parameters.get("GOLDEN_ALLOW_UNKNOWN_OS", "false") == "true"
        if self._traits.distribution.startswith("unknown") and not allow_unknown:
            return "unknownDistribution", "This distribution is not in the table."
        if self._traits.waagent == "missing":
            return "agentMissing", "waagent was not found."
        if not self._traits.detach:
            return "noDetachMethod", "None of systemd-run, at and setsid is installed."
        return None

    async def run_scheduled(self, job_id: str) -> Outcome:
        """Deprovision and power off, or fail and stay running."""
        options, run_id = "-deprovision" if self._keep_user else "-deprovision+user", self._disk.requested
        self._waagent(f"waagent {options} -force", thorough=run_id is not None)
        if self._traits.waagent == "fails":
            failure = "waagent exited with 1"
            self._agent, self._disk = True, replace(self._disk, failure=failure)
            self._serial.append(f"GOLDEN-IMAGE-FAILED {run_id} {self._nonce} waagentFailed {failure}")
            return Outcome(1, "", failure)
        if run_id is not None:
            self._serial.append(f"GOLDEN-IMAGE-DEPROVISIONED {run_id} {self._nonce}")
        self._effects.append("poweroff")
        self._off = True
        return Outcome(0, "")

    def _waagent(self, command: str, thorough: bool) -> None:
        self._effects.append(command)
        self._agent = False
        if self._traits.waagent != "fails":
            self._disk = self._disk.after_waagent(self._traits, self._keep_user, thorough)

    def agent_running(self) -> bool:
        """Whether waagent's service runs."""
        return self._agent

    def remembers_scripts(self) -> bool:
        """Whether a script ran since waagent last removed the agent's state."""
        return self._disk.remembers_scripts

    def serial_log(self) -> str:
        """Markers written to the console."""
        return "".join(f"{line}\n" for line in self._serial)

    def boot(self) -> None:
        """Services run again."""
        super().boot()
        self._agent = True

    def provision(
        self, host_name: str, user: str | None, *, key: str | None = None, rng: random.Random | None = None
    ) -> None:
        """The first boot of an image."""
        self._disk = self._disk.provisioned(self._traits, host_name, user, key, rng or own_chance())
        self.boot()
