"""A run ends with the failure of the lowest layer, also when workers report to another process."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layers.fault import ROOT
from tests.summary import LAYERS, Summary, package_of

TREE = {
    "tests/contracts/test_low.py": "def test_good(): pass\ndef test_low(): assert 1 == 2, 'the cause'\n",
    "tests/emulators/arm/test_skip.py": "import pytest\ndef test_skipped(): pytest.skip('no')\n",
    "tests/emulators/task_hub/test_broken.py": "import nowhere_at_all\n",
    "tests/journeys/test_high.py": "import pytest\n\n@pytest.fixture\ndef bad(): raise OSError('x')\n\n"
    "def test_high(bad): pass\n",
}


def test_the_lowest_failure_is_last_and_the_exit_status_is_pytests_own(tmp_path: Path) -> None:
    for file, text in TREE.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    for file in ("pyproject.toml", "tests/conftest.py", "tests/summary.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "1", "--dist", "loadfile", "--continue-on-collection-errors"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1, done.stdout + done.stderr
    *_, name, message, only, empty, counts = done.stdout.splitlines()
    assert name == "first failure: tests/contracts/test_low.py::test_low"
    assert message == "    AssertionError: the cause"
    assert only.endswith("pytest tests/contracts/test_low.py::test_low")
    assert empty == ""
    assert re.fullmatch(r"tests: 3 failed, 1 passed, 1 skipped in \d+ s, \d+ s CPU", counts)
    rows = re.findall(r"^(tests/\S+) +(\d+) +(\d+) +\d+\.\d$", done.stdout, re.MULTILINE)
    assert rows == [
        ("tests/contracts", "2", "1"),
        ("tests/emulators/arm", "1", "0"),
        ("tests/emulators/task_hub", "1", "1"),
        ("tests/journeys", "1", "1"),
    ]


def test_the_order_names_every_folder_of_tests() -> None:
    folders = {path.parent.relative_to(ROOT / "tests").parts[:1] for path in ROOT.glob("tests/*/**/test_*.py")}
    assert {name for (name,) in folders} == set(LAYERS) - {"settings"}


def test_a_test_belongs_to_the_folder_that_can_be_run_alone() -> None:
    assert package_of("tests/test_settings.py::test_a") == "tests"
    assert package_of("tests/policy/test_a.py::test_b[x/y]") == "tests/policy"
    assert package_of("tests/emulators/arm/x/test_a.py") == "tests/emulators/arm"


def test_of_one_file_the_failure_further_up_is_first_even_in_the_teardown() -> None:
    summary = Summary()
    for name, line in (("b", 9), ("a", 3)):
        place = ("tests/guest/test_x.py", line, name)
        report = pytest.TestReport(f"tests/guest/test_x.py::{name}", place, {}, "failed", f"bad\n{name}", "teardown")
        summary.pytest_runtest_logreport(report)
    assert "first failure: tests/guest/test_x.py::a" in summary.lines(1, 1)
    assert summary.lines(1.4, 2.6)[-1] == "tests: 2 failed, 0 passed, 0 skipped in 1 s, 3 s CPU"
