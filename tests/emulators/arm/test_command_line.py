"""The emulator as a process of its own."""

import json
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_writes_a_ready_file_serves_and_stops_cleanly(tmp_path: Path, number: signal.Signals):
    fleet, role, ready = tmp_path / "fleet.json", tmp_path / "role.json", tmp_path / "ready.json"
    linux = {"name": "l1", "linux": {"waagent": "fails", "detach": ["at"]}, "foreignStop": None}
    fleet.write_text(json.dumps({"vms": [linux, {"name": "w1", "os": "Windows"}]}))
    role.write_text(json.dumps({"Actions": ["*/read"], "NotActions": []}))
    line = [sys.executable, "-m", "emulators.arm", "--port", "0", "--speed", "20", "--fleet", str(fleet)]
    line += ["--role", str(role), "--ready-file", str(ready), "--state-dir", str(tmp_path / "state")]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 20
            while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            reported = json.loads(ready.read_text())
            assert reported["pid"] == process.pid
            assert reported["identityEndpoint"].startswith("http://127.0.0.1:")
            trust = ssl.create_default_context(cafile=reported["caFile"])
            with urllib.request.urlopen(f"{reported['endpoint']}/_simulator/vms", context=trust) as answer:
                assert [vm["name"] for vm in json.load(answer)["vms"]] == ["l1", "w1"]
        finally:
            process.send_signal(number)
            out, error = process.communicate(timeout=10)
    assert (process.returncode, error) == (0, "")
    assert "emulating Azure Resource Manager at https://127.0.0.1:" in out


def test_an_invalid_fleet_is_reported_in_one_line(tmp_path: Path):
    fleet = tmp_path / "fleet.json"
    fleet.write_text(json.dumps({"vms": [{"name": "l1", "colour": "red"}]}))
    line = [sys.executable, "-m", "emulators.arm", "--fleet", str(fleet)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "unknown field(s) colour of VmSpec" in done.stderr
    assert "Traceback" not in done.stderr
