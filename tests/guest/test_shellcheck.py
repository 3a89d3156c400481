"""Every shell script of this project passes ShellCheck and is plain ASCII and POSIX sh."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
SANDBOX = ROOT / "emulators/guest"
SENT = [*ROOT.glob("guest/linux/*.sh"), *ROOT.glob("guest/customizers/*.sh")]
SCRIPTS = [*SENT, SANDBOX / "enter.sh", *SANDBOX.glob("stubs/*")]


def test_shellcheck_finds_nothing():
    assert len(SENT) >= 4
    done = subprocess.run([SHELLCHECK, "--shell=sh", *SCRIPTS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_shellcheck_finds_what_is_wrong(tmp_path: Path):
    script = tmp_path / "bad.sh"
    script.write_text("#!/bin/sh\nrm -rf $1/*\n")
    assert subprocess.run([SHELLCHECK, script], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("script", SENT, ids=lambda path: path.name)
def test_scripts_are_plain_ascii_and_run_by_sh(script: Path):
    text = script.read_text(encoding="ascii")
    assert text.startswith("#!/bin/sh\n")
    assert "\r" not in text
    assert "eval" not in text
