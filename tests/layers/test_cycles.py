"""The checker reports each cycle of imports, between files and between folders."""

import pytest

from tests.layers.cycles import cycles, folder_graph, import_graph

FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import x"


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        ("from a import x", 1),
        ("import a", 1),
        ("import a as other", 1),
        ("def f():\n    from a import x", 1),
        ("class C:\n    def f(self):\n        import a", 1),
        ("try:\n    import a\nexcept ImportError:\n    pass", 1),
        ("if DEBUG:\n    import a", 1),
        (f"{FOR_TYPES}\nelse:\n    import a", 1),
        (FOR_TYPES, 0),
        ("import typing\nif typing.TYPE_CHECKING:\n    import a", 0),
        ("import json", 0),
    ],
)
def test_a_cycle_of_files_is_reported(back: str, expected: int) -> None:
    graph = import_graph(
        {"a.py": "import p", "p/__init__.py": "from p import b", "p/b.py": "import p.c", "p/c.py": back}
    )
    assert len(cycles(graph)) == expected


def test_every_cycle_is_reported_with_its_path() -> None:
    sources = {"a.py": "import b, c", "b.py": "import a", "c.py": "import d", "d.py": "import c", "e.py": "import a"}
    assert sorted(cycles(import_graph(sources))) == ["a.py -> b.py -> a.py", "c.py -> d.py -> c.py"]


def test_a_cycle_of_folders_is_reported_without_one_of_files() -> None:
    sources = {
        "top/x/one.py": "from top.y import two",
        "top/y/two.py": "",
        "top/y/three.py": "from top.x.four import name",
        "top/x/four.py": "import top.low",
        "top/low.py": "import other",
        "other.py": "import top.x.one",
    }
    graph = import_graph(sources)
    assert cycles(graph) == []
    assert cycles(folder_graph(graph, "top")) == ["top/x -> top/y -> top/x"]
