"""A violation that a checker reports, and the files of the project."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_OURS = {".git", ".venv", "node_modules", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"}


@dataclass(frozen=True)
class Fault:
    """One violation of a rule: file (relative, "/" between parts), line, and what to change."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Source:
    """A Python file, which is parsed once for all rules."""

    file: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return parsed(self.text)


@cache
def parsed(text: str) -> ast.Module:
    """Return the syntax tree of a text, which is parsed once for all checks of a process; nobody changes it."""
    return ast.parse(text)


def kept_files() -> list[str]:
    """Return the files that git tracks or would track; all files without git."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return all_files()
    return [file for file in done.stdout.splitlines() if (ROOT / file).is_file()]


def all_files(root: Path = ROOT) -> list[str]:
    """Return every file of the project, relative to its root, without installed and generated folders."""
    found: list[str] = []
    for folder, folders, files in root.walk():
        folders[:] = sorted(name for name in folders if name not in _NOT_OURS)
        found += [(folder / name).relative_to(root).as_posix() for name in sorted(files)]
    return found


def show(faults: list[Fault]) -> str:
    """Return the faults as lines, for the message of an assertion."""
    return "\n".join(map(str, faults))
