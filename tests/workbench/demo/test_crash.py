"""The crash demo as a user starts it: host and hub killed in every stage of every machine, and nothing done twice."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LAST_LINE = re.compile(r"crash demo: killed (\d+) times, 4 generalized, 1 refused, 0 effects repeated")


def test_it_goes_on_from_wherever_it_was_killed() -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "workbench.demo.crash", "--speed", "40"],
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
    assert int(found[1]) >= 5, "at least one kill a stage"
    for stage in ("inspecting", "deprovisioning", "stopping", "deallocating", "generalizing"):
        assert demo.stdout.count(f" {stage}") >= 4, f"every machine was met {stage}"
