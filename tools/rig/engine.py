"""The task hub, a worker of the app and a client on it, in this process."""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from durabletask.client import OrchestrationState, TaskHubGrpcClient
from durabletask.worker import TaskHubGrpcWorker

from emulators.task_hub import BackendOptions, HubThread, VirtualClock
from tools.rig.environment import HOST_JSON
from tools.rig.kept_orchestrations import kept_orchestrations

AS_SHIPPED = BackendOptions.of_host_json(HOST_JSON, {})
"""How the hub behaves with the app's own host.json."""
QUIET = logging.getLogger("rig.engine")
QUIET.setLevel(logging.ERROR)


@dataclass
class RunningEngine:
    """An engine that runs the app's orchestrators."""

    address: str
    clock: VirtualClock
    client: TaskHubGrpcClient
    backend: HubThread
    worker: TaskHubGrpcWorker

    def run(self, name: str, payload: dict[str, Any], instance_id: str) -> OrchestrationState:
        """Start an orchestration and wait for its end (real seconds: 60 at most)."""
        self.client.schedule_new_orchestration(name, input=payload, instance_id=instance_id)
        return self.end_of(instance_id)

    def end_of(self, instance_id: str) -> OrchestrationState:
        """Wait for the end of a run."""
        state = self.client.wait_for_orchestration_completion(instance_id, timeout=60)
        assert state is not None
        return state


@contextmanager
def running_engine(
    clock: VirtualClock,
    register: Callable[[TaskHubGrpcWorker, str], None],
    *,
    options: BackendOptions = AS_SHIPPED,
    existing: str = "reject",
    replay: bool = False,
    worker: Callable[..., TaskHubGrpcWorker] = TaskHubGrpcWorker,
    hub: Callable[..., HubThread] = HubThread,
) -> Generator[RunningEngine]:
    """Start hub and worker; `register` gives the worker its functions, and is told the hub's address.

    `options`: how strict the hub is. `existing`: what a start with the id of a finished run does. `replay`: each turn
    replays the whole history, as on Azure; otherwise the worker keeps an orchestration between its turns.
    `worker` and `hub` build others than the usual ones.
    """
    backend = hub(clock=clock, options=options, existing=existing)
    address = backend.start()
    working = worker(host_address=address, logger=QUIET)
    register(working, address)
    with nullcontext() if replay else kept_orchestrations():
        working.start()
        client = TaskHubGrpcClient(host_address=address, logger=QUIET)
        try:
            yield RunningEngine(address, clock, client, backend, working)
        finally:
            client.close()
            # The worker's own stop polls once a second; a stopped engine needs no more of it.
            threading.Thread(target=working.stop, daemon=True).start()
            backend.stop()
