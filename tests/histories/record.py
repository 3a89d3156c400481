"""Records all runs again for the version in host.json: `make histories`; with names, only those runs."""

import logging
import shutil
import sys
from pathlib import Path

from tests.histories.archive import HOME, SUFFIX, current_version, folder, write
from tests.histories.recorded_runs import RECORDED_RUNS
from tests.histories.tape import Tape
from tests.support.engine import QUIET


def record(names: list[str], home: Path = HOME) -> list[Path]:
    """Execute the runs (all, if none is named) and write their histories; without names, delete all other files.

    Raises KeyError for an unknown name.
    """
    # An engine that is stopped during a late timer's turn logs errors.
    QUIET.setLevel(logging.CRITICAL)
    version = current_version()
    selected = {name: RECORDED_RUNS[name] for name in names or RECORDED_RUNS}
    files: list[Path] = []
    for name, execute in selected.items():
        tape = Tape(version)
        execute(tape)
        file = folder(version, home) / f"{name}{SUFFIX}.new"
        write(file, tape.executions)
        files.append(file)
    # Only now: after a run that fails, the earlier recordings must be unchanged.
    if not names:
        for old in folder(version, home).glob(f"*{SUFFIX}"):
            old.unlink()
    return [Path(shutil.move(file, file.with_suffix(""))) for file in files]


def main(names: list[str]) -> int:
    """Record, and print what was written."""
    unknown = [name for name in names if name not in RECORDED_RUNS]
    if unknown:
        print(f"no such run: {', '.join(unknown)}; use one of {', '.join(RECORDED_RUNS)}", file=sys.stderr)
        return 2
    files = record(names)
    size = sum(file.stat().st_size for file in files)
    print(f"histories: {len(files)} runs of version {current_version()} recorded, {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
