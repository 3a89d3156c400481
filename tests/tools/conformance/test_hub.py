"""The embedded hub passes the checks that the real Durable extension passes; differences are listed with reasons."""

from tools.conformance.extension_stack import WINDOW
from tools.conformance.hub_stack import hub_stack
from tools.conformance.suite import CHECKS, CHECKS_WITH_WINDOW, Result, run_checks

DIFFERENCES: dict[str, str] = {}


async def test_the_hub_passes_what_the_extension_passes() -> None:
    results: list[Result] = []
    async with hub_stack() as stack:
        await run_checks(CHECKS, stack, results.append)
    assert len(results) == len(CHECKS)
    failed = {result.name: result.seen for result in results if result.seen is not None}
    assert failed.keys() == DIFFERENCES.keys(), failed


async def test_entities_that_sort_messages_never_answer_a_call() -> None:
    results: list[Result] = []
    async with hub_stack({WINDOW: "30"}) as stack:
        await run_checks(CHECKS_WITH_WINDOW, stack, results.append)
    assert [(result.name, result.seen) for result in results] == [("call_without_window_hangs", None)]


async def test_a_check_that_expects_a_dropped_call_fails_where_calls_arrive() -> None:
    """The suite can fail: with the window at 0 the call is answered."""
    results: list[Result] = []
    async with hub_stack() as stack:
        await run_checks(CHECKS_WITH_WINDOW, stack, results.append)
    assert results[0].seen is not None
    assert "was answered" in results[0].seen
