"""Prints how long `import function_app` takes, as a multiple of `import azure.durable_functions`."""

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST = 1.6
_RUNS = 11
_LIBRARY = "azure.durable_functions"
_APP = "function_app"


def seconds(module: str) -> float:
    """Measure one import in a fresh interpreter, without the interpreter's own start."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Import both in turn, so that a busy machine slows both; print the medians and their ratio."""
    times: dict[str, list[float]] = {_LIBRARY: [], _APP: []}
    for run in range(_RUNS + 1):
        for module, found in times.items():
            measured = seconds(module)
            if run:  # the first of each only fills the caches
                found.append(measured)
    library, app = (statistics.median(times[name]) for name in (_LIBRARY, _APP))
    ratio = app / library
    verdict = "within" if ratio <= MOST else "ABOVE"
    print(f"import {_LIBRARY}: {library * 1000:.0f} ms, import {_APP}: {app * 1000:.0f} ms (medians of {_RUNS})")
    print(f"ratio {ratio:.2f}, {verdict} the bar of {MOST}")


if __name__ == "__main__":
    main()
