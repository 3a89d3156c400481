"""Residue of an incomplete deprovisioning: read before the VM deprovisions, and restored after it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Files of each kind of residue, as patterns below the VM's file tree.
PATTERNS = {
    "authorizedKeys": ("root/.ssh/authorized_keys", "home/*/.ssh/authorized_keys"),
    "hostKeys": ("etc/ssh/ssh_host_*",),
    "vmId": ("etc/machine-id", "var/lib/dbus/machine-id"),
    "logs": ("var/log/*", "var/log/journal/*/*"),
    "hostName": ("etc/hostname",),
}
ACCOUNT_FILES = ("etc/passwd", "etc/shadow", "etc/group")


@dataclass(frozen=True)
class Orphans:
    """Files (path in the tree, content, time of change in ns) and lines of account files."""

    files: tuple[tuple[str, bytes, int], ...] = ()
    lines: tuple[tuple[str, str], ...] = ()


def take_down(root: Path, leaves: Sequence[str]) -> Orphans:
    """Reads the residue that must stay."""
    found = [path for name in leaves for pattern in PATTERNS.get(name, ()) for path in sorted(root.glob(pattern))]
    files = [path for path in found if path.is_file() and not path.is_symlink()]
    kept = tuple((str(path.relative_to(root)), path.read_bytes(), path.stat().st_mtime_ns) for path in files)
    if "user" not in leaves:
        return Orphans(kept)
    accounts = ((name, line) for name in ACCOUNT_FILES for line in (root / name).read_text().splitlines())
    return Orphans(kept, tuple(accounts))


def put_back(root: Path, left: Orphans) -> None:
    """Restores the residue in the tree, with its old times."""
    for name, content, changed in left.files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(changed, changed))
    for name, line in left.lines:
        path = root / name
        text = path.read_text()
        account = line.split(":", 1)[0]
        if not any(known.startswith(f"{account}:") for known in text.splitlines()):
            path.write_text(f"{text}{line}\n")
