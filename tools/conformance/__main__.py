"""`python -m tools.conformance CONNECTION`: the checks on the real extension, one line each; exit 0 if all pass.

A line has the check's name, its seconds, and what was seen if it failed, separated by tabs.
"""

import asyncio
import sys

from tools.conformance.extension_stack import WINDOW, extension_stack
from tools.conformance.suite import CHECKS, CHECKS_WITH_WINDOW, Result, run_checks


async def _run(storage: str) -> int:
    results: list[Result] = []

    def report(result: Result) -> None:
        results.append(result)
        print(result.name, f"{result.seconds:.1f}", " ".join((result.seen or "").split()), sep="\t", flush=True)

    async with extension_stack(storage, "Conformance") as stack:
        await run_checks(CHECKS, stack, report)
    async with extension_stack(storage, "ConformanceWindow", {WINDOW: "30"}) as stack:
        await run_checks(CHECKS_WITH_WINDOW, stack, report)
    return int(any(result.seen is not None for result in results))


if __name__ == "__main__":
    sys.exit(asyncio.run(_run(sys.argv[1])))
