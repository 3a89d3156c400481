"""Checks rules of durable code that no import shows: no yield in finally, no retry policy that reads the clock."""

import ast
from collections.abc import Iterator

from tests.layers.fault import Fault, Source
from tests.layers.packages import in_product

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def orchestration_faults(source: Source) -> list[Fault]:
    """Return every yield inside a finally, and every retry_timeout, in a file of the app."""
    file = source.file
    if not in_product(file):
        return []
    faults: list[Fault] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Try | ast.TryStar):
            for line in _yields(node.finalbody):
                faults.append(
                    Fault(file, line, "no yield inside finally: it runs when the engine drops the orchestration")
                )
        elif isinstance(node, ast.keyword) and node.arg == "retry_timeout":
            text = "no retry_timeout: it compares history with the real clock, so a replay may end differently"
            faults.append(Fault(file, node.value.lineno, text))
    return faults


def _yields(body: list[ast.stmt]) -> Iterator[int]:
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            yield node.lineno
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
