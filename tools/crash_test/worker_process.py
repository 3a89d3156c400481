"""The worker's process: the app and the plain programs on one durabletask worker, until it is killed."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from durabletask.grpc_options import GrpcChannelOptions, GrpcWorkerResiliencyOptions
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.worker import TaskHubGrpcWorker

from tools.crash_test import programs
from tools.crash_test.journal import Journal, Line
from tools.rig import product
from tools.rig.hub_process import HubPlace

# A restarted hub is found at once: the time between two kills is for work.
QUICK_CHANNEL = GrpcChannelOptions(
    raw_options=[
        ("grpc.initial_reconnect_backoff_ms", 50),
        ("grpc.min_reconnect_backoff_ms", 50),
        ("grpc.max_reconnect_backoff_ms", 100),
    ]
)
_QUICK_RETURN = GrpcWorkerResiliencyOptions(
    hello_timeout_seconds=2.0, reconnect_backoff_base_seconds=0.05, reconnect_backoff_cap_seconds=0.1
)


@dataclass(frozen=True, kw_only=True)
class Rig(HubPlace):
    """A hub's place, and the environment in which the app's activities find the simulator."""

    environment: dict[str, str]

    @property
    def journal_file(self) -> Path:
        """The file with what the workers did."""
        return self.folder / "journal.jsonl"


def run_worker(rig: Rig) -> None:
    """Start a worker; it works until its process is killed."""
    os.environ.update(rig.environment)
    logger = logging.getLogger("tools.crash_test.worker")
    logger.setLevel(logging.CRITICAL)
    journal = Journal(rig.journal_file)
    worker = RecordingWorker(
        journal,
        host_address=rig.address,
        logger=logger,
        channel_options=QUICK_CHANNEL,
        resiliency_options=_QUICK_RETURN,
    )
    product.register(worker, rig.address)
    programs.register(worker, journal)
    worker.start()


class RecordingWorker(TaskHubGrpcWorker):
    """A worker that records which activities it begins, and which completions the hub has acknowledged."""

    def __init__(self, journal: Journal, **options: Any) -> None:
        """`journal` receives the records; the rest are a worker's usual options."""
        super().__init__(**options)
        self._journal = journal

    def _execute_activity(self, req: pb.ActivityRequest, stub: Any, completionToken: Any) -> None:  # noqa: N803
        self._journal.write(_line("begun", req))
        super()._execute_activity(req, _WatchedStub(stub, self._journal, req), completionToken)


class _WatchedStub:
    """Forward a completion, and record its acknowledgement."""

    def __init__(self, stub: Any, journal: Journal, request: pb.ActivityRequest) -> None:
        self._stub = stub
        self._journal = journal
        self._request = request

    def CompleteActivityTask(self, response: pb.ActivityResponse) -> Any:  # noqa: N802 - the protocol's name
        answer = self._stub.CompleteActivityTask(response)
        self._journal.write(_line("acknowledged", self._request))
        return answer


def _line(kind: Any, request: pb.ActivityRequest) -> Line:
    instance = request.orchestrationInstance
    return Line(kind, instance.instanceId, instance.executionId.value, request.taskId, request.name)
