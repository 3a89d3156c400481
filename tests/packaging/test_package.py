"""The published package contains the entire app and nothing else, and it loads without the repository."""

import shutil
import subprocess
from pathlib import Path

import pytest

from contracts import registered_names
from tests.layers.fault import ROOT, all_files
from tests.layers.interpreter import LOADED, ask, sdk_in
from tests.layers.packages import PRODUCT, room_of
from tests.packaging.funcignore import shipped

SINGLE = {"function_app.py", "settings.py", "host.json", "requirements.txt"}
OF_THE_LIBRARY = {"BuiltIn__HttpActivity", "BuiltIn__HttpPollOrchestrator"}
_NAMES = "[function.get_function_name() for function in function_app.app.get_functions()]"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that would be published, and nothing else."""
    folder = tmp_path_factory.mktemp("package")
    for file in shipped(ROOT):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    return folder


def test_only_the_product_is_shipped() -> None:
    files = shipped(ROOT)
    assert {file for file in files if "/" not in file} == SINGLE
    strays = [file for file in files if room_of(file) not in PRODUCT and file not in SINGLE]
    assert strays == []
    folders = [file for file in files if "/" in file]
    of_guest = {Path(file).suffix for file in folders if file.startswith("guest/")}
    assert of_guest == {".py", ".sh", ".ps1", ".json", ".md"}
    assert {Path(file).suffix for file in folders if not file.startswith("guest/")} == {".py"}


def test_every_file_of_the_product_is_shipped() -> None:
    files = set(shipped(ROOT))
    ours = {path.relative_to(ROOT).as_posix() for room in PRODUCT for path in (ROOT / room).rglob("*.py")}
    assert ours - files == set()
    guest = {file for file in all_files(ROOT) if file.startswith("guest/")}
    assert {"guest/allow_list.json", "guest/own/README.md", "guest/windows/sysprep_as_user.ps1"} <= guest
    assert guest - files == set()


def test_the_package_alone_registers_all_functions_and_loads_no_sdk(package: Path) -> None:
    names, loaded = ask(package, ["function_app"], f"[{_NAMES}, {LOADED}]")
    assert sorted(names) == sorted({*registered_names.ALL, *OF_THE_LIBRARY})
    ours = {name: file for name, file in loaded.items() if name.partition(".")[0] in PRODUCT and file}
    assert len(ours) > 30
    assert {name: file for name, file in ours.items() if not Path(file).is_relative_to(package)} == {}
    assert [name for name in loaded if name.partition(".")[0] in ("emulators", "tools", "tests", "benchmarks")] == []
    assert sdk_in(loaded) == []


def test_a_stray_file_is_not_shipped(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".funcignore", tmp_path)
    for file in (
        "secret.env",
        "local.settings.json",
        "notes/x.py",
        "emulators/x.py",
        "tools/x.py",
        "contracts/ids.py",
        "README.md",
    ):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert shipped(tmp_path) == ["contracts/ids.py"]


def test_git_reads_the_same_lines_the_same_way(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git = ["git", "--git-dir", str(tmp_path), "--work-tree", str(ROOT)]
    subprocess.run([*git, "init", "--quiet"], check=True, capture_output=True)
    listing = [*git, "ls-files", "--others", "--exclude-from=.funcignore", "--exclude=__pycache__/"]
    done = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)
    assert sorted(done.stdout.splitlines()) == sorted(shipped(ROOT))
