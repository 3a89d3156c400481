"""The checker reports a yield inside a finally, and a retry policy that reads the clock."""

from tests.layers.fault import Source
from tests.layers.orchestrator_rules import orchestration_faults

FILE = "orchestrators/golden_image.py"
IN_FINALLY = """
def orchestration(ctx):
    try:
        yield 1
    finally:
        if ctx:
            {}
"""


def _lines(source: str, file: str = FILE) -> list[int]:
    return [fault.line for fault in orchestration_faults(Source(file, source))]


def test_a_yield_inside_finally_is_reported() -> None:
    broken = ("yield 2", "yield from clean_up()", "x = yield 3", "give((yield))")
    assert {line: _lines(IN_FINALLY.format(line)) for line in broken} == {line: [7] for line in broken}
    for allowed in ("clean_up()", "def inner():\n                yield 1"):
        assert _lines(IN_FINALLY.format(allowed)) == []


def test_a_retry_timeout_is_reported_in_the_app() -> None:
    source = "from durabletask import task\np = task.RetryPolicy(max_number_of_attempts=2, retry_timeout=DAY)"
    assert _lines(source) == [2]
    assert _lines(source, "tools/x.py") == []
