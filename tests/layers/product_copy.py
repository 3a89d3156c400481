"""Copies the deployed app to another folder, so that a test can violate a layer rule there."""

import shutil
from pathlib import Path

from tests.layers.fault import ROOT
from tests.layers.packages import PRODUCT


def copy_product(folder: Path) -> Path:
    """Copy the packages of the app (Python files only) into the folder; return the folder."""
    for package in PRODUCT:
        if (ROOT / package).is_dir():
            shutil.copytree(ROOT / package, folder / package, ignore=_all_but_python)
        else:
            shutil.copy(ROOT / f"{package}.py", folder)
    return folder


def _all_but_python(folder: str, names: list[str]) -> set[str]:
    return {
        name for name in names if name == "__pycache__" or not ((Path(folder) / name).is_dir() or name.endswith(".py"))
    }
