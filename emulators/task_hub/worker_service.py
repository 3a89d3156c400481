"""The calls of workers: the stream of work items, their completion, and their return."""

# ruff: noqa: N802 - the methods are named as the protocol names them.

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.empty_pb2 import Empty

from emulators.task_hub import activities, entities, turns, worker_loss
from emulators.task_hub.dispatch import UNWRITTEN_SECONDS
from emulators.task_hub.errors import HubError, LostLeaseError
from emulators.task_hub.instances import Start
from emulators.task_hub.lease import Lease
from emulators.task_hub.parts import Parts
from emulators.task_hub.starting import start_unasked
from emulators.task_hub.transaction import Tx
from emulators.task_hub.turns import Turn
from emulators.task_hub.work_items import Batch
from emulators.task_hub.worker_stream import Work, WorkerStream

_log = logging.getLogger("task_hub.workers")
# A worker sends in its call's metadata the largest message that it accepts; "-1" is any. Its gRPC options are unknown.
MOST_BYTES_KEY = "task-hub-max-message-bytes"
# Workers treat a stream that is silent for two minutes as dead.
PING_SECONDS = 30.0
_PING = pb.WorkItem(healthPing=pb.HealthPing()).SerializeToString()


class WorkerService:
    """The worker part of `TaskHubSidecarService`."""

    def __init__(self, parts: Parts) -> None:
        """Use the hub's parts."""
        self._parts = parts
        self._dispatcher = parts.dispatcher

    async def Hello(self, _request: Empty, _context: Any) -> Empty:
        """Confirm that the hub runs."""
        return Empty()

    async def GetWorkItems(self, request: pb.GetWorkItemsRequest, context: Any) -> None:
        """Send work items until the worker disconnects; what it has not completed then is sent to others."""
        stream = WorkerStream(request, _most_bytes(context) or self._parts.options.max_message_bytes)
        self._dispatcher.connect(stream)
        try:
            while (item := await _next(stream.outgoing)) is not None:
                await context.write(item)
        finally:
            self._dispatcher.disconnect(stream)

    async def CompleteOrchestratorTask(
        self, request: pb.OrchestratorResponse, _context: Any
    ) -> pb.CompleteTaskResponse:
        """Store the outcome of a turn."""
        token = request.completionToken
        if request.isPartial:
            raise HubError(
                grpc.StatusCode.UNIMPLEMENTED, "complete a turn in one message: partial completions are not supported"
            )
        if request.requiresHistory:
            # Every turn is sent with its complete history: a worker that lost its own copy gets it again.
            self._dispatcher.give_back(token, Work.ORCHESTRATION, 0)
            return pb.CompleteTaskResponse()
        existing, sorts = self._parts.existing, self._parts.options.entity_reorder_window > timedelta()

        def step(tx: Tx, lease: Lease) -> None:
            assert isinstance(lease.taken, Turn)
            turns.complete(tx, token, lease.taken, request, existing, sorts=sorts)

        return await self._complete(token, Work.ORCHESTRATION, step)

    async def CompleteActivityTask(self, request: pb.ActivityResponse, _context: Any) -> pb.CompleteTaskResponse:
        """Store the outcome of an activity."""
        token = request.completionToken
        return await self._complete(
            token, Work.ACTIVITY, lambda tx, lease: activities.complete(tx, token, int(lease.item.key), request)
        )

    async def CompleteEntityTask(self, request: pb.EntityBatchResult, _context: Any) -> pb.CompleteTaskResponse:
        """Store the outcome of a batch of operations."""
        token = request.completionToken
        if request.requiresState:
            self._dispatcher.give_back(token, Work.ENTITY, 0)
            return pb.CompleteTaskResponse()

        return await self._complete(token, Work.ENTITY, lambda tx, lease: self._take_batch(tx, lease, request))

    def _take_batch(self, tx: Tx, lease: Lease, result: pb.EntityBatchResult) -> None:
        batch, existing, version = lease.taken, self._parts.existing, self._parts.options.default_version
        assert isinstance(batch, Batch)

        def start(tx: Tx, wanted: Start) -> None:
            start_unasked(tx, replace(wanted, version=wanted.version or version), existing)

        entities.complete(tx, lease.token, batch.entity, batch.operations, result, start)

    async def _complete(self, token: str, work: Work, step: Callable[[Tx, Lease], None]) -> pb.CompleteTaskResponse:
        # A worker that disconnects now has still done its work: the answer is lost, the completion is not.
        await asyncio.shield(self._write(self._dispatcher.begin_completion(token, work), step))
        return pb.CompleteTaskResponse()

    def _write(self, lease: Lease, step: Callable[[Tx, Lease], None]) -> asyncio.Future[None]:
        written = self._parts.journal.submit(lambda tx: step(tx, lease))
        written.add_done_callback(lambda done: self._settle(lease, done))
        return written

    def worker_lost(self, lease: Lease) -> None:
        """End an activity or a batch whose worker's process has ended while its host runs."""
        name = lease.item.name
        self._end(lease, worker_loss.of_activity(name), worker_loss.of_entity(name), None)

    def too_large(self, lease: Lease) -> None:
        """End a work item that no connected worker accepts."""
        _log.error(
            "%s: the %s has %d bytes, more than any worker accepts", lease.item.name, lease.item.work, lease.size
        )
        failure = worker_loss.of_size(lease.size)
        self._end(
            lease, pb.ActivityResponse(failureDetails=failure), pb.EntityBatchResult(failureDetails=failure), failure
        )

    def other_version(self, lease: Lease) -> None:
        """End a run whose version the hub does not accept."""
        self._write(lease, lambda tx, lease: turns.fail(tx, lease.token, int(lease.item.key), worker_loss.of_version()))

    def _end(
        self,
        lease: Lease,
        activity: pb.ActivityResponse,
        batch: pb.EntityBatchResult,
        turn: pb.TaskFailureDetails | None,
    ) -> None:
        def step(tx: Tx, lease: Lease) -> None:
            if lease.item.work is Work.ACTIVITY:
                activities.complete(tx, lease.token, int(lease.item.key), activity)
            elif lease.item.work is Work.ENTITY:
                self._take_batch(tx, lease, batch)
            else:
                assert turn is not None
                turns.fail(tx, lease.token, int(lease.item.key), turn)

        self._write(lease, step)

    def _settle(self, lease: Lease, done: asyncio.Future[None]) -> None:
        error = done.exception()
        if isinstance(error, LostLeaseError):
            self._dispatcher.release(lease.token)
            self._dispatcher.pump()
        elif error is not None:
            self._dispatcher.give_back(lease.token, lease.item.work, UNWRITTEN_SECONDS)

    async def AbandonTaskOrchestratorWorkItem(
        self, request: pb.AbandonOrchestrationTaskRequest, _context: Any
    ) -> pb.AbandonOrchestrationTaskResponse:
        """Queue an abandoned turn again."""
        self._dispatcher.give_back(request.completionToken, Work.ORCHESTRATION)
        return pb.AbandonOrchestrationTaskResponse()

    async def AbandonTaskActivityWorkItem(
        self, request: pb.AbandonActivityTaskRequest, _context: Any
    ) -> pb.AbandonActivityTaskResponse:
        """Queue an abandoned activity again."""
        self._dispatcher.give_back(request.completionToken, Work.ACTIVITY)
        return pb.AbandonActivityTaskResponse()

    async def AbandonTaskEntityWorkItem(
        self, request: pb.AbandonEntityTaskRequest, _context: Any
    ) -> pb.AbandonEntityTaskResponse:
        """Queue an abandoned batch of operations again."""
        self._dispatcher.give_back(request.completionToken, Work.ENTITY)
        return pb.AbandonEntityTaskResponse()

    async def CreateTaskHub(self, request: pb.CreateTaskHubRequest, _context: Any) -> pb.CreateTaskHubResponse:
        """Refuse: the hub already exists, and is not emptied by a call."""
        if request.recreateIfExists:
            raise HubError(grpc.StatusCode.FAILED_PRECONDITION, "stop the task hub and delete its file to empty it")
        return pb.CreateTaskHubResponse()

    async def DeleteTaskHub(self, _request: pb.DeleteTaskHubRequest, _context: Any) -> pb.DeleteTaskHubResponse:
        """Refuse: a hub is not deleted by a call."""
        raise HubError(grpc.StatusCode.FAILED_PRECONDITION, "stop the task hub and delete its file")


async def _next(outgoing: asyncio.Queue[bytes | None]) -> bytes | None:
    if not outgoing.empty():
        return outgoing.get_nowait()
    try:
        async with asyncio.timeout(PING_SECONDS):
            return await outgoing.get()
    except TimeoutError:
        return _PING


def _most_bytes(context: Any) -> int | None:
    for key, value in context.invocation_metadata() or ():
        if key == MOST_BYTES_KEY and value.lstrip("-").isdigit():
            return int(value) if int(value) >= 0 else sys.maxsize
    return None
