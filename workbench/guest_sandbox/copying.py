"""Copies a machine's disk, also while the machine runs: what a snapshot of it would hold."""

import os
import shutil
from pathlib import Path

from workbench.guest_sandbox.file_tree import lay_consoles, lay_power_on
from workbench.guest_sandbox.traits import LinuxTraits

#: Folders of a machine that are not on its disk; the copy has them empty.
VOLATILE = frozenset({"run", "proc", "dev", ".old", ".host"})
LAID = ".machine/laid"


def copy_disk(source: Path, target: Path) -> None:
    """Copies the file tree at source to target, which must not exist; links stay links, no file is shared.

    A file that vanishes meanwhile is left out: the copy is crash-consistent, as a snapshot of a running machine is.
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
    """Copies one file, link or folder with all in it, and its times; anything else is left out."""
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


def lay_from_picture(root: Path, picture: Path, traits: LinuxTraits) -> None:
    """Lays a machine below root from a picture of a disk, unless one is there.

    It has just booted: nothing is planned, the console is empty, and it did nothing yet.
    """
    if (root / LAID).exists():
        return
    if root.exists():
        shutil.rmtree(root)
    copy_disk(picture, root)
    (root / LAID).unlink()
    lay_consoles(root)
    shutil.rmtree(root / ".machine/jobs")
    (root / ".machine/jobs").mkdir()
    (root / ".machine/effects").write_text("")
    (root / ".machine/clock").unlink(missing_ok=True)
    lay_power_on(root, traits)
    (root / LAID).touch()
