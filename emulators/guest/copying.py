"""Copies a VM's disk, also while the VM runs, as a snapshot would."""

import os
import shutil
from pathlib import Path

from emulators.guest.file_tree import create_boot_state, create_consoles
from emulators.guest.traits import LinuxTraits

#: Folders of a VM that are not on its disk; they are empty in the copy.
VOLATILE = frozenset({"run", "proc", "dev", ".old", ".host"})
COMPLETE = ".machine/complete"


def copy_disk(source: Path, target: Path) -> None:
    """Copies the file tree at source to target, which must not exist; links stay links, and every file is copied.

    A file that disappears meanwhile is skipped: the copy is crash-consistent, like a snapshot of a running VM.
    """
    target.mkdir(parents=True)
    for entry in os.scandir(source):
        if entry.name in VOLATILE:
            (target / entry.name).mkdir()
        else:
            copy_entry(Path(entry.path), target / entry.name)
    for name in os.listdir(source / ".host"):
        (target / ".host" / name).mkdir()
    (target / "dev/null").touch()


def copy_entry(source: Path, target: Path) -> None:
    """Copies a file, a link or a folder with its content and times; anything else is skipped."""
    try:
        if source.is_symlink():
            target.symlink_to(os.readlink(source))
            return
        if source.is_dir():
            target.mkdir()
            for entry in os.scandir(source):
                copy_entry(Path(entry.path), target / entry.name)
        elif source.is_file():
            shutil.copyfile(source, target)
        else:
            return
        shutil.copystat(source, target)
    except FileNotFoundError:
        return


def create_from_snapshot(root: Path, snapshot: Path, traits: LinuxTraits) -> None:
    """Creates a VM below root from a snapshot of a disk, unless one exists there.

    It has just booted: nothing is scheduled, the console is empty, and there are no effects yet.
    """
    if (root / COMPLETE).exists():
        return
    if root.exists():
        shutil.rmtree(root)
    copy_disk(snapshot, root)
    (root / COMPLETE).unlink()
    create_consoles(root)
    shutil.rmtree(root / ".machine/jobs")
    (root / ".machine/jobs").mkdir()
    (root / ".machine/effects").write_text("")
    (root / ".machine/clock").unlink(missing_ok=True)
    create_boot_state(root, traits)
    (root / COMPLETE).touch()
