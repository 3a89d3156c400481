"""`python -m workbench.kill_test`: kills hub and worker again and again; 0 only if no promise was broken."""

import argparse
import asyncio
import time

from workbench.kill_test.run import Options, Outcome, run_test

_MOST_SHOWN = 40


def main(arguments: list[str] | None = None) -> int:
    """Run the test; the last line says how it went."""
    options = _read(arguments)
    since = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - since:6.1f} s] {text}", flush=True)

    tell(f"seed {options.seed}, {options.kills} kills, simulated time {options.speed:g} times real time")
    outcome = asyncio.run(run_test(options, tell))
    tell(
        f"over: {outcome.findings.run_again} activities were run again before an acknowledgement, "
        f"{outcome.findings.asked_again} events and signals were sent again for want of one"
    )
    if outcome.findings.all:
        _explain(options, outcome)
    print(outcome.findings.last_line(len(outcome.kills)), flush=True)
    return 1 if outcome.findings.all else 0


def _read(arguments: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m workbench.kill_test", description=__doc__)
    parser.add_argument("--kills", type=int, default=Options.kills, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=Options.seed, help="draws the kills (default: %(default)s)")
    parser.add_argument(
        "--lanes", type=int, default=Options.lanes, help="runs of the product at a time (default: %(default)s)"
    )
    parser.add_argument(
        "--speed", type=float, default=Options.speed, help="simulated seconds in a real one (default: %(default)s)"
    )
    given = parser.parse_args(arguments)
    return Options(given.kills, given.seed, given.lanes, given.speed)


def _explain(options: Options, outcome: Outcome) -> None:
    for done in outcome.kills:
        print(done)
    for broken in outcome.findings.all[:_MOST_SHOWN]:
        print(f"BROKEN: {broken}")
    if len(outcome.findings.all) > _MOST_SHOWN:
        print(f"… and {len(outcome.findings.all) - _MOST_SHOWN} more")
    log = outcome.folder / "processes.log"
    for line in log.read_text(errors="replace").splitlines()[-_MOST_SHOWN:] if log.exists() else []:
        print(f"log: {line}")
    print(f"to repeat it: --kills {options.kills} --seed {options.seed} --lanes {options.lanes}")
    print(f"the hub's file, the journal and the processes' log are kept in {outcome.folder}")
