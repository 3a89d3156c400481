"""Prints how long `import function_app` takes, as a multiple of `import azure.durable_functions`."""

import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST = 1.6
_RUNS = 11
_LIBRARY = "azure.durable_functions"
_APP = "function_app"
_CODE = """
import time
wall, cpu = time.perf_counter(), time.process_time()
import {}
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


@dataclass(frozen=True)
class Import:
    """What one import took in a fresh interpreter, without the interpreter's own start: seconds."""

    wall: float
    cpu: float


def measure(module: str) -> Import:
    """Import a module in a fresh interpreter."""
    command = [sys.executable, "-c", _CODE.format(module)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    wall, cpu = map(float, done.stdout.split())
    return Import(wall, cpu)


def main() -> None:
    """Import both in turn, so that a busy machine affects both; print the medians and their ratio."""
    library: list[Import] = []
    app: list[Import] = []
    for _ in range(_RUNS + 1):
        library.append(measure(_LIBRARY))
        app.append(measure(_APP))
    # The first of each only fills the caches.
    wall = [statistics.median(one.wall for one in found[1:]) for found in (library, app)]
    cpu = [statistics.median(one.cpu for one in found[1:]) for found in (library, app)]
    ratio = wall[1] / wall[0]
    result = "within" if ratio <= MOST else "ABOVE"
    print(f"import {_LIBRARY}: {wall[0] * 1000:.0f} ms, import {_APP}: {wall[1] * 1000:.0f} ms, medians of {_RUNS}")
    # Processor time hardly depends on other load: it is the better value when the two ratios differ.
    print(f"ratio {ratio:.2f} ({cpu[1] / cpu[0]:.2f} of processor time): {result} the bar of {MOST}")


if __name__ == "__main__":
    main()
