"""The crash demo as a user starts it: host and hub killed in every stage of every machine, and nothing done twice."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LAST_LINE = re.compile(r"crash demo: killed (\d+) times, 1 generalized, 1 published, 0 refused, 0 effects repeated")
STAGES = ("inspecting", "preparing", "deprovisioning", "stopping", "deallocating", "generalizing")
OF_A_CLONE = ("cloning", "preparing", "deprovisioning", "publishing", "verifying", "cleaningUp")


def test_it_goes_on_from_wherever_it_was_killed() -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "workbench.demo.crash", "--only", "web-01", "web-02"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    found = LAST_LINE.fullmatch(demo.stdout.splitlines()[-1])
    assert found, demo.stdout
    assert int(found[1]) >= len(OF_A_CLONE), "at least one kill a stage"
    for name, stage in [*(("web-01", stage) for stage in STAGES), *(("web-02", stage) for stage in OF_A_CLONE)]:
        assert f" {name} {stage}" in demo.stdout, f"{name} was met {stage}"
