"""A Linux guest that runs the script's real text in a sandbox."""

import functools
import importlib
import random
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.arm_simulator.guests.emulated_linux import EmulatedLinuxGuest
from workbench.arm_simulator.guests.model import Boots, Guest, Job, Outcome, System
from workbench.arm_simulator.guests.protocol import prepares
from workbench.arm_simulator.specs import LinuxTraits

#: No script of a test or a demo runs longer than this in real seconds; one that does counts as hanging.
_MOST_REAL_SECONDS = 60.0
_HANDLER = "var/lib/waagent/run-command-handler"
_PACKAGES = "var/lib/packages-updated"
#: Traits that only the platform, or only an emulated guest, looks at.
_NOT_OF_THE_SANDBOX = ("boots", "prepare")


@functools.cache
def sandbox_kind() -> str | None:
    """Which sandbox can be had here: "bwrap", "unshare", or None."""
    try:
        sandbox: Any = importlib.import_module("workbench.guest_sandbox")
    except ImportError:
        return None
    kind = sandbox.sandbox_kind()
    return None if kind is None else str(kind)


def linux_guest(root: Path, traits: LinuxTraits, emulate: bool = False, host_name: str = "source-vm") -> Guest:
    """The real script in a sandbox where one can be had, else the emulation."""
    if emulate or sandbox_kind() is None:
        return EmulatedLinuxGuest(traits, host_name=host_name)
    return SandboxedLinuxGuest(root, traits, host_name=host_name)


@dataclass(frozen=True)
class SandboxedLinuxContent:
    """A picture of a sandboxed disk: a copy of its file tree, or, when that was never laid, what it would be."""

    traits: LinuxTraits
    host_name: str
    tree: Path | None = None
    sealed: bool = False
    system: System = "Linux"

    @property
    def boots(self) -> Boots:
        """What becomes of a machine that is made from it."""
        return self.traits.boots

    @property
    def packages(self) -> int:
        """How often packages were updated on it."""
        counter = None if self.tree is None else self.tree / _PACKAGES
        return int(counter.read_text()) if counter is not None and counter.exists() else 0

    def guest(self, root: Path) -> "SandboxedLinuxGuest":
        """A guest whose file tree is copied from the picture when it is first used."""
        return SandboxedLinuxGuest(root, self.traits, host_name=self.host_name, picture=self.tree)


@dataclass(frozen=True)
class _FirstBoot:
    host_name: str
    user: str | None
    key: str | None
    rng: random.Random


class SandboxedLinuxGuest:
    """Hands scripts to `workbench.guest_sandbox` and tells what they did.

    The machine's file tree is laid when its first script arrives, so that a large fleet costs nothing before.
    ValueError when the sandbox does not know the traits.
    """

    def __init__(
        self, root: Path, traits: LinuxTraits, *, host_name: str = "source-vm", picture: Path | None = None
    ) -> None:
        self._sandbox: Any = importlib.import_module("workbench.guest_sandbox")
        self._given = traits
        known = {name: value for name, value in asdict(traits).items() if name not in _NOT_OF_THE_SANDBOX}
        self._host_name = _as_host(host_name)
        self._traits: Any = self._sandbox.LinuxTraits(**known, host_name=self._host_name)
        self._root = root
        self._picture = picture
        self._first_boot: _FirstBoot | None = None
        self._laid: Any = None
        self._frozen: SandboxedLinuxContent | None = None
        self._pictures = 0

    def _machine(self) -> Any:
        if self._laid is None:
            self._root.mkdir(parents=True, exist_ok=True)
            self._laid = self._sandbox.LinuxGuest(self._root, self._traits, picture=self._picture)
            if (first := self._first_boot) is not None:
                self._laid.provision(first.host_name, first.user, first.key, first.rng)
        self._frozen = None
        return self._laid

    def set_clock(self, moment: datetime) -> None:
        """Set the clock that `date` shows in the guest."""
        self._machine().set_clock(moment)

    async def run(self, script: str, parameters: Mapping[str, str], timeout_s: float) -> Outcome:
        """Run the script as root of the sandbox, parameters as environment variables."""
        began = time.monotonic()
        limit = min(timeout_s, _MOST_REAL_SECONDS)
        if name := prepares(script):
            self._machine().note(f"prepared {name}")
        result = await self._machine().run(script, dict(parameters), limit)
        self._frozen = None  # one may have been made while the script ran
        return _outcome(result, began)

    def scheduled(self) -> tuple[Job, ...]:
        """Detached work that the script left behind."""
        return tuple(Job(str(job.id), float(job.delay_seconds)) for job in self._machine().scheduled())

    async def run_scheduled(self, job_id: str) -> Outcome:
        """Run detached work now."""
        began = time.monotonic()
        result = await self._machine().run_scheduled(job_id)
        self._frozen = None
        return _outcome(result, began)

    def agent_running(self) -> bool:
        """Whether the agent's service runs."""
        return self._laid is None or bool(self._laid.agent_running())

    def remembers_scripts(self) -> bool:
        """Whether the state of Run Command's handler is still on the machine's disk."""
        if self._laid is not None:
            return bool(self._laid.remembers_scripts())
        return self._picture is not None and (self._picture / _HANDLER).exists()

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
            self._machine().boot()

    def freeze(self) -> SandboxedLinuxContent:
        """A picture of the disk: the file tree is copied (some ms) unless nothing happened since the last one."""
        if self._laid is None and self._first_boot is None:
            return SandboxedLinuxContent(self._given, self._host_name, self._picture)
        if self._frozen is None:
            machine = self._machine()
            self._pictures += 1
            # Beside the machine's own folder: a picture outlives its machine.
            tree = self._root.with_name(f"{self._root.name}-pictures") / str(self._pictures)
            machine.copy_disk_to(tree)
            self._frozen = SandboxedLinuxContent(self._given, self._host_name, tree, bool(machine.sealed()))
        return self._frozen

    def provision(
        self, host_name: str, user: str | None, *, key: str | None = None, rng: random.Random | None = None
    ) -> None:
        """First boot of an image; a tree that is not laid yet is provisioned when it is."""
        seed = None if rng is None else rng.getrandbits(64)
        first = _FirstBoot(_as_host(host_name), user, key, random.Random(seed))  # noqa: S311 - made-up identities
        if self._laid is None:
            self._first_boot = first
        else:
            self._machine().provision(first.host_name, first.user, first.key, first.rng)


def _as_host(name: str) -> str:
    """A machine's name as a host's name: what no host name may hold is a hyphen in it."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", name)[:63].lstrip(".-") or "vm"


def _outcome(result: Any, began: float) -> Outcome:
    hangs = bool(result.timed_out)
    text = str(result.stdout), str(result.stderr)
    return Outcome(int(result.exit_code), *text, timed_out=hangs, duration=time.monotonic() - began, never_ends=hangs)
