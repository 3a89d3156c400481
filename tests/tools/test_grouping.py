"""The summary of a test run: a table by package, and the failure of the lowest layer last."""

import os
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


def summed_up(folder: Path, files: dict[str, str], *options: str) -> tuple[int, list[str]]:
    """Run pytest on these files below `tests`; return its exit status and the lines from the table on."""
    for name, text in files.items():
        (folder / "tests" / name).parent.mkdir(parents=True)
        (folder / "tests" / name).write_text(text)
    (folder / "tests_grouping.py").write_text((ROOT / "tests/grouping.py").read_text())
    (folder / "tests/conftest.py").write_text(PLUGIN)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = -p no:cacheprovider\n")
    command = [sys.executable, "-m", "pytest", "-q", *options, "tests"]
    # The small tree needs none of the other plugins, which take most of the time.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    begins = [number for number, line in enumerate(lines) if " by package " in line]
    assert begins, done.stdout + done.stderr
    return done.returncode, lines[begins[0] :]


def test_the_failure_of_the_lowest_layer_is_last(tmp_path: Path) -> None:
    names = (("journeys", "high"), ("contracts", "low"), ("policy", "fine"))
    files = {f"{place}/test_{name}.py": FAILS.format(name, int(name != "fine"), name) for place, name in names}
    status, lines = summed_up(tmp_path, files)
    assert status == 1
    table = [line.split()[:3] for line in lines if line.startswith("tests/")]
    assert table == [["tests/contracts", "1", "1"], ["tests/policy", "1", "0.0"], ["tests/journeys", "1", "1"]]
    assert lines[5].startswith("tests: 1 passed, 2 failed in ")
    assert lines[5].endswith(" CPU s")
    assert "look at this failure first" in lines[6]
    assert "the reason of low" in lines[7]
    assert lines[-1] == "make test FILTER='tests/contracts/test_low.py::test_low'"


@pytest.mark.parametrize("options", [(), ("-p", "xdist.plugin", "-n", "1")], ids=["alone", "xdist"])
def test_a_module_that_cannot_be_collected_failed_first(tmp_path: Path, options: tuple[str, ...]) -> None:
    files = {
        "journeys/test_high.py": "def test_(:\n",
        "contracts/test_low.py": "import nowhere_to_be_found\n",
        "policy/test_fine.py": FAILS.format("fine", 0, "fine"),
    }
    status, lines = summed_up(tmp_path, files, *options)
    assert status != 0
    # The workers of xdist run what could be collected; without them nothing runs.
    table = [line.split()[:3] for line in lines if line.startswith("tests/")]
    assert table[0] == ["tests/contracts", "0", "1"]
    assert ["tests/journeys", "0", "1"] in table
    begins = next(number for number, line in enumerate(lines) if "look at this error while collecting" in line)
    assert "2 error in " in lines[begins - 1]
    assert any("No module named 'nowhere_to_be_found'" in line for line in lines[begins:])
    assert lines[-1] == "make test FILTER='tests/contracts/test_low.py'"


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
