"""`python -m tools.crash_test`: kills hub and worker repeatedly; exit 0 only without violations."""

import argparse
import asyncio
import time
from dataclasses import replace

from emulators.task_hub import LostWorker
from tools.crash_test.examination import Findings
from tools.crash_test.run import Options, Outcome, run_test

_MOST_SHOWN = 40
_MEANS = {
    LostWorker.HOST: "a host that died with it",
    LostWorker.WORKER: "its process in a host that lives",
    LostWorker.BOTH: "a host that died with it, and for its process in a host that lives, alternately",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the test; the last line is the summary."""
    since, outcomes = time.monotonic(), list[Outcome]()

    def report(text: str) -> None:
        print(f"[{time.monotonic() - since:6.1f} s] {text}", flush=True)

    for options in _passes(_read(arguments)):
        report(f"seed {options.seed}, {options.kills} kills, simulated time {options.speed:g} times real time")
        report(f"a worker that is gone stands for {_MEANS[options.lost_worker]}")
        outcome = asyncio.run(run_test(options, report))
        outcomes.append(outcome)
        report(
            f"over: {outcome.findings.run_again} activities were run again before an acknowledgement, "
            f"{outcome.findings.asked_again} events and signals were sent again without one"
        )
        if outcome.findings.all:
            _explain(options, outcome)
    findings = Findings.together([outcome.findings for outcome in outcomes])
    print(findings.last_line(sum(len(outcome.kills) for outcome in outcomes)), flush=True)
    return 1 if findings.all else 0


def _passes(options: Options) -> list[Options]:
    """Three of four kills end a host with its worker, the others either a host or a worker in a host that lives."""
    others = options.kills // 4
    first = replace(options, kills=options.kills - others)
    return [first, replace(options, kills=others, lost_worker=LostWorker.BOTH)] if others else [first]


def _read(arguments: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m tools.crash_test", description=__doc__)
    parser.add_argument("--kills", type=int, default=Options.kills, help="number of kills (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=Options.seed, help="seed of the random kills (default: %(default)s)"
    )
    parser.add_argument(
        "--lanes", type=int, default=Options.lanes, help="concurrent runs of the app (default: %(default)s)"
    )
    parser.add_argument(
        "--speed", type=float, default=Options.speed, help="simulated seconds in a real second (default: %(default)s)"
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
