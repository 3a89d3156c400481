"""No orchestration yields inside a finally, no retry policy reads the clock; the checker reports both."""

import pytest

from tests.layers.fault import ROOT, Fault, python_files, show
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


@pytest.mark.parametrize("line", ["yield 2", "yield from clean_up()", "x = yield 3", "give((yield))"])
def test_a_yield_inside_finally_is_reported(line: str) -> None:
    assert [fault.line for fault in orchestration_faults(FILE, IN_FINALLY.format(line))] == [7]


@pytest.mark.parametrize("line", ["clean_up()", "def inner():\n                yield 1"])
def test_a_finally_without_a_yield_of_its_own_is_not_reported(line: str) -> None:
    assert orchestration_faults(FILE, IN_FINALLY.format(line)) == []


def test_a_retry_timeout_is_reported() -> None:
    source = "from durabletask import task\np = task.RetryPolicy(max_number_of_attempts=2, retry_timeout=DAY)"
    assert [fault.line for fault in orchestration_faults(FILE, source)] == [2]


def test_no_file_of_the_app_has_either() -> None:
    faults: list[Fault] = []
    for file in python_files():
        if not file.startswith(("tests/", "emulators/", "tools/")):
            faults += orchestration_faults(file, (ROOT / file).read_text())
    assert not faults, show(faults)
