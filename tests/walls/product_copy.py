"""Copies what Azure runs to another folder, so that a test can break a wall of it."""

import shutil
from pathlib import Path

from tests.walls.fault import ROOT
from tests.walls.rooms import PRODUCT


def copy_product(folder: Path) -> Path:
    """Copy the rooms of the product (Python files only) into the folder; gives the folder."""
    for room in PRODUCT:
        if (ROOT / room).is_dir():
            shutil.copytree(ROOT / room, folder / room, ignore=_all_but_python)
        else:
            shutil.copy(ROOT / f"{room}.py", folder)
    return folder


def _all_but_python(folder: str, names: list[str]) -> set[str]:
    return {
        name for name in names if name == "__pycache__" or not ((Path(folder) / name).is_dir() or name.endswith(".py"))
    }
