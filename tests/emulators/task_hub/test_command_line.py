"""The command line: readiness, clean ends, and one sentence when it cannot start."""

import signal
from pathlib import Path

import pytest

from tests.emulators.task_hub.hub_process import launch, start_hub


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_serves_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    ready = tmp_path / "ready"
    hub = start_hub(tmp_path / "hub.db", "--ready-file", str(ready))
    assert ready.read_text() == hub.address
    with hub.client() as client:
        client.schedule_new_orchestration("orchestration", instance_id="a")
    hub.process.send_signal(number)
    assert hub.wait() == 0
    # A clean end leaves everything in the one file.
    assert {path.name for path in tmp_path.glob("hub.db*")} <= {"hub.db", "hub.db.lock"}


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    hub = start_hub(tmp_path / "hub.db")
    assert hub.process.stdin is not None
    hub.process.stdin.close()
    assert hub.process.wait(20) == 0
    hub.wait()


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    hub = start_hub(tmp_path / "hub.db")
    port = int(hub.address.rpartition(":")[2])
    for file, expected in ((tmp_path / "hub.db", "in use by another task hub"), (tmp_path / "other.db", "is in use")):
        second = launch(file, port=port)
        _, said = second.communicate(timeout=20)
        assert second.returncode == 1
        assert said.startswith("task hub: ")
        assert expected in said
        assert len(said.splitlines()) == 1
    assert hub.terminate() == 0
