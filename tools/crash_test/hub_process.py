"""The hub's process: one task hub on its file, until it is killed."""

import asyncio
import multiprocessing
import os
from dataclasses import replace

from emulators.task_hub import BackendOptions
from emulators.task_hub.hub import TaskHub
from tools.crash_test.rig import Rig
from tools.rig.environment import HOST_JSON


def serve_hub(rig: Rig) -> None:
    """Serve the hub until the process is killed, or the test that started it has ended."""
    rig.write_to_log()
    asyncio.run(_serve(rig))


async def _serve(rig: Rig) -> None:
    options = replace(BackendOptions.of_host_json(HOST_JSON), lost_worker=rig.lost_worker, remote_clients=True)
    hub = TaskHub(rig.hub_file, clock=rig.time.clock(), options=options)
    await hub.start(rig.port)
    await asyncio.to_thread(wait_for_parent)
    os._exit(0)


def wait_for_parent() -> None:
    """Wait until the test's process has ended, so that no process outlives it."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in a process of its own"
    parent.join()
