"""Finds import cycles: between files, and between the folders of a package."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath

from tests.layers.fault import parsed

type Graph = dict[str, set[str]]


def import_graph(sources: Mapping[str, str]) -> Graph:
    """Return the files that each file imports, of those in `sources` (path: text), also within functions.

    Imports for types only do not count. An `__init__.py` counts where its package is imported by name, not where one
    of its modules is.
    """
    return {file: {found for found in _imported(file, sources) if found != file} for file in sources}


def folder_graph(graph: Graph, top: str) -> Graph:
    """Return the imports between the folders below `top`; each file that lies directly in `top` is its own node."""

    def node(file: str) -> str:
        folder = str(PurePosixPath(file).parent)
        return file if folder == top else folder

    folders: Graph = {}
    for file, imports in graph.items():
        if file.startswith(f"{top}/"):
            found = {node(other) for other in imports if other.startswith(f"{top}/")}
            folders.setdefault(node(file), set()).update(found - {node(file)})
    return folders


def cycles(graph: Graph) -> list[str]:
    """Return cycles as `a -> b -> a`; together they name an import of every cycle that there is."""
    left = {node: set(imports) for node, imports in graph.items()}
    found: list[str] = []
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            loop: list[str] = list(reversed(error.args[1]))
            found.append(" -> ".join(loop))
            left[loop[0]].discard(loop[1])
        else:
            return found


def _imported(file: str, sources: Mapping[str, str]) -> Iterator[str]:
    for node in _import_nodes(parsed(sources[file])):
        if isinstance(node, ast.Import):
            modules = [(name.name, None) for name in node.names]
        else:
            modules = [(f"{node.module}.{name.name}", node.module) for name in node.names]
        for module, parent in modules:
            # The last name of a `from` import is a module, or a name in its parent.
            found = _file_of(module, sources) or (parent and _file_of(parent, sources))
            if found:
                yield found


def _file_of(module: str, sources: Mapping[str, str]) -> str | None:
    path = module.replace(".", "/")
    return next((file for file in (f"{path}.py", f"{path}/__init__.py") if file in sources), None)


def _import_nodes(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for part in node.orelse:
                yield from _import_nodes(ast.Module([part], []))
        else:
            yield from _import_nodes(node)
