"""Finds all modules that a source imports and all dotted names that it uses, at any place."""

import ast
from collections.abc import Iterable, Iterator

type Places = list[tuple[int, str]]

_BUILTINS = {"open", "exec", "eval", "compile", "__import__", "breakpoint", "input"}
_IMPORTERS = ("importlib.import_module", "__import__")


def names(tree: ast.Module) -> tuple[Places, Places]:
    """Return (line, module) of every import, and (line, dotted name) of every use of an import or a builtin.

    Imports are found inside functions, for types only, and by import_module("..."); `from azure import mgmt` results in
    azure.mgmt, since that may be the module. The builtins are those for files, code and input.
    """
    nodes = list(ast.walk(tree))
    aliases = _aliases(nodes)
    used = [
        (node.lineno, name)
        for node in nodes
        if isinstance(node, ast.Attribute | ast.Name) and (name := _dotted(node, aliases))
    ]
    return list(_imported(nodes, aliases)), used


def _imported(nodes: Iterable[ast.AST], aliases: dict[str, str]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{name.name}") for name in node.names)
        elif isinstance(node, ast.Call) and _dotted(node.func, aliases) in _IMPORTERS:
            match node.args:
                case [ast.Constant(value=str(module)), *_]:
                    yield node.lineno, module
                case _:
                    pass


def _dotted(node: ast.AST, aliases: dict[str, str]) -> str | None:
    """Return the full name of `a.b.c` through the file's imports; None for a name that is not imported."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    base = aliases.get(node.id, node.id if node.id in _BUILTINS else None)
    return ".".join([base, *reversed(parts)]) if base else None


def _aliases(nodes: Iterable[ast.AST]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for name in node.names:
                found[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                found[name.asname or name.name] = f"{node.module}.{name.name}"
    return found
