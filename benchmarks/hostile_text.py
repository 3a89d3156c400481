"""How the time to read hostile text grows when its length doubles, from 16 KiB to 4 MiB: the growth per reader."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.contracts.hostile_text import READERS, UNITS, repeated

LENGTHS = [16 * 1024 << step for step in range(0, 9, 2)]


def seconds(name: str, text: str) -> float:
    """Return the least CPU time of three."""
    taken: list[float] = []
    for _ in range(3):
        begun = time.process_time()
        READERS[name](text)
        taken.append(time.process_time() - begun)
    return min(taken)


def main() -> None:
    """Print, per reader, the longest time for 4 MiB and the worst mean growth per doubling."""
    print(f"{'reader':<20}{'4 MiB, worst':>14}{'per doubling':>14}  text")
    for name in READERS:
        rows = [(unit, [seconds(name, repeated(unit, length)) for length in LENGTHS]) for unit in UNITS]
        longest = max(times[-1] for _, times in rows)
        # Below a millisecond a time says nothing: the growth counts from the first length above it.
        growths = [
            ((measured[-1] / measured[0]) ** (1 / (2 * (len(measured) - 1))), unit)
            for unit, times in rows
            if len(measured := [taken for taken in times if taken > 1e-3]) > 1
        ]
        growth, unit = max(growths, default=(0.0, "every text takes less than a millisecond"))
        print(f"{name:<20}{longest * 1000:>11.1f} ms{growth:>14.2f}  {unit!r}")


if __name__ == "__main__":
    main()
