"""`python -m tools.mutants`: removes each guard of the product in a copy; exit 0 only if a test notices every time."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from queue import Queue

from tools.mutants.mutant import Mutant
from tools.mutants.mutants import MUTANTS
from tools.mutants.running import HUNG_SECONDS, MutantError, Trial, copy_tree, place_of, run_tests, try_mutant

ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Try the mutants, print a line for each; 0: all found, 1: some survived, 2: one could not be tried."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    names = [mutant.name for mutant in MUTANTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help="these mutants")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at the same time (default 2)")
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree whose guards are removed (default: this one)")
    parser.add_argument("--texts", type=Path, help='JSON for another tree: {"name": {"old": …, "new": …}}')
    given = parser.parse_args(arguments)
    other: dict[str, dict[str, str]] = json.loads(given.texts.read_text("utf-8")) if given.texts else {}
    chosen = [mutant._replace(**other.get(mutant.name, {})) for mutant in MUTANTS if mutant.name in given.only]
    try:
        return _try_all(chosen, given.root, given.jobs)
    except MutantError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2


def _try_all(mutants: list[Mutant], root: Path, jobs: int) -> int:
    began = time.monotonic()
    for mutant in mutants:
        place_of(mutant, root)
    with tempfile.TemporaryDirectory(prefix="golden-mutants-") as folder:
        copies: Queue[Path] = Queue()
        for number in range(jobs):
            copies.put(copy_tree(root, Path(folder) / str(number)))
        _check_that_all_is_well(mutants, copies)
        with ThreadPoolExecutor(jobs) as pool:
            trials = list(pool.map(_with_a_copy, mutants, repeat(copies)))
    found = sum(trial.noticed_by is not None for trial in trials)
    print(f"mutants: {found} of {len(trials)} found in {time.monotonic() - began:.0f} s")
    return 0 if found == len(trials) else 1


def _check_that_all_is_well(mutants: list[Mutant], copies: "Queue[Path]") -> None:
    """Without a mutant the tests are green: otherwise a red test would say nothing."""
    copy = copies.get()
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    try:
        done = run_tests(tests, copy, len(tests) * HUNG_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise MutantError(f"without a mutant the tests had not ended after {error.timeout:g} s") from None
    finally:
        copies.put(copy)
    if done.returncode != 0:
        raise MutantError(f"the tests are not green without a mutant: run them first\n{done.stdout[-3_000:]}")


def _with_a_copy(mutant: Mutant, copies: "Queue[Path]") -> Trial:
    copy = copies.get()
    try:
        return _show(try_mutant(mutant, copy))
    finally:
        copies.put(copy)


def _show(trial: Trial) -> Trial:
    how = trial.noticed_by or f"SURVIVED: no test noticed that {trial.mutant.guard}"
    print(f"  {trial.mutant.name:<32}{trial.seconds:>6.1f} s  {how}", flush=True)
    return trial


if __name__ == "__main__":
    sys.exit(main())
