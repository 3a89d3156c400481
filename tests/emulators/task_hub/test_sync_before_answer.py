"""Watches the kernel: the log is synced between the call's arrival and its answer.

SIGKILL cannot show whether a commit had reached the disk, since the kernel keeps what was written. strace shows
the order of the system calls themselves: this proves that `fdatasync` of the write-ahead log returned before the
bytes of the answer were passed to the socket. It does not prove that the disk has stored it.
"""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.emulators.task_hub.hub_process import start_hub


def _strace_works(folder: Path) -> bool:
    strace = shutil.which("strace")
    if strace is None:
        return False
    done = subprocess.run([strace, "-f", "-o", str(folder / "try"), "true"], capture_output=True, check=False)
    return done.returncode == 0


def test_the_log_is_synced_before_the_call_is_answered(tmp_path: Path) -> None:
    if not _strace_works(tmp_path):
        pytest.skip("strace is not installed, or is not allowed to trace on this machine")
    trace = tmp_path / "trace"
    calls = "trace=fdatasync,fsync,sendmsg,recvmsg,read,write,sendto,recvfrom"
    strace = ["strace", "-f", "-y", "-v", "-s", "400", "-e", calls, "-o", str(trace)]
    hub = start_hub(tmp_path / "hub.db", before=strace)
    with hub.client() as client:
        # The first answer of a connection is in many pieces, of which strace shows only some.
        client.schedule_new_orchestration("orchestration", instance_id="first")
        for number in range(3):
            client.schedule_new_orchestration("orchestration", instance_id=f"watched-{number}")
    # strace ends with its child.
    traced = Path(f"/proc/{hub.process.pid}/task/{hub.process.pid}/children").read_text().split()
    for pid in traced:
        os.kill(int(pid), signal.SIGTERM)
    hub.wait()
    lines = trace.read_text(errors="replace").splitlines()
    for number in range(3):
        # What is received may be in the line of a resumed call; what is sent is in the line where the call begins.
        asked = _first(lines, rf"(recvmsg|recvfrom|read)\b.*watched-{number}")
        answered = asked + _first(lines[asked:], rf"(sendmsg|sendto|write)\(.*watched-{number}")
        between = "\n".join(lines[asked:answered])
        assert re.search(r"f(data)?sync\(\d+<[^>]*hub\.db-wal>\)\s+= 0", between) or re.search(
            r"f(data)?sync resumed>\)\s+= 0", between
        ), f"no sync of the log before the answer:\n{between}"


def _first(lines: list[str], pattern: str) -> int:
    return next(place for place, line in enumerate(lines) if re.search(pattern, line))
