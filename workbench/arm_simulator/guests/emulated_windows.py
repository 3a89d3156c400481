"""An emulation of a Windows guest: it answers for a Sysprep script by the sentinel protocol, with Sysprep's traps."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from workbench.arm_simulator.guests.emulated_linux import is_evidence, sentinel
from workbench.arm_simulator.guests.expiry import is_epoch, seconds_late
from workbench.arm_simulator.guests.model import Job, Outcome
from workbench.arm_simulator.specs import WindowsTraits

SEALED = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
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


class EmulatedWindowsGuest:
    """Keyed on the parameters (RunId, Nonce, …) and on a script that orders `/generalize`."""

    def __init__(self, traits: WindowsTraits) -> None:
        self._traits = traits
        self._armed: str | None = None
        self._first: Outcome | None = None
        self._clock: datetime | None = None
        self._image_state = "IMAGE_STATE_COMPLETE"
        self._exit_code: int | None = None
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
        if "sysprep" in text and "/generalize" in text and not is_evidence(text):
            if "runid" in given or re.search(r"\$runid\b", text):
                return self._deprovision(given, timeout_s)
            return self._bare_sysprep(text)
        if "runid" in given:
            return self._evidence(given)
        return Outcome(0, "This is a sample script with parameters\r\n", duration=2.0)

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
        self._effects.append("sysprep /generalize")
        done = self._sysprep(given, run_id, nonce, timeout_s)
        if not done.timed_out:  # ended from outside, it did not come to keep its answer
            self._first = Outcome(done.exit_code, done.stdout, repeated=True)
        return done

    def _refusal(self, given: Mapping[str, str]) -> str | None:
        if self._armed is not None:
            return "armedByAnotherRun"
        if seconds_late(given["notafter"], self._clock or datetime.now(UTC)) > 0:
            return "expired"
        if self._traits.build >= _USER_CONTEXT_FROM:
            return "buildNeedsUserContext"
        return self._traits.precondition

    def _sysprep(self, given: Mapping[str, str], run_id: str, nonce: str, timeout_s: float) -> Outcome:
        limit = float(given.get("syspreptimeoutseconds", "1800"))
        kind = self._traits.sysprep
        self._image_state = "IMAGE_STATE_UNDEPLOYABLE"
        if kind == "hangs":
            failed = sentinel("failed", run_id, nonce, "sysprepTimedOut", "Sysprep did not end.", self._facts())
            return Outcome(20, failed.stdout, duration=limit, timed_out=limit >= timeout_s)
        self._exit_code = 1 if kind == "fails" else 0
        if kind == "ok":
            self._image_state = SEALED
            delay = float(given.get("shutdowndelayseconds", "45"))
            self._jobs.append(Job(f"shutdown-{len(self._jobs)}", delay + _SYSPREP_SECONDS))
            done = sentinel("sealed", run_id, nonce, "", "Sealed; shutting down.", self._facts())
        elif kind == "fails":
            done = sentinel("failed", run_id, nonce, "sysprepFailed", "Sysprep exited with 1.", self._facts())
        else:
            message = "Sysprep ended, ImageState did not follow."
            done = sentinel("failed", run_id, nonce, "imageStateNotReached", message, self._facts())
        return Outcome(done.exit_code, done.stdout, duration=_SYSPREP_SECONDS)

    def _bare_sysprep(self, text: str) -> Outcome:
        """`/shutdown` powers off even when generalization did not take place; the script never reports."""
        self._effects.append("sysprep /generalize")
        works = self._traits.sysprep == "ok"
        self._image_state = SEALED if works else "IMAGE_STATE_UNDEPLOYABLE"
        self._exit_code = 0 if works else 1
        if "/shutdown" in text:
            self._jobs.append(Job(f"shutdown-{len(self._jobs)}", _SYSPREP_SECONDS))
            return Outcome(0, "", never_ends=True)
        return Outcome(0 if works else 1, "", duration=_SYSPREP_SECONDS)

    def _evidence(self, given: Mapping[str, str]) -> Outcome:
        exit_code = "" if self._exit_code is None else str(self._exit_code)
        tail = "" if self._exit_code in (None, 0) else "SYSPRP Sysprep_Clean_Validate_Opk: validation failed"
        human = f"ImageState: {self._image_state}\r\nSysprep exit code: {exit_code}\r\nsetuperr.log: {tail}"
        run_id, nonce = given.get("runid", ""), given.get("nonce", "")
        return sentinel("evidence", run_id, nonce, "", human, self._facts())

    def _facts(self) -> dict[str, str]:
        exit_code = "" if self._exit_code is None else str(self._exit_code)
        facts = {"imageState": self._image_state, "sysprepExitCode": exit_code, "build": str(self._traits.build)}
        return {**facts, **({"cdromRepaired": "true"} if self._traits.cdrom_disabled else {})}

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
        self._off, self._armed, self._first = False, None, None


def _parameters_are_bad(given: Mapping[str, str]) -> bool:
    numbers = (given.get("shutdowndelayseconds", "45"), given.get("syspreptimeoutseconds", "1800"))
    if not _RUN_ID.fullmatch(given.get("runid", "")) or not given.get("nonce"):
        return True
    return not all(number.isdigit() for number in numbers) or not is_epoch(given.get("notafter", ""))


def _refused(run_id: str, nonce: str, code: str) -> Outcome:
    return sentinel("refused", run_id, nonce, code, f"Precondition failed: {code}.", {})
