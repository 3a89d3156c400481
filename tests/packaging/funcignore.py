"""Reads .funcignore as Azure Functions Core Tools does, to find what would be published."""

import re
from pathlib import Path

from tests.layers.fault import all_files


def shipped(root: Path) -> list[str]:
    """Return the files that `func` would publish from a folder, relative to it, without compiled caches."""
    keep, drop = _patterns((root / ".funcignore").read_text())
    return [file for file in all_files(root) if _begins(keep, file) or not _begins(drop, file)]


def _patterns(text: str) -> tuple[list[re.Pattern[str]], list[re.Pattern[str]]]:
    """Return the patterns of the "!" lines and of the others.

    Core Tools anchors a pattern at the beginning of the path and not at its end; "**" is any text, "*" any text
    without a slash, neither is ever empty.
    """
    keep: list[re.Pattern[str]] = []
    drop: list[re.Pattern[str]] = []
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            pattern = re.escape(line.removeprefix("!").removeprefix("/"))
            regex = re.compile(pattern.replace(r"\*\*", ".+").replace(r"\*", "[^/]+"))
            (keep if line.startswith("!") else drop).append(regex)
    return keep, drop


def _begins(patterns: list[re.Pattern[str]], file: str) -> bool:
    return any(pattern.match(file) for pattern in patterns)
