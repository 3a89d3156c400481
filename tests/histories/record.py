"""Records every story anew for the version that host.json names: `make histories` (a name: only those stories)."""

import logging
import shutil
import sys
from pathlib import Path

from tests.histories.archive import HOME, SUFFIX, current_version, folder, write
from tests.histories.stories import STORIES
from tests.histories.tape import Tape
from tests.support.engine import QUIET


def record(names: list[str], home: Path = HOME) -> list[Path]:
    """Tell the stories (all, if none is named) and write their histories; stories that are no more lose their file.

    Raises KeyError for a name that is no story's.
    """
    # An engine that is stopped while a late timer's turn is under way says so, loudly.
    QUIET.setLevel(logging.CRITICAL)
    version = current_version()
    told = {name: STORIES[name] for name in names or STORIES}
    files: list[Path] = []
    for name, tell in told.items():
        tape = Tape(version)
        tell(tape)
        file = folder(version, home) / f"{name}{SUFFIX}.new"
        write(file, tape.executions)
        files.append(file)
    # Only now: a story that breaks must leave what was recorded before as it was.
    if not names:
        for old in folder(version, home).glob(f"*{SUFFIX}"):
            old.unlink()
    return [Path(shutil.move(file, file.with_suffix(""))) for file in files]


def main(names: list[str]) -> int:
    """Record, and say what was written."""
    unknown = [name for name in names if name not in STORIES]
    if unknown:
        print(f"no such story: {', '.join(unknown)}; there are {', '.join(STORIES)}", file=sys.stderr)
        return 2
    files = record(names)
    size = sum(file.stat().st_size for file in files)
    print(f"histories: {len(files)} stories of version {current_version()} recorded, {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
