"""Finds intervals, limits and deadlines that a file of the app defines: all of them are in contracts/polling.py."""

import ast
import re
from collections.abc import Iterator

from tests.layers.fault import Fault, Source
from tests.layers.packages import in_product

HOME = "contracts/polling.py"
_TAKES_TIME = frozenset({"Polling", "Range", "sleep", "timedelta"})
_UNIT = re.compile(r"_(?:seconds|minutes|hours|days)$", re.I)
_TIME = re.compile(rf"timeout|{_UNIT.pattern}", re.I)
_CONVERSIONS = (ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
type _Assignment = ast.Assign | ast.AnnAssign


def time_faults(source: Source) -> Iterator[Fault]:
    """Return a fault for each number in a `Polling`, `timedelta` or named time, and for each constant of time.

    Zero, and a number that converts a value to another unit (`60 * minutes`), are none.
    """
    if not in_product(source.file) or source.file == HOME:
        return
    for line, what in _found(source.tree):
        yield Fault(source.file, line, f"{what}: move the number to {HOME}")


def _found(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and (name := _constant_of_time(node)):
            yield node.lineno, f"{name} is a constant of time"
    for node in ast.walk(tree):
        match node:
            case ast.Call() if (name := _called(node)) in _TAKES_TIME and any(map(_holds_number, _arguments(node))):
                yield node.lineno, f"{name}(…) holds a number"
            case ast.keyword(arg=str(name)) | ast.AnnAssign(target=ast.Name(id=name)) if _is_time(name, node.value):
                yield node.lineno, f"{name} holds a number"
            case ast.Dict():
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and _is_time(str(key.value), value):
                        yield value.lineno, f"{key.value} holds a number"
            case _:
                pass


def _constant_of_time(node: _Assignment) -> str | None:
    """Return the name of a module's constant if its unit or its value says that it is a time."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
    if isinstance(node.value, ast.Call) and _called(node.value) in _TAKES_TIME:
        return names[0]
    return next((name for name in names if _UNIT.search(name)), None)


def _is_time(name: str, value: ast.expr | None) -> bool:
    return value is not None and _TIME.search(name) is not None and _holds_number(value)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _holds_number(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float) and value != 0
        case ast.BinOp(op=op) if isinstance(op, _CONVERSIONS):
            return _holds_number(node.left) and _holds_number(node.right)
        case _:
            return any(map(_holds_number, ast.iter_child_nodes(node)))
