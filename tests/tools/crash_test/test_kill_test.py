"""A small kill test from its command line."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LAST_LINE = (
    r"kills: 6, instances: [1-9]\d*, lost: 0, repeated after acknowledgement: 0, irreversible effects repeated: 0"
)


def test_six_kills_lose_and_repeat_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.crash_test", "--kills", "6", "--seed", "3", "--lanes", "2"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)
    *_, last = ran.stdout.splitlines() or [""]
    assert re.fullmatch(LAST_LINE, last), f"{ran.stdout}\n{ran.stderr}"
    assert ran.returncode == 0
    assert re.search(r"5 kills, [3-5] before an answer", ran.stdout), ran.stdout
    assert re.search(r"for a host that died with it, and for its process in a host that lives", ran.stdout), ran.stdout
    assert list(tmp_path.glob("kill-test-*")) == [], "the folder of a good test is removed"
