"""The crash demo on one of its VMs; its kills in every stage of the others are seen by `make crash-demo`."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LAST_LINE = re.compile(r"crash demo: killed (\d+) times, 0 generalized, 0 published, 1 refused, 0 effects repeated")


def test_it_goes_on_from_wherever_it_was_killed() -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "tools.demo.crash", "--only", "app-02"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    found = LAST_LINE.fullmatch(demo.stdout.splitlines()[-1])
    assert found, demo.stdout
    assert int(found[1]) >= 1
    assert " app-02 inspecting" in demo.stdout
