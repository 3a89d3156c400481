"""An emulated Linux VM that runs scripts as Run Command, systemd and at do."""

import asyncio
import os
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from emulators.guest.copying import copy_disk, create_from_snapshot
from emulators.guest.file_tree import create_boot_state, create_file_tree
from emulators.guest.isolation import SandboxKind, host_environment, isolated, sandbox_kind
from emulators.guest.provisioning import provision
from emulators.guest.residue import put_back, take_down
from emulators.guest.traits import LinuxTraits

JOB_TIMEOUT_S = 30.0
TIMED_OUT = -1
RUN_COMMAND_HANDLER = "var/lib/waagent/run-command-handler"
RUN_COMMAND_FOLDER = f"{RUN_COMMAND_HANDLER}/download"


@dataclass(frozen=True)
class ScriptResult:
    """The result of a script: exit code (-1 when it timed out and was stopped), and its output so far."""

    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool


@dataclass(frozen=True)
class ScheduledJob:
    """Detached work that waits for its time: its id, and its delay in seconds."""

    id: str
    delay_seconds: float


class LinuxGuest:
    """One emulated VM; its state is in files below root, so a new process can continue with it."""

    def __init__(
        self, root: Path, traits: LinuxTraits, *, kind: SandboxKind | None = None, snapshot: Path | None = None
    ) -> None:
        """Creates the VM's file tree below root, or uses the existing one.

        snapshot is a folder from `copy_disk_to`: the VM's disk then starts as a copy of it. kind forces one sandbox;
        the default is the best one of this computer. Raises RuntimeError when none works here (see
        sandbox_kind).
        """
        chosen = kind or sandbox_kind()
        if chosen is None:
            raise RuntimeError(
                "No sandbox works here. Install bubblewrap, or allow user namespaces for util-linux's unshare."
            )
        self._kind: SandboxKind = chosen
        self._traits = traits
        self._runs = root.resolve() / "runs"
        self._runs.mkdir(parents=True, exist_ok=True)
        self.files = root.resolve() / "fs"
        if snapshot is None:
            create_file_tree(self.files, traits)
        else:
            create_from_snapshot(self.files, snapshot, traits)

    async def run(self, script: str, environment: Mapping[str, str], timeout_s: float = 30) -> ScriptResult:
        """Runs script as managed Run Command does: a file of mode 0500 started through a shell, as root.

        environment holds the named parameters. Raises RuntimeError on a VM that is off, ValueError for a
        name that is not valid for an environment variable.
        """
        self._must_be_on()
        if bad := [name for name in environment if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)]:
            raise ValueError(f"{bad} are not valid names of environment variables")
        number = self._next_run()
        file = self.files / RUN_COMMAND_FOLDER / str(number) / "script.sh"
        file.parent.mkdir(parents=True)
        file.write_text(script)
        file.chmod(0o500)
        guest_path = f"/{file.relative_to(self.files)}"
        return await self._execute_or_leave(number, ("/bin/sh", "-c", guest_path), environment, timeout_s)

    def scheduled(self) -> tuple[ScheduledJob, ...]:
        """Detached work that has not started, oldest first; none on a VM that is off."""
        if self.powered_off():
            return ()
        jobs = [job for job in (self.files / ".machine/jobs").iterdir() if (job / "delay").exists()]
        waiting = [job for job in jobs if not (job / "started").exists()]
        ordered = sorted(waiting, key=lambda job: int(job.name))
        return tuple(ScheduledJob(job.name, float((job / "delay").read_text())) for job in ordered)

    async def run_scheduled(self, job_id: str) -> ScriptResult:
        """Runs a job, as systemd or atd does when it is due, once. Raises KeyError when it is not waiting."""
        self._must_be_on()
        if job_id not in {job.id for job in self.scheduled()}:
            raise KeyError(f"job {job_id!r} is not waiting on this VM")
        job = self.files / ".machine/jobs" / job_id
        (job / "started").touch()
        command = (job / "command").read_bytes().decode().split("\0")[:-1]
        return await self._execute_or_leave(self._next_run(), command, {}, JOB_TIMEOUT_S)

    def set_clock(self, moment: datetime) -> None:
        """Sets the clock that `date` shows; it then does not advance. By default `date` shows this computer's time.

        Raises ValueError for a moment without a time zone. File times are always this computer's.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone; pass an aware datetime")
        (self.files / ".machine/clock").write_text(f"{int(moment.timestamp())}\n")

    def serial_log(self) -> str:
        """All text written to ttyS0 and the console since the VM was created."""
        return (self.files / "dev/ttyS0").read_text()

    def powered_off(self) -> bool:
        """Whether the guest powered itself off."""
        return (self.files / ".machine/power").read_text().strip() == "off"

    def agent_running(self) -> bool:
        """Whether the Azure agent's service runs; without it Run Command neither starts nor reports a script."""
        return not self.powered_off() and (self.files / ".machine/agent").read_text().strip() == "running"

    def remembers_scripts(self) -> bool:
        """Whether Run Command's handler has its history; the history is lost when waagent empties its folder."""
        return (self.files / RUN_COMMAND_HANDLER).exists()

    def effects(self) -> tuple[str, ...]:
        """Every call of a stub with its arguments, oldest first, such as "waagent -deprovision+user -force"."""
        return tuple((self.files / ".machine/effects").read_text().splitlines())

    def boot(self) -> None:
        """Powers the VM on again: /run is empty, transient timers are removed, the agent runs."""
        for job in (self.files / ".machine/jobs").iterdir():
            (job / "started").touch()
        create_boot_state(self.files, self._traits)

    def deprovisioned(self) -> bool:
        """Whether waagent deprovisioned the VM and it has not booted since."""
        return (self.files / ".machine/deprovisioned").exists()

    def note(self, effect: str) -> None:
        """Adds a line to the effects."""
        with (self.files / ".machine/effects").open("a") as effects:
            effects.write(f"{effect}\n")

    def copy_disk_to(self, folder: Path) -> None:
        """Copies the disk to a folder that does not exist yet (a few ms)."""
        copy_disk(self.files, folder)

    def provision(self, host_name: str, user: str | None, key: str | None, rng: random.Random) -> None:
        """The first boot of a generalized image; see the module provisioning."""
        provision(self.files, self._traits, host_name, user, key, rng)

    def _must_be_on(self) -> None:
        if self.powered_off():
            raise RuntimeError("the VM is powered off; power it on first")

    def _next_run(self) -> int:
        """One more than the number of every earlier run of this VM and of the disk it was copied from."""
        folders = (self._runs, self.files / RUN_COMMAND_FOLDER)
        number = max([0, *(int(run.name) for folder in folders if folder.is_dir() for run in folder.iterdir())]) + 1
        (self._runs / str(number)).mkdir()
        return number

    async def _execute_or_leave(
        self, number: int, command: Sequence[str], environment: Mapping[str, str], timeout_s: float
    ) -> ScriptResult:
        """Runs the script; when it deprovisions the VM, restores the residue that the traits name."""
        left = None if self.deprovisioned() or not self._traits.leaves else take_down(self.files, self._traits.leaves)
        result = await self._execute(number, command, environment, timeout_s)
        if left is not None and self.deprovisioned():
            put_back(self.files, left)
        return result

    async def _execute(
        self, number: int, command: Sequence[str], environment: Mapping[str, str], timeout_s: float
    ) -> ScriptResult:
        """Output goes to files, not pipes: output before a timeout is kept, and no process can block it.

        Every process of the guest has the pipe `held` open: the end of `alive` means that the last one has ended,
        which the exit of the isolating program does not mean.
        """
        folder = self._runs / str(number)
        line = isolated(self._kind, self.files, environment, command)
        alive, held = (os.fdopen(end, mode, buffering=0) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
        with alive, held:
            with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
                process = await start(line, out, err, held.fileno())
            try:
                exit_code = await asyncio.wait_for(process.wait(), timeout_s)
            except TimeoutError:
                exit_code = TIMED_OUT
            finally:
                if process.returncode is None:  # timed out or cancelled: the guest's processes end with this one
                    process.kill()
                    await process.wait()
                held.close()
                await asyncio.to_thread(alive.read, 1)
        texts = [(folder / name).read_text(errors="replace") for name in ("stdout", "stderr")]
        return ScriptResult(exit_code, *texts, timed_out=exit_code == TIMED_OUT)


async def start(line: Sequence[str], out: BinaryIO, err: BinaryIO, held: int) -> asyncio.subprocess.Process:
    """Starts the isolating program; held is a descriptor that it and the guest keep open."""
    return await asyncio.create_subprocess_exec(
        *line,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        env=host_environment(),
        cwd="/",
        pass_fds=(held,),
    )
