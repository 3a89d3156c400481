"""Checks the shape of a file: its length, its functions' length, its name, its docstring."""

import ast
from pathlib import PurePosixPath

from tests.layers.fault import Fault

MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 50
_VAGUE = frozenset({"utils", "util", "common", "helpers", "helper", "core", "shared", "misc"})


def shape_faults(file: str, source: str) -> list[Fault]:
    """Return what is too long, badly named or not described in one Python file."""
    faults = _name_faults(file)
    lines = len(source.splitlines())
    if lines > MOST_LINES:
        faults.append(Fault(file, lines, f"{lines} lines: a file has at most {MOST_LINES}"))
    tree = ast.parse(source)
    faults += _docstring_faults(file, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_LINES_OF_A_FUNCTION:
                text = f"{node.name} has {length} lines: a function has at most {MOST_LINES_OF_A_FUNCTION}"
                faults.append(Fault(file, node.lineno, text))
    return faults


def _name_faults(file: str) -> list[Fault]:
    *folders, stem = PurePosixPath(file).with_suffix("").parts
    faults = [
        Fault(file, 1, f'"{part}" does not say what is in it: name it after its content')
        for part in (*folders, stem.removeprefix("test_"))
        if part in _VAGUE
    ]
    if "azure" in folders:
        faults.append(Fault(file, 1, 'no folder is named "azure": it would merge with the namespace of the SDK'))
    return faults


def _docstring_faults(file: str, tree: ast.Module) -> list[Fault]:
    docstring = ast.get_docstring(tree)
    if not docstring:
        return [Fault(file, 1, "begin with a docstring: one sentence that says what the file is for")]
    first = docstring.splitlines()[0]
    if not first.endswith((".", "!", "?")):
        return [Fault(file, 1, "the docstring's first line must be one complete sentence")]
    return []
