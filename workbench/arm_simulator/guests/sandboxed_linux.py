"""A Linux guest that runs the script's real text in a sandbox."""

import functools
import importlib
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.arm_simulator.guests.emulated_linux import EmulatedLinuxGuest
from workbench.arm_simulator.guests.model import Guest, Job, Outcome
from workbench.arm_simulator.specs import LinuxTraits

#: No script of a test or a demo runs longer than this in real seconds; one that does counts as hanging.
_MOST_REAL_SECONDS = 60.0


@functools.cache
def sandbox_kind() -> str | None:
    """Which sandbox can be had here: "bwrap", "unshare", or None."""
    try:
        sandbox: Any = importlib.import_module("workbench.guest_sandbox")
    except ImportError:
        return None
    kind = sandbox.sandbox_kind()
    return None if kind is None else str(kind)


def linux_guest(root: Path, traits: LinuxTraits, emulate: bool = False) -> Guest:
    """The real script in a sandbox where one can be had, else the emulation."""
    if emulate or sandbox_kind() is None:
        return EmulatedLinuxGuest(traits)
    return SandboxedLinuxGuest(root, traits)


class SandboxedLinuxGuest:
    """Hands scripts to `workbench.guest_sandbox` and tells what they did.

    The machine's file tree is laid when its first script arrives, so that a large fleet costs nothing before.
    ValueError when the sandbox does not know the traits.
    """

    def __init__(self, root: Path, traits: LinuxTraits) -> None:
        self._sandbox: Any = importlib.import_module("workbench.guest_sandbox")
        self._traits: Any = self._sandbox.LinuxTraits(**asdict(traits))
        self._root = root
        self._laid: Any = None

    def _machine(self) -> Any:
        if self._laid is None:
            self._root.mkdir(parents=True, exist_ok=True)
            self._laid = self._sandbox.LinuxGuest(self._root, self._traits)
        return self._laid

    def set_clock(self, moment: datetime) -> None:
        """Set the clock that `date` shows in the guest."""
        self._machine().set_clock(moment)

    async def run(self, script: str, parameters: Mapping[str, str], timeout_s: float) -> Outcome:
        """Run the script as root of the sandbox, parameters as environment variables."""
        began = time.monotonic()
        limit = min(timeout_s, _MOST_REAL_SECONDS)
        return _outcome(await self._machine().run(script, dict(parameters), limit), began)

    def scheduled(self) -> tuple[Job, ...]:
        """Detached work that the script left behind."""
        return tuple(Job(str(job.id), float(job.delay_seconds)) for job in self._machine().scheduled())

    async def run_scheduled(self, job_id: str) -> Outcome:
        """Run detached work now."""
        began = time.monotonic()
        return _outcome(await self._machine().run_scheduled(job_id), began)

    def agent_running(self) -> bool:
        """Whether the agent's service runs."""
        return self._laid is None or bool(self._laid.agent_running())

    def remembers_scripts(self) -> bool:
        """Whether the state of Run Command's handler is still on the machine's disk."""
        return self._laid is not None and bool(self._laid.remembers_scripts())

    def powered_off(self) -> bool:
        """Whether the guest powered itself off."""
        return self._laid is not None and bool(self._laid.powered_off())

    def serial_log(self) -> str:
        """What was written to the console."""
        return "" if self._laid is None else str(self._laid.serial_log())

    def effects(self) -> tuple[str, ...]:
        """What the stubs recorded."""
        return () if self._laid is None else tuple(str(effect) for effect in self._laid.effects())

    def boot(self) -> None:
        """Power it on again."""
        if self._laid is not None:
            self._laid.boot()


def _outcome(result: Any, began: float) -> Outcome:
    hangs = bool(result.timed_out)
    text = str(result.stdout), str(result.stderr)
    return Outcome(int(result.exit_code), *text, timed_out=hangs, duration=time.monotonic() - began, never_ends=hangs)
