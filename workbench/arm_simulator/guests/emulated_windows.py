"""An emulation of a Windows guest: it answers for a Sysprep script by the sentinel protocol, with Sysprep's traps."""

import random
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from workbench.arm_simulator.guests.expiry import is_epoch, seconds_late
from workbench.arm_simulator.guests.model import Boots, Job, Outcome, System
from workbench.arm_simulator.guests.protocol import (
    identity,
    is_evidence,
    is_identity,
    prepared,
    prepares,
    sentinel,
    updates_packages,
)
from workbench.arm_simulator.guests.windows_disk import UNDEPLOYABLE, WindowsDisk
from workbench.arm_simulator.specs import WindowsTraits

_USER_CONTEXT_FROM = 26100
_SYSPREP_SECONDS = 95.0
_RUN_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True)
class EmulatedWindowsContent:
    """A picture of an emulated Windows disk."""

    traits: WindowsTraits
    disk: WindowsDisk
    system: System = "Windows"

    @property
    def sealed(self) -> bool:
        """Whether it was syspreped, and has not booted since."""
        return self.disk.sealed

    @property
    def boots(self) -> Boots:
        """What becomes of a machine that is made from it."""
        return self.traits.boots

    @property
    def packages(self) -> int:
        """How often packages were updated on it."""
        return self.disk.packages

    def guest(self, root: Path) -> "EmulatedWindowsGuest":
        """A guest with this disk; it lays no files."""
        return EmulatedWindowsGuest(self.traits, disk=replace(self.disk, sealed=False))


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


class EmulatedWindowsGuest:
    """Keyed on the parameters (RunId, Nonce, …) and on a script that orders `/generalize`."""

    def __init__(self, traits: WindowsTraits, *, host_name: str = "source-vm", disk: WindowsDisk | None = None) -> None:
        self._traits = traits
        self._disk = disk or WindowsDisk.new(traits, host_name, _own_chance())
        self._boot_id = str(uuid.uuid4())
        self._armed: str | None = None
        self._first: Outcome | None = None
        self._clock: datetime | None = None
        self._off = False
        self._jobs: list[Job] = []
        self._effects: list[str] = []

    def set_clock(self, moment: datetime) -> None:
        """Set the clock by which an order expires; until then it is this computer's."""
        self._clock = moment

    async def run(self, script: str, parameters: Mapping[str, str], timeout_s: float) -> Outcome:
        """Answer for a deprovision script, an evidence script, a bare Sysprep, or anything else."""
        given = {name.lower(): value for name, value in parameters.items()}
        text = script.lower()
        known = declared(script)
        if known and (unknown := sorted(set(given) - known)):
            message = f"A parameter cannot be found that matches parameter name '{unknown[0]}'."
            return Outcome(1, "", message, duration=2.0)
        if name := prepares(script):
            return self._prepare(name)
        if is_identity(script):
            facts = self._disk.report(given.get("knownuser", ""), given.get("oldhost", ""), self._boot_id)
            return identity(given.get("runid", ""), given.get("nonce", ""), facts)
        if "sysprep" in text and "/generalize" in text and not is_evidence(text):
            if "runid" in given or re.search(r"\$runid\b", text):
                return self._deprovision(given, timeout_s)
            return self._bare_sysprep(text)
        if "runid" in given:
            return self._evidence(given)
        return Outcome(0, "This is a sample script with parameters\r\n", duration=2.0)

    def _prepare(self, name: str) -> Outcome:
        """The script's own end by its traits; updated packages are on the disk."""
        self._effects.append(f"prepared {name}")
        done = prepared(name, self._traits.prepare.get(name, 0))
        if updates_packages(name) and done.exit_code == 0 and not done.never_ends:
            self._disk = replace(self._disk, packages=self._disk.packages + 1)
        return done

    def _deprovision(self, given: Mapping[str, str], timeout_s: float) -> Outcome:
        run_id, nonce = given.get("runid", ""), given.get("nonce", "")
        if _parameters_are_bad(given):
            return _refused(run_id, nonce, "badParameters")
        if self._armed == run_id:
            message = "This run armed the machine before."
            return self._first or sentinel("alreadyArmed", run_id, nonce, "", message, {})
        if (refusal := self._refusal(given)) is not None:
            return _refused(run_id, nonce, refusal)
        self._armed = run_id
        user = given.get("sysprepuser", "")
        self._effects.append(f"sysprep /generalize as {user}" if user else "sysprep /generalize")
        done = self._sysprep(given, run_id, nonce, timeout_s)
        if not done.timed_out:  # ended from outside, it did not come to keep its answer
            self._first = Outcome(done.exit_code, done.stdout, repeated=True)
        return done

    def _refusal(self, given: Mapping[str, str]) -> str | None:
        if self._armed is not None:
            return "armedByAnotherRun"
        if seconds_late(given["notafter"], self._clock or datetime.now(UTC)) > 0:
            return "expired"
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
        self._seal(None if kind == "hangs" else int(kind == "fails"))
        facts = self._facts()
        if user := given.get("sysprepuser", ""):
            facts["sysprepUser"] = user
        if kind == "hangs":
            failed = sentinel("failed", run_id, nonce, "sysprepTimedOut", "Sysprep did not end.", facts)
            return Outcome(20, failed.stdout, duration=limit, timed_out=limit >= timeout_s)
        if kind == "ok":
            delay = float(given.get("shutdowndelayseconds", "45"))
            self._jobs.append(Job(f"shutdown-{len(self._jobs)}", delay + _SYSPREP_SECONDS))
            done = sentinel("sealed", run_id, nonce, "", "Sealed; shutting down.", facts)
        elif kind == "fails":
            done = sentinel("failed", run_id, nonce, "sysprepFailed", "Sysprep exited with 1.", facts)
        else:
            message = "Sysprep ended, ImageState did not follow."
            done = sentinel("failed", run_id, nonce, "imageStateNotReached", message, facts)
        return Outcome(done.exit_code, done.stdout, duration=_SYSPREP_SECONDS)

    def _seal(self, exit_code: int | None) -> None:
        """Only Sysprep that works leaves a sealed disk."""
        if self._traits.sysprep == "ok":
            self._disk = self._disk.syspreped(self._traits)
        else:
            self._disk = replace(self._disk, image_state=UNDEPLOYABLE, sysprep_exit_code=exit_code)

    def _bare_sysprep(self, text: str) -> Outcome:
        """`/shutdown` powers off even when generalization did not take place; the script never reports."""
        self._effects.append("sysprep /generalize")
        exit_code = int(self._traits.sysprep != "ok")
        self._seal(exit_code)
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
        facts = {"imageState": self._disk.image_state, "sysprepExitCode": self._exit_code()}
        facts["build"] = str(self._traits.build)
        return {**facts, **({"cdromRepaired": "true"} if self._traits.cdrom_disabled else {})}

    def _exit_code(self) -> str:
        code = self._disk.sysprep_exit_code
        return "" if code is None else str(code)

    def scheduled(self) -> tuple[Job, ...]:
        """The delayed shutdown."""
        return tuple(self._jobs)

    async def run_scheduled(self, job_id: str) -> Outcome:
        """Shut down."""
        self._off = True
        return Outcome(0, "")

    def agent_running(self) -> bool:
        """Sysprep with /quit leaves the agent alone."""
        return True

    def remembers_scripts(self) -> bool:
        """The agent's state stays on the disk."""
        return True

    def powered_off(self) -> bool:
        """Whether the guest ordered its own shutdown."""
        return self._off

    def serial_log(self) -> str:
        """Windows writes only the special administration console."""
        return "Computer is booting, SAC started and initialized.\r\n\r\nSAC>\r\n"

    def effects(self) -> tuple[str, ...]:
        """Sysprep runs, in order."""
        return tuple(self._effects)

    def boot(self) -> None:
        """The machine starts again; the volatile key that held the run's mark and answer is gone."""
        self._off, self._armed, self._first, self._boot_id = False, None, None, str(uuid.uuid4())
        self._disk = replace(self._disk, sealed=False)

    def freeze(self) -> EmulatedWindowsContent:
        """A picture of the disk; nothing is copied, since a disk is never changed, only replaced."""
        return EmulatedWindowsContent(self._traits, self._disk)

    def provision(
        self, host_name: str, user: str | None, *, key: str | None = None, rng: random.Random | None = None
    ) -> None:
        """First boot of an image; Windows has no use for an SSH key."""
        self._disk = self._disk.provisioned(self._traits, host_name, user, rng or _own_chance())
        self.boot()


def _own_chance() -> random.Random:
    return random.Random()  # noqa: S311 - made-up identities, no secrets


def _parameters_are_bad(given: Mapping[str, str]) -> bool:
    numbers = (given.get("shutdowndelayseconds", "45"), given.get("syspreptimeoutseconds", "1800"))
    if not _RUN_ID.fullmatch(given.get("runid", "")) or not given.get("nonce"):
        return True
    return not all(number.isdigit() for number in numbers) or not is_epoch(given.get("notafter", ""))


def _refused(run_id: str, nonce: str, code: str) -> Outcome:
    return sentinel("refused", run_id, nonce, code, f"Precondition failed: {code}.", {})
