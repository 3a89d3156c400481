"""The checker reports each file that is too long, badly named or not described."""

from tests.layers.fault import Source
from tests.layers.shape import MOST_LINES, MOST_LINES_OF_A_FUNCTION, file_faults, python_faults

GOOD = '"""Says what it is for."""\n'


def _function(lines: int, *, word: str = "def") -> str:
    return f"{GOOD}{word} f():\n" + "    x = 1\n" * (lines - 1)


BAD = [
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
    ("tools/x.sh", "\n" * (MOST_LINES + 1), "a file has at most"),
]


def _reported(file: str, text: str) -> list[str]:
    of_python = python_faults(Source(file, text)) if file.endswith(".py") else []
    return [fault.text for fault in (*file_faults(file, text), *of_python)]


def test_a_bad_shape_is_reported() -> None:
    reported = [(file, expected, _reported(file, text)) for file, text, expected in BAD]
    assert [row for row in reported if not any(row[1] in text for text in row[2])] == []


def test_a_long_function_is_found_at_any_depth() -> None:
    inner = "".join(f"                {line}\n" for line in _function(MOST_LINES_OF_A_FUNCTION + 1).splitlines()[1:])
    text = (
        f"{GOOD}class A:\n    try:\n        pass\n    except OSError:\n        match 1:\n            case 1:\n{inner}"
    )
    assert [fault.line for fault in python_faults(Source("policy/x.py", text))] == [8]


def test_the_longest_allowed_is_not_reported() -> None:
    assert _reported("policy/x.py", GOOD + "\n" * (MOST_LINES - 1)) == []
    assert _reported("policy/x.py", _function(MOST_LINES_OF_A_FUNCTION)) == []
