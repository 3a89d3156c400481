"""The summary of a test run: a table by package, and the failure of the lowest layer last."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.grouping import layer_of, package_of
from tests.layers.fault import ROOT

FAILS = "def test_{}() -> None:\n    assert {} == 0, 'the reason of {}'\n"
PLUGIN = """from tests_grouping import Grouping


def pytest_configure(config):
    config.pluginmanager.register(Grouping())
"""


def test_the_failure_of_the_lowest_layer_is_last(tmp_path: Path) -> None:
    for package, name in (("journeys", "high"), ("contracts", "low"), ("policy", "fine")):
        (tmp_path / "tests" / package).mkdir(parents=True)
        text = FAILS.format(name, 0 if name == "fine" else 1, name)
        (tmp_path / "tests" / package / f"test_{name}.py").write_text(text)
    (tmp_path / "tests_grouping.py").write_text((ROOT / "tests/grouping.py").read_text())
    (tmp_path / "tests/conftest.py").write_text(PLUGIN)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = -p no:cacheprovider\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    begins = next(number for number, line in enumerate(lines) if " by package " in line)
    table = [line.split()[:3] for line in lines[begins:] if line.startswith("tests/")]
    assert table == [["tests/contracts", "1", "1"], ["tests/policy", "1", "0.0"], ["tests/journeys", "1", "1"]]
    assert lines[begins + 5].startswith("tests: 1 passed, 2 failed in ")
    assert lines[begins + 5].endswith(" CPU s")
    assert "the reason of low" in lines[begins + 7]
    assert lines[-1] == "make test FILTER='tests/contracts/test_low.py::test_low'"


@pytest.mark.parametrize(
    ("nodeid", "package"),
    [
        ("tests/contracts/test_ids.py::test_x", "tests/contracts"),
        ("tests/emulators/arm/http/test_x.py::test_x", "tests/emulators/arm"),
        ("tests/tools/test_grouping.py::test_x", "tests/tools"),
        ("tests/test_settings.py::test_x", "tests/test_settings.py"),
    ],
)
def test_the_package_of_a_test(nodeid: str, package: str) -> None:
    assert package_of(nodeid) == package


def test_every_package_of_tests_has_its_layer() -> None:
    packages = {package_of(f"{file.relative_to(ROOT)}::x") for file in (ROOT / "tests").rglob("test_*.py")}
    assert not [package for package in packages if layer_of(package) == layer_of("nowhere")]
