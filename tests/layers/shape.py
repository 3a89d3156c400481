"""Checks the shape of a file: its length, its functions' length, its name, its docstring."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.layers.fault import Fault, Source

MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 50
_HOLDS_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)
_VAGUE = frozenset({"utils", "util", "common", "helpers", "helper", "core", "shared", "misc"})


def file_faults(file: str, text: str) -> list[Fault]:
    """Return what is too long or badly named in a file of any language."""
    *folders, stem = PurePosixPath(file).with_suffix("").parts
    faults = [
        Fault(file, 1, f'"{part}" does not say what is in it: name it after its content')
        for part in (*folders, stem.removeprefix("test_"))
        if part in _VAGUE
    ]
    if "azure" in folders:
        faults.append(Fault(file, 1, 'no folder is named "azure": it would merge with the namespace of the SDK'))
    lines = len(text.splitlines())
    if lines > MOST_LINES:
        faults.append(Fault(file, lines, f"{lines} lines: a file has at most {MOST_LINES}"))
    return faults


def python_faults(source: Source) -> list[Fault]:
    """Return what is too long or not described in a Python file."""
    faults = _docstring_faults(source)
    for node in _functions(source.tree.body):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > MOST_LINES_OF_A_FUNCTION:
            text = f"{node.name} has {length} lines: a function has at most {MOST_LINES_OF_A_FUNCTION}"
            faults.append(Fault(source.file, node.lineno, text))
    return faults


def _functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions in statements at any depth; an expression holds none."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        waiting += (each for each in ast.iter_child_nodes(node) if isinstance(each, _HOLDS_STATEMENTS))


def _docstring_faults(source: Source) -> list[Fault]:
    docstring = ast.get_docstring(source.tree)
    if not docstring:
        return [Fault(source.file, 1, "begin with a docstring: one sentence that says what the file is for")]
    first = docstring.splitlines()[0]
    if not first.endswith((".", "!", "?")):
        return [Fault(source.file, 1, "the docstring's first line must be one complete sentence")]
    return []
