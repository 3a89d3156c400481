"""The crash demo on two of its machines: host and hub killed in every stage of each, and nothing done twice."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LAST_LINE = re.compile(r"crash demo: killed (\d+) times, 1 generalized, 0 published, 1 refused, 0 effects repeated")
STAGES = ("inspecting", "preparing", "deprovisioning", "stopping", "deallocating", "generalizing")


def test_it_goes_on_from_wherever_it_was_killed() -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "workbench.demo.crash", "--only", "web-01", "app-02"],
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
    assert int(found[1]) >= len(STAGES), "at least one kill a stage"
    for met in [*(f"web-01 {stage}" for stage in STAGES), "app-02 inspecting"]:
        assert f" {met}" in demo.stdout, f"not met: {met}"
