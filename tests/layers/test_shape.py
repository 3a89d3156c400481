"""Every file is short, well named and described; the checker reports each that is not."""

from tests.layers.fault import ROOT, Fault, python_files, show
from tests.layers.shape import MOST_LINES, MOST_LINES_OF_A_FUNCTION, shape_faults
from tests.support.rows import rows

GOOD = '"""Says what it is for."""\n'


def _function(lines: int, *, word: str = "def") -> str:
    return f"{GOOD}{word} f():\n" + "    x = 1\n" * (lines - 1)


@rows(
    ("file", "source", "expected"),
    [
        ("policy/x.py", GOOD + "\n" * MOST_LINES, "a file has at most"),
        ("tests/test_x.py", GOOD + "\n" * MOST_LINES, "a file has at most"),
        ("policy/x.py", _function(MOST_LINES_OF_A_FUNCTION + 1), "a function has at most"),
        ("policy/x.py", _function(MOST_LINES_OF_A_FUNCTION + 1, word="async def"), "a function has at most"),
        ("emulators/x.py", "", "begin with a docstring"),
        ("policy/x.py", "import re\n", "begin with a docstring"),
        ("policy/x.py", '"""A title\n\nand more."""\n', "one complete sentence"),
        ("policy/utils.py", GOOD, "does not say what is in it"),
        ("emulators/common/x.py", GOOD, "does not say what is in it"),
        ("tests/test_helpers.py", GOOD, "does not say what is in it"),
        ("core/x.py", GOOD, "does not say what is in it"),
        ("shared/x.py", GOOD, "does not say what is in it"),
        ("emulators/azure/x.py", GOOD, "namespace"),
    ],
)
def test_a_bad_shape_is_reported(file: str, source: str, expected: str) -> None:
    assert [fault for fault in shape_faults(file, source) if expected in fault.text]


def test_the_longest_allowed_is_not_reported() -> None:
    assert shape_faults("policy/x.py", GOOD + "\n" * (MOST_LINES - 1)) == []
    assert shape_faults("policy/x.py", _function(MOST_LINES_OF_A_FUNCTION)) == []


def test_every_file_of_the_project_is_in_shape() -> None:
    faults: list[Fault] = []
    for file in python_files():
        faults += shape_faults(file, (ROOT / file).read_text())
    assert not faults, show(faults)
