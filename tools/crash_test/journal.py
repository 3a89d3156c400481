"""What workers did, as lines of a file outside the engine: each is on disk before the worker goes on."""

import json
import os
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal

type LineKind = Literal["begun", "effect", "acknowledged"]


@dataclass(frozen=True)
class Line:
    """One event of an activity: `instance`, `execution` and `task` identify the run and the activity in it.

    `begun`: a worker begins to run it. `effect`: it had its effect. `acknowledged`: the hub has answered that
    its completion is stored. An `effect` has no execution, since an activity does not know it.
    """

    kind: LineKind
    instance: str
    execution: str
    task: int
    name: str


class Journal:
    """Appends lines; several processes and threads may write to one file."""

    def __init__(self, path: Path) -> None:
        """Open the file, or create it."""
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, line: Line) -> None:
        """Append a line atomically, and wait until it is on disk."""
        os.write(self._file, (json.dumps(astuple(line)) + "\n").encode())
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_journal(path: Path) -> list[Line]:
    """Return all lines in the order in which they were written; none if no worker ever wrote."""
    if not path.exists():
        return []
    return [Line(*json.loads(text)) for text in path.read_text().splitlines()]
