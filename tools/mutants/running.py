"""Runs the tests of a mutant in a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutants.mutant import Mutant

PRODUCT = (
    *("orchestrators", "activities", "triggers", "contracts", "policy", "azure_clients", "guest"),
    "settings.py",
)
_NOT_COPIED = (".*", "__pycache__", "node_modules")
_COPIED = (".funcignore", ".gitignore")
_TEXTS = (".py", ".sh", ".ps1")
_TESTS_FAILED = 1
_HERE = Path(__file__).parent
HUNG_SECONDS = 240.0
"""A mutant's tests take a minute at most, two on a busy machine."""
_FIRST_RED = re.compile(r"^FAILED (\S+)", re.MULTILINE)


class MutantError(Exception):
    """A mutant that cannot be tried; the text says what to change."""


@dataclass(frozen=True)
class Trial:
    """How the tests took one mutant: the test that went red, that they hung, or None; and the seconds they took."""

    mutant: Mutant
    noticed_by: str | None
    seconds: float


def copy_tree(root: Path, folder: Path) -> Path:
    """Copy the tree without what was installed or generated; return the copy."""
    copy = folder / "tree"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(*_NOT_COPIED), symlinks=True)
    for name in _COPIED:
        if (root / name).exists():
            shutil.copy(root / name, copy)
    modules = root / "emulators/azurite/node_modules"
    if modules.exists():
        (copy / "emulators/azurite/node_modules").symlink_to(modules.resolve())
    return copy


def place_of(mutant: Mutant, root: Path) -> Path:
    """Return the one file of the product that holds the guard; MutantError if there is none, or several."""
    found = [
        file
        for part in PRODUCT
        for file in sorted([root / part] if (root / part).is_file() else (root / part).rglob("*"))
        if file.suffix in _TEXTS
        for _ in range(file.read_text("utf-8").count(mutant.old))
    ]
    if len(found) == 1:
        return found[0]
    here = next((file.name for file in _HERE.glob("*.py") if f'"{mutant.name}"' in file.read_text("utf-8")), "*.py")
    if found:
        where = f"stands {len(found)} times: in {', '.join(str(file.relative_to(root)) for file in found)}"
        what = "lengthen `old` and `new` of it until only the guard is meant"
    else:
        where, what = "is not in the product any more", "put the guard's text of today into `old` and `new` of it"
    raise MutantError(f"{mutant.name} ({mutant.guard}): its text {where}\n{mutant.old}\n{what}: tools/mutants/{here}")


def try_mutant(mutant: Mutant, copy: Path, limit: float = HUNG_SECONDS) -> Trial:
    """Remove the guard, run the tests until the first is red or `limit` is over, and put the guard back."""
    file = place_of(mutant, copy)
    before, began = file.read_text("utf-8"), time.monotonic()
    file.write_text(before.replace(mutant.old, mutant.new), "utf-8")
    try:
        done = run_tests(mutant.tests, copy, limit)
    except subprocess.TimeoutExpired:
        return Trial(mutant, f"hung: the tests had not ended after {limit:g} s", time.monotonic() - began)
    finally:
        file.write_text(before, "utf-8")
    if done.returncode not in {0, _TESTS_FAILED}:
        raise MutantError(f"{mutant.name}: no test ran (pytest exit {done.returncode})\n{done.stdout[-2_000:]}")
    red = _FIRST_RED.search(done.stdout) if done.returncode == _TESTS_FAILED else None
    return Trial(mutant, red[1] if red else None, time.monotonic() - began)


def run_tests(tests: Sequence[str], copy: Path, limit: float) -> subprocess.CompletedProcess[str]:
    """Run tests of the copy, in one process, until the first fails; TimeoutExpired after `limit` seconds."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rf", "-n", "0", "-p", "no:cacheprovider", *tests]
    # Other seeds would notice other things: a mutant is found each time, or never.
    environment: Mapping[str, str] = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    return subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=limit
    )
