"""The command line: readiness, clean ends, and one sentence when it cannot start."""

import signal
from pathlib import Path

import pytest

from emulators.task_hub.command_line import main
from tests.emulators.task_hub.hub_process import launch, start_hub
from tests.emulators.task_hub.rig import running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, None], ids=str)
def test_it_says_when_it_serves_and_ends_cleanly(tmp_path: Path, number: signal.Signals | None) -> None:
    ready = tmp_path / "ready"
    hub = start_hub(tmp_path / "hub.db", "--ready-file", str(ready))
    assert ready.read_text() == hub.address
    with hub.client() as client:
        client.schedule_new_orchestration("orchestration", instance_id="a")
    if number is not None:
        hub.process.send_signal(number)
    elif hub.process.stdin is not None:
        hub.process.stdin.close()
    assert hub.wait() == 0
    # A clean end leaves everything in the one file.
    assert {path.name for path in tmp_path.glob("hub.db*")} <= {"hub.db", "hub.db.lock"}


def test_a_start_that_fails_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(None, tmp_path / "hub.db") as rig:
        second = launch(tmp_path / "hub.db")
        _, in_use = second.communicate(timeout=20)
        assert second.returncode == 1
        assert main(["--file", str(tmp_path / "other.db"), "--port", rig.address.rpartition(":")[2]]) == 1
    for said, expected in ((in_use, "in use by another task hub"), (capsys.readouterr().err, "is in use")):
        assert said.startswith("task hub: ")
        assert expected in said
        assert len(said.splitlines()) == 1
