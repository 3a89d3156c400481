"""What a checker says of one broken wall, and where a file stands in the project."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_OURS = {".git", ".venv", "node_modules", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"}


@dataclass(frozen=True)
class Fault:
    """One broken wall: file (relative, "/" between parts), line, and what to change."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def python_files(root: Path = ROOT) -> list[str]:
    """Give every Python file of the project, relative to its root."""
    return [file for file in all_files(root) if file.endswith(".py")]


def all_files(root: Path = ROOT) -> list[str]:
    """Give every file of the project, relative to its root; installed and generated folders are left out."""
    found: list[str] = []
    for folder, folders, files in root.walk():
        folders[:] = sorted(name for name in folders if name not in _NOT_OURS)
        found += [(folder / name).relative_to(root).as_posix() for name in sorted(files)]
    return found


def show(faults: list[Fault]) -> str:
    """Give the faults as lines, for the message of an assertion."""
    return "\n".join(map(str, faults))
