"""Parses PowerShell with its grammar, for the tests of scripts that cannot run here."""

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

LANGUAGE = Language(tree_sitter_powershell.language())


@dataclass(frozen=True)
class PowerShell:
    """A parsed script."""

    source: str
    root: Node
    every: tuple[Node, ...]

    @classmethod
    def parse(cls, source: str) -> "PowerShell":
        root = Parser(LANGUAGE).parse(source.encode()).root_node
        return cls(source, root, tuple(walk(root)))

    def nodes(self, kind: str, below: Node | None = None) -> list[Node]:
        return [node for node in (walk(below) if below else self.every) if node.type == kind]

    def errors(self) -> list[str]:
        return [f"line {n.start_point.row + 1}: {text(n)[:60]}" for n in self.every if n.is_error or n.is_missing]

    def functions(self) -> dict[str, str]:
        """Name and text of every function."""
        names = ((child, node) for node in self.nodes("function_statement") for child in node.children)
        return {text(child): text(node) for child, node in names if child.type == "function_name"}

    def commands(self) -> list[str]:
        """The name of every command that is called."""
        return [text(node) for node in self.nodes("command_name")]

    def code(self) -> str:
        """The script without its comments."""
        raw, kept, end = self.source.encode(), b"", 0
        for node in self.nodes("comment"):
            kept, end = kept + raw[end : node.start_byte], node.end_byte
        return (kept + raw[end:]).decode()


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def text(node: Node) -> str:
    return (node.text or b"").decode()
