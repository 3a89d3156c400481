"""`python -m tools.fault_injection`: every call with every kind of fault; exit 0 only if all ended as documented."""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator

from tools.fault_injection.calls import Call
from tools.fault_injection.fault_kinds import FaultKind
from tools.fault_injection.kills import try_kills
from tools.fault_injection.matrix import Tried, cells_of, list_calls, try_all

SIGKILL = "sigkill"
_REPORT_EVERY = 25


def main(arguments: list[str] | None = None) -> int:
    """Run the tests; the last line is the summary."""
    options = _read(arguments)
    since = time.monotonic()

    def report(text: str) -> None:
        print(f"[{time.monotonic() - since:6.1f} s] {text}", flush=True)

    calls, clean = list_calls(options.seed)
    print(f"a run makes {len(calls)} kinds of calls (seed {options.seed}):")
    for call in calls:
        print(f"{call.number:>5} {call.name}")
    if not clean.well:
        report(f"a run without faults does not succeed: {'; '.join((*clean.wrong, *clean.repeated, *clean.leaked))}")
        return 1
    tried = list(_all(options, calls, report))
    well = sum(each.result.well for each in tried)
    repeated = sum(bool(each.result.repeated) for each in tried)
    leaked = sum(bool(each.result.leaked) for each in tried)
    print(f"faults: {len(tried)} tried, {well} as documented, {repeated} repeated, {leaked} leaked", flush=True)
    return 0 if tried and well == len(tried) else 1


def _all(options: argparse.Namespace, calls: list[Call], report: Callable[[str], None]) -> Iterator[Tried]:
    kinds = frozenset(FaultKind) if options.kind is None else frozenset({options.kind} - {SIGKILL})
    cells = cells_of(calls, options.only, frozenset(FaultKind(kind) for kind in kinds))
    if cells:
        report(f"trying {len(cells)} runs with one call and one fault each, in {options.jobs} processes")
    wrong = 0
    for number, tried in enumerate(try_all(cells, seed=options.seed, jobs=options.jobs) if cells else (), 1):
        wrong += _show(tried, report)
        if number % _REPORT_EVERY == 0 or number == len(cells):
            report(f"{number} of {len(cells)} tried, {number - wrong} as documented")
        yield tried
    if options.kind == SIGKILL or (options.kind is None and not options.only):
        report("killing task hub and worker once in each stage")
        for tried in asyncio.run(try_kills(options.seed, report)):
            _show(tried, report)
            yield tried


def _show(tried: Tried, report: Callable[[str], None]) -> bool:
    """Print what was wrong; return True if something was."""
    result = tried.result
    if result.well:
        return False
    report(f"NOT AS DOCUMENTED {tried.name}")
    print(f"    documented: {tried.why}")
    for what, texts in (("", result.wrong), ("repeated: ", result.repeated), ("orphaned: ", result.leaked)):
        for text in texts:
            print(f"    {what}{text}", flush=True)
    return True


def _read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.fault_injection", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes that run in parallel (default 2)")
    parser.add_argument("--only", default="", help="only calls whose name contains this, for example snapshots.get")
    parser.add_argument("--kind", choices=[*(str(kind) for kind in FaultKind), SIGKILL], help="only this kind of fault")
    parser.add_argument("--seed", type=int, default=1, help="seed of the simulated durations (default 1)")
    return parser.parse_args(arguments)
