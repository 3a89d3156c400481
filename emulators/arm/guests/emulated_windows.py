"""An emulation of a Windows guest: it answers Sysprep scripts by the result protocol, with Sysprep's known failures."""

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from emulators.arm.guests.emulated import EmulatedGuest, own_chance
from emulators.arm.guests.expiry import is_epoch, seconds_late
from emulators.arm.guests.model import Job, Outcome
from emulators.arm.guests.protocol import customizes, identity, is_evidence, is_identity, sentinel
from emulators.arm.guests.traits import WindowsTraits
from emulators.arm.guests.windows_disk import UNDEPLOYABLE, WindowsDisk

_USER_CONTEXT_FROM = 26100
_SYSPREP_SECONDS = 95.0
_RUN_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def declared(script: str) -> set[str]:
    """Names in the script's own `param(…)` block, in lower case."""
    block = re.search(r"^\s*param\s*\(", script, re.MULTILINE | re.IGNORECASE)
    if block is None:
        return set()
    depth, end = 1, block.end()
    while depth and end < len(script):
        depth += {"(": 1, ")": -1}.get(script[end], 0)
        end += 1
    return {name.lower() for name in re.findall(r"\$(\w+)", script[block.end() : end])}


class EmulatedWindowsGuest(EmulatedGuest[WindowsTraits, WindowsDisk]):
    """Answers by the parameters (RunId, Nonce, …) and by whether the script runs `/generalize`."""

    def __init__(self, traits: WindowsTraits, *, host_name: str = "source-vm", disk: WindowsDisk | None = None) -> None:
        super().__init__(traits, disk or WindowsDisk.new(traits, host_name, own_chance()))
        self._requested: str | None = None
        self._first: Outcome | None = None

    async def run(self, script: str, parameters: Mapping[str, str], timeout_s: float) -> Outcome:
        """Answer a deprovision script, an evidence script, a direct Sysprep, or any other script."""
        given = {name.lower(): value for name, value in parameters.items()}
        text = script.lower()
        known = declared(script)
        if known and (unknown := sorted(set(given) - known)):
            message = f"A parameter cannot be found that matches parameter name '{unknown[0]}'."
            return Outcome(1, "", message, duration=2.0)
        if name := customizes(script):
            return self._customize(name)
        if is_identity(script):
            facts = self._disk.report(given.get("knownuser", ""), given.get("oldhost", ""), self._boot_id)
            facts["clock"] = str(int((self._clock or datetime.now(UTC)).timestamp()))
            return identity(given.get("runid", ""), given.get("nonce", ""), facts)
        if "sysprep" in text and "/generalize" in text and not is_evidence(text):
            if "runid" in given or re.search(r"\$runid\b", text):
                return self._request_deprovision(given, timeout_s)
            return self._bare_sysprep(text)
        if "runid" in given:
            return self._evidence(given)
        return Outcome(0, "This is a sample script with parameters\r\n", duration=2.0)

    def _request_deprovision(self, given: Mapping[str, str], timeout_s: float) -> Outcome:
        run_id, nonce = given.get("runid", ""), given.get("nonce", "")
        if _parameters_are_bad(given):
            return _refused(run_id, nonce, "badParameters")
        if self._requested == run_id:
            message = "This run already requested it."
            return self._first or sentinel("alreadyRequested", run_id, nonce, "", message, {})
        if (refusal := self._refusal(given)) is not None:
            return _refused(run_id, nonce, refusal)
        self._requested = run_id
        user = given.get("sysprepuser", "")
        self._effects.append(f"sysprep /generalize as {user}" if user else "sysprep /generalize")
        done = self._sysprep(given, run_id, nonce, timeout_s)
        if not done.timed_out:  # a script that was stopped has stored no answer
            self._first = Outcome(done.exit_code, done.stdout, repeated=True)
        return done

    def _refusal(self, given: Mapping[str, str]) -> str | None:
        if self._requested is not None:
            return "requestedByAnotherRun"
        if seconds_late(given["notafter"], self._clock or datetime.now(UTC)) > 0:
            return "expired"
        if given.get("bootid", self._boot_id) != self._boot_id:
            return "bootChanged"
        if given.get("sysprepuser"):
            if not self._is_administrator(given["sysprepuser"], given.get("syspreppassword", "")):
                return "badCredential"
        elif self._traits.build >= _USER_CONTEXT_FROM:
            return "buildNeedsUserContext"
        return self._traits.precondition

    def _is_administrator(self, user: str, password: str) -> bool:
        name = user.removeprefix(".\\").lower()
        known = {account.lower(): secret for account, secret in self._traits.administrators.items()}
        return bool(password) and known.get(name) == password

    def _sysprep(self, given: Mapping[str, str], run_id: str, nonce: str, timeout_s: float) -> Outcome:
        limit = float(given.get("syspreptimeoutseconds", "1800"))
        kind = self._traits.sysprep
        self._deprovision(None if kind == "hangs" else int(kind == "fails"))
        facts = self._facts()
        if user := given.get("sysprepuser", ""):
            facts["sysprepUser"] = user
        if kind == "hangs":
            failed = sentinel("failed", run_id, nonce, "sysprepTimedOut", "Sysprep did not end.", facts)
            return Outcome(20, failed.stdout, duration=limit, timed_out=limit >= timeout_s)
        if kind == "ok":
            delay = float(given.get("shutdowndelayseconds", "45"))
            self._jobs.append(Job(f"shutdown-{len(self._jobs)}", delay + _SYSPREP_SECONDS))
            done = sentinel("deprovisioned", run_id, nonce, "", "Deprovisioned; shutting down.", facts)
        elif kind == "fails":
            done = sentinel("failed", run_id, nonce, "sysprepFailed", "Sysprep exited with 1.", facts)
        else:
            message = "Sysprep ended, but ImageState is not generalized."
            done = sentinel("failed", run_id, nonce, "imageStateNotReached", message, facts)
        return Outcome(done.exit_code, done.stdout, duration=_SYSPREP_SECONDS)

    def _deprovision(self, exit_code: int | None) -> None:
        """Only a successful Sysprep leaves a deprovisioned disk."""
        if self._traits.sysprep == "ok":
            self._disk = self._disk.syspreped(self._traits)
        else:
            self._disk = replace(self._disk, image_state=UNDEPLOYABLE, sysprep_exit_code=exit_code)

    def _bare_sysprep(self, text: str) -> Outcome:
        """`/shutdown` powers off even when generalization did not take place; the script never reports."""
        self._effects.append("sysprep /generalize")
        exit_code = int(self._traits.sysprep != "ok")
        self._deprovision(exit_code)
        if "/shutdown" in text:
            self._jobs.append(Job(f"shutdown-{len(self._jobs)}", _SYSPREP_SECONDS))
            return Outcome(0, "", never_ends=True)
        return Outcome(exit_code, "", duration=_SYSPREP_SECONDS)

    def _evidence(self, given: Mapping[str, str]) -> Outcome:
        exit_code = self._exit_code()
        tail = "" if exit_code in ("", "0") else "SYSPRP Sysprep_Clean_Validate_Opk: validation failed"
        human = f"ImageState: {self._disk.image_state}\r\nSysprep exit code: {exit_code}\r\nsetuperr.log: {tail}"
        run_id, nonce = given.get("runid", ""), given.get("nonce", "")
        return sentinel("evidence", run_id, nonce, "", human, self._facts())

    def _facts(self) -> dict[str, str]:
        build = str(self._traits.build)
        return {"imageState": self._disk.image_state, "sysprepExitCode": self._exit_code(), "build": build}

    def _exit_code(self) -> str:
        code = self._disk.sysprep_exit_code
        return "" if code is None else str(code)

    async def run_scheduled(self, job_id: str) -> Outcome:
        """Shut down."""
        self._off = True
        return Outcome(0, "")

    def agent_running(self) -> bool:
        """Sysprep with /quit does not stop the agent."""
        return True

    def remembers_scripts(self) -> bool:
        """The agent's state stays on the disk."""
        return True

    def serial_log(self) -> str:
        """Windows writes only the special administration console."""
        return "Computer is booting, SAC started and initialized.\r\n\r\nSAC>\r\n"

    def boot(self) -> None:
        """The volatile registry key with the run's record and answer is gone."""
        super().boot()
        self._requested, self._first = None, None

    def provision(
        self, host_name: str, user: str | None, *, key: str | None = None, rng: random.Random | None = None
    ) -> None:
        """The first boot of an image; the SSH key is not used on Windows."""
        self._disk = self._disk.provisioned(self._traits, host_name, user, rng or own_chance())
        self.boot()


def _parameters_are_bad(given: Mapping[str, str]) -> bool:
    numbers = (given.get("shutdowndelayseconds", "45"), given.get("syspreptimeoutseconds", "1800"))
    if not _RUN_ID.fullmatch(given.get("runid", "")) or not given.get("nonce"):
        return True
    return not all(number.isdigit() for number in numbers) or not is_epoch(given.get("notafter", ""))


def _refused(run_id: str, nonce: str, code: str) -> Outcome:
    return sentinel("refused", run_id, nonce, code, f"Precondition failed: {code}.", {})
