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

from emulators.arm.guests.emulated_linux import EmulatedLinuxGuest
from emulators.arm.guests.model import Boots, Guest, Job, Outcome, System
from emulators.arm.guests.protocol import customizes
from emulators.arm.guests.traits import LinuxTraits

#: Maximum real seconds of a script in a test or a demo; a longer script counts as hanging.
_MOST_REAL_SECONDS = 60.0
_HANDLER = "var/lib/waagent/run-command-handler"
_PACKAGES = "var/lib/packages-updated"
#: Traits that only the platform, or only an emulated guest, uses.
_NOT_OF_THE_SANDBOX = ("boots", "customize", "arm64_run_commands")


@functools.cache
def sandbox_kind() -> str | None:
    """The sandbox that works on this computer: "bwrap", "unshare", or None."""
    try:
        sandbox: Any = importlib.import_module("emulators.guest")
    except ImportError:
        return None
    kind = sandbox.sandbox_kind()
    return None if kind is None else str(kind)


def linux_guest(root: Path, traits: LinuxTraits, emulate: bool = False, host_name: str = "source-vm") -> Guest:
    """A guest that runs the real script in a sandbox if one works here, else the emulation."""
    if emulate or sandbox_kind() is None:
        return EmulatedLinuxGuest(traits, host_name=host_name)
    return SandboxedLinuxGuest(root, traits, host_name=host_name)


@dataclass(frozen=True)
class SandboxedLinuxContent:
    """A snapshot of a sandboxed disk: a copy of its file tree, or its description while no file tree exists."""

    traits: LinuxTraits
    host_name: str
    tree: Path | None = None
    deprovisioned: bool = False
    system: System = "Linux"

    @property
    def boots(self) -> Boots:
        """How a VM that is created from it boots."""
        return self.traits.boots

    @property
    def packages(self) -> int:
        """How often packages were updated on it."""
        counter = None if self.tree is None else self.tree / _PACKAGES
        return int(counter.read_text()) if counter is not None and counter.exists() else 0

    def guest(self, root: Path) -> "SandboxedLinuxGuest":
        """A guest whose file tree is copied from the snapshot at first use."""
        return SandboxedLinuxGuest(root, self.traits, host_name=self.host_name, snapshot=self.tree)


@dataclass(frozen=True)
class _FirstBoot:
    host_name: str
    user: str | None
    key: str | None
    rng: random.Random


class SandboxedLinuxGuest:
    """Runs scripts in `emulators.guest` and reports their effects.

    The VM's file tree is created when its first script arrives, so that a large fleet costs nothing before.
    Raises ValueError when the sandbox does not support the traits.
    """

    def __init__(
        self, root: Path, traits: LinuxTraits, *, host_name: str = "source-vm", snapshot: Path | None = None
    ) -> None:
        self._sandbox: Any = importlib.import_module("emulators.guest")
        self._given = traits
        known = {name: value for name, value in asdict(traits).items() if name not in _NOT_OF_THE_SANDBOX}
        self._host_name = _as_host(host_name)
        self._traits: Any = self._sandbox.LinuxTraits(**known, host_name=self._host_name)
        self._root = root
        self._snapshot = snapshot
        self._first_boot: _FirstBoot | None = None
        self._guest: Any = None
        self._frozen: SandboxedLinuxContent | None = None
        self._snapshots = 0

    def _vm(self) -> Any:
        if self._guest is None:
            self._root.mkdir(parents=True, exist_ok=True)
            self._guest = self._sandbox.LinuxGuest(self._root, self._traits, snapshot=self._snapshot)
            if (first := self._first_boot) is not None:
                self._guest.provision(first.host_name, first.user, first.key, first.rng)
        self._frozen = None
        return self._guest

    def set_clock(self, moment: datetime) -> None:
        """Set the clock that `date` shows in the guest."""
        self._vm().set_clock(moment)

    async def run(self, script: str, parameters: Mapping[str, str], timeout_s: float) -> Outcome:
        """Run the script as root of the sandbox, parameters as environment variables."""
        began = time.monotonic()
        limit = min(timeout_s, _MOST_REAL_SECONDS)
        if name := customizes(script):
            self._vm().note(f"customized {name}")
        result = await self._vm().run(script, dict(parameters), limit)
        self._frozen = None  # a snapshot may have been created while the script ran
        return _outcome(result, began)

    def scheduled(self) -> tuple[Job, ...]:
        """Detached work that the script scheduled."""
        return tuple(Job(str(job.id), float(job.delay_seconds)) for job in self._vm().scheduled())

    async def run_scheduled(self, job_id: str) -> Outcome:
        """Run detached work now."""
        began = time.monotonic()
        result = await self._vm().run_scheduled(job_id)
        self._frozen = None
        return _outcome(result, began)

    def agent_running(self) -> bool:
        """Whether the agent's service runs."""
        return self._guest is None or bool(self._guest.agent_running())

    def remembers_scripts(self) -> bool:
        """Whether the state of Run Command's handler is still on the VM's disk."""
        if self._guest is not None:
            return bool(self._guest.remembers_scripts())
        return self._snapshot is not None and (self._snapshot / _HANDLER).exists()

    def powered_off(self) -> bool:
        """Whether the guest powered itself off."""
        return self._guest is not None and bool(self._guest.powered_off())

    def serial_log(self) -> str:
        """What was written to the console."""
        return "" if self._guest is None else str(self._guest.serial_log())

    def effects(self) -> tuple[str, ...]:
        """The effects that the stubs recorded."""
        return () if self._guest is None else tuple(str(effect) for effect in self._guest.effects())

    def boot(self) -> None:
        """Power it on again."""
        if self._guest is not None:
            self._vm().boot()

    def freeze(self) -> SandboxedLinuxContent:
        """A snapshot of the disk: the file tree is copied (some ms) unless nothing happened since the last one."""
        if self._guest is None and self._first_boot is None:
            return SandboxedLinuxContent(self._given, self._host_name, self._snapshot)
        if self._frozen is None:
            vm = self._vm()
            self._snapshots += 1
            # Outside the VM's own folder: a snapshot outlives its VM.
            tree = self._root.with_name(f"{self._root.name}-pictures") / str(self._snapshots)
            vm.copy_disk_to(tree)
            self._frozen = SandboxedLinuxContent(self._given, self._host_name, tree, bool(vm.deprovisioned()))
        return self._frozen

    def provision(
        self, host_name: str, user: str | None, *, key: str | None = None, rng: random.Random | None = None
    ) -> None:
        """The first boot of an image; without a file tree, it is provisioned when the tree is created."""
        seed = None if rng is None else rng.getrandbits(64)
        first = _FirstBoot(_as_host(host_name), user, key, random.Random(seed))  # noqa: S311 - test identities
        if self._guest is None:
            self._first_boot = first
        else:
            self._vm().provision(first.host_name, first.user, first.key, first.rng)


def _as_host(name: str) -> str:
    """A VM's name as a host name: invalid characters become hyphens."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", name)[:63].lstrip(".-") or "vm"


def _outcome(result: Any, began: float) -> Outcome:
    hangs = bool(result.timed_out)
    text = str(result.stdout), str(result.stderr)
    return Outcome(int(result.exit_code), *text, timed_out=hangs, duration=time.monotonic() - began, never_ends=hangs)
