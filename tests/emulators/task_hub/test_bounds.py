"""What a hub uses: a constant number of threads, no memory of finished work; and calls that fail cleanly."""

import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from durabletask import task

from tests.emulators.task_hub.hub_process import start_hub
from tests.emulators.task_hub.rig import Orchestration, Program, code_of, running


def many(context: Any, count: int) -> Orchestration:
    timers = [context.create_timer(timedelta(days=1)) for _ in range(count)]
    yield task.when_any([context.wait_for_external_event("go"), *timers])


def echo(_context: Any, value: Any) -> Any:
    return value


PROGRAM = Program([many, echo])


def test_no_thread_for_timers_waits_or_instances() -> None:
    with running(PROGRAM) as rig:
        rig.clock.allow(rig.clock.now())
        rig.run(echo, 1)
        before = {thread.name for thread in threading.enumerate() if thread.name.startswith("task-hub")}
        for number in range(5):
            rig.start(many, 20, instance_id=f"i{number}")
        for number in range(5):
            rig.client.wait_for_orchestration_start(f"i{number}", timeout=10)
        assert len(rig.hub.pending_timers()) == 100
        assert {thread.name for thread in threading.enumerate() if thread.name.startswith("task-hub")} == before


def test_nothing_is_held_of_what_is_finished(tmp_path: Path) -> None:
    with running(PROGRAM, tmp_path / "hub.db") as rig:
        for number in range(10):
            rig.end_of(rig.start(echo, "x" * 1000, instance_id=f"i{number}"))
        parts = rig.hub._hub._parts  # pyright: ignore[reportPrivateUsage]
        assert parts is not None
        dispatcher = parts.dispatcher
        held = [dispatcher._leases, dispatcher._out, dispatcher._queued_again, parts.waiting]  # pyright: ignore[reportPrivateUsage]
        assert [len(one) for one in held] == [0, 0, 0, 0]
        assert dispatcher.cache.size == 0


def test_a_disk_that_fails_fails_the_call_and_nothing_else(tmp_path: Path) -> None:
    """The child's files may not grow beyond half a megabyte: the kernel refuses the write, as a failing disk does."""
    limit = ["-c", "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000));"
             " os.execv(sys.argv[1], sys.argv[1:])"]  # fmt: skip
    hub = start_hub(tmp_path / "hub.db", before=[sys.executable, *limit])
    with hub.client() as client:
        client.schedule_new_orchestration("orchestration", instance_id="small")
        with pytest.raises(grpc.RpcError) as error:
            client.schedule_new_orchestration("orchestration", input="x" * 700_000, instance_id="large")
        assert code_of(error) in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)
        assert "nothing was written" in str(error.value)
        assert client.get_orchestration_state("large") is None
        client.schedule_new_orchestration("orchestration", instance_id="small too")
    hub.kill()
    with running(None, tmp_path / "hub.db") as rig:
        assert not rig.gone("small")
        assert not rig.gone("small too")
        assert rig.gone("large")
