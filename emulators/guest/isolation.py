"""Builds the command line that runs a program inside a guest's file tree, isolated from this computer."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

SandboxKind = Literal["bwrap", "unshare"]

ENTER = Path(__file__).with_name("enter.sh")
GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL")
PROBE_EXIT_CODE = 42

# The programs of this computer that a guest may use. A script cannot use a program that is not in this list.
GUEST_TOOLS = (
    "sh bash echo cat rm sed awk grep head tail tr cut ls ln mkdir chmod chown mv cp find id readlink env tee sort wc "
    "date touch true false mktemp stat uname nohup basename dirname umount setpriv "
    "sha256sum uniq expr timeout"
)


def shared_folders() -> tuple[str, ...]:
    """Names of this computer's top folders with programs and libraries (on most systems only "usr")."""
    return tuple(
        name
        for name in ("usr", "bin", "sbin", "lib", "lib64")
        if Path("/", name).is_dir() and not Path("/", name).is_symlink()
    )


@cache
def guest_tools() -> tuple[tuple[str, str], ...]:
    """The guest's programs and their paths in the guest. Programs that this computer lacks are skipped."""
    found = ((tool, shutil.which(tool, path="/usr/bin:/bin:/usr/sbin:/sbin")) for tool in GUEST_TOOLS.split())
    return tuple((tool, f"/.host{Path(place).resolve()}") for tool, place in found if place)


def create_skeleton(root: Path) -> None:
    """Creates folders, mount points and links to this computer's programs below root."""
    for folder in (".old", "proc", "dev", "tmp", "run", "usr/bin", "usr/sbin"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name in shared_folders():
        (root / ".host" / name).mkdir(parents=True)
    (root / "dev/null").touch()
    for name in ("lib", "lib64"):
        host = Path("/", name)
        if host.exists():
            (root / name).symlink_to(f".host{host.resolve()}")
    (root / "bin").symlink_to("usr/bin")
    (root / "sbin").symlink_to("usr/sbin")
    for tool, target in guest_tools():
        os.symlink(target, root / "usr/bin" / tool)


def isolated(kind: SandboxKind, root: Path, environment: Mapping[str, str], command: Sequence[str]) -> list[str]:
    """The command line for this computer that runs command (guest paths) in the tree at root, as the guest's root.

    No network, own processes, no device but /dev/null, this computer's programs read-only, no way to gain privileges.
    The environment is set inside, so that none of it (LD_PRELOAD...) affects a program outside.
    """
    inside = ["/usr/bin/env", "-i", f"PATH={GUEST_PATH}", *(f"{k}={v}" for k, v in environment.items()), *command]
    if kind == "unshare":
        spaces = ["--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup"]
        outside = ["unshare", *spaces, "--fork", "--kill-child", "--propagation", "private"]
        return [*outside, "/bin/sh", str(ENTER), str(root), *inside]
    mounts = ["--bind", str(root), "/", "--dev-bind", "/dev/null", "/dev/null"]
    for name in shared_folders():
        mounts += ["--ro-bind", f"/{name}", f"/.host/{name}"]
    rights = ["--cap-drop", "ALL", *(word for name in CAPABILITIES for word in ("--cap-add", f"CAP_{name}"))]
    spaces = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--uid", "0", "--gid", "0"]
    return ["bwrap", *spaces, *mounts, *rights, "--chdir", "/", "--", *inside]


@cache
def sandbox_kind() -> SandboxKind | None:
    """The sandbox that works here: bubblewrap, else plain namespaces, else None (tested once, then cached)."""
    return next((kind for kind in ("bwrap", "unshare") if works(kind)), None)


def works(kind: SandboxKind) -> bool:
    """Whether this kind works here: it is started once, in a tree of its own (about 50 ms)."""
    needed = ("bwrap",) if kind == "bwrap" else ("unshare", "mount", "umount", "pivot_root", "setpriv")
    if not all(shutil.which(tool) for tool in needed):
        return False
    with tempfile.TemporaryDirectory(prefix="guest-sandbox-") as folder:
        root = Path(folder)
        create_skeleton(root)
        command = isolated(kind, root, {}, ("/bin/sh", "-c", f"exit {PROBE_EXIT_CODE}"))
        try:
            done = subprocess.run(command, capture_output=True, timeout=10, env=host_environment())
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == PROBE_EXIT_CODE


def host_environment() -> dict[str, str]:
    """The environment of the isolating program itself: only the PATH of its own tools."""
    return {"PATH": os.defpath + ":/usr/sbin:/sbin", "LC_ALL": "C"}
