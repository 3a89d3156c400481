"""Finds all modules that a source imports and all dotted names that it uses, at any place."""

import ast
from collections.abc import Iterator

_BUILTINS = {"open", "exec", "eval", "compile", "__import__", "breakpoint", "input"}
_IMPORTERS = ("importlib.import_module", "__import__")


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Return (line, module) of every import: inside functions, for types only, or by import_module("...").

    `from azure import mgmt` results in azure.mgmt too, since either may be the module.
    """
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{name.name}") for name in node.names)
        elif isinstance(node, ast.Call) and dotted(node.func, aliases) in _IMPORTERS:
            match node.args:
                case [ast.Constant(value=str(module)), *_]:
                    yield node.lineno, module
                case _:
                    pass


def used(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Return (line, full dotted name) of every imported name, and of the builtins for files, code and input."""
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node, aliases)
            if name:
                yield node.lineno, name


def dotted(node: ast.expr, aliases: dict[str, str]) -> str | None:
    """Return the full name of `a.b.c` through the file's imports; None for a name that is not imported."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    base = aliases.get(node.id, node.id if node.id in _BUILTINS else None)
    return ".".join([base, *reversed(parts)]) if base else None


def _aliases(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                found[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                found[name.asname or name.name] = f"{node.module}.{name.name}"
    return found
