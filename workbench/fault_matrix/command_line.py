"""`python -m workbench.fault_matrix`: tries every call with every trouble; 0 only if all ended as documented."""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator

from workbench.fault_matrix.calls import Call
from workbench.fault_matrix.kills import try_kills
from workbench.fault_matrix.matrix import Tried, cells_of, list_calls, try_all
from workbench.fault_matrix.troubles import Trouble

SIGKILL = "sigkill"
_TELL_EVERY = 25


def main(arguments: list[str] | None = None) -> int:
    """Try them; the last line says how it went."""
    options = _read(arguments)
    since = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - since:6.1f} s] {text}", flush=True)

    calls, clean = list_calls(options.seed)
    print(f"the story makes {len(calls)} kinds of calls (seed {options.seed}):")
    for call in calls:
        print(f"{call.number:>5} {call.name}")
    if not clean.well:
        tell(f"without any trouble it does not end well: {'; '.join((*clean.wrong, *clean.repeated, *clean.leaked))}")
        return 1
    tried = list(_all(options, calls, tell))
    well = sum(each.verdict.well for each in tried)
    repeated = sum(bool(each.verdict.repeated) for each in tried)
    leaked = sum(bool(each.verdict.leaked) for each in tried)
    print(f"faults: {len(tried)} tried, {well} as documented, {repeated} repeated, {leaked} leaked", flush=True)
    return 0 if tried and well == len(tried) else 1


def _all(options: argparse.Namespace, calls: list[Call], tell: Callable[[str], None]) -> Iterator[Tried]:
    kinds = frozenset(Trouble) if options.kind is None else frozenset({options.kind} - {SIGKILL})
    cells = cells_of(calls, options.only, frozenset(Trouble(kind) for kind in kinds))
    if cells:
        tell(f"trying {len(cells)} times one call with one trouble, in {options.jobs} processes")
    wrong = 0
    for number, tried in enumerate(try_all(cells, seed=options.seed, jobs=options.jobs) if cells else (), 1):
        wrong += _show(tried, tell)
        if number % _TELL_EVERY == 0 or number == len(cells):
            tell(f"{number} of {len(cells)} tried, {number - wrong} as documented")
        yield tried
    if options.kind == SIGKILL or (options.kind is None and not options.only):
        tell("killing task hub and worker once in each stage")
        for tried in asyncio.run(try_kills(options.seed, tell)):
            _show(tried, tell)
            yield tried


def _show(tried: Tried, tell: Callable[[str], None]) -> bool:
    """Tell what was wrong; True if something was."""
    verdict = tried.verdict
    if verdict.well:
        return False
    tell(f"NOT AS DOCUMENTED {tried.name}")
    print(f"    documented: {tried.why}")
    for what, texts in (("", verdict.wrong), ("repeated: ", verdict.repeated), ("leaked: ", verdict.leaked)):
        for text in texts:
            print(f"    {what}{text}", flush=True)
    return True


def _read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workbench.fault_matrix", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes that try at the same time (default 2)")
    parser.add_argument("--only", default="", help="only calls whose name contains this, for example snapshots.get")
    parser.add_argument("--kind", choices=[*(str(kind) for kind in Trouble), SIGKILL], help="only this kind of trouble")
    parser.add_argument("--seed", type=int, default=1, help="seed of the simulated durations (default 1)")
    return parser.parse_args(arguments)
