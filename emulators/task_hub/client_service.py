"""The calls of clients: start, query, wait, control, purge."""

# ruff: noqa: N802 - the methods are named as the protocol names them.

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import control, entities, entity_queries, instance_queries, purging, rewinding, starting
from emulators.task_hub.errors import HubError
from emulators.task_hub.history_events import Kind, given
from emulators.task_hub.instances import PENDING, TERMINAL, Instance, Start
from emulators.task_hub.parts import Parts
from emulators.task_hub.transaction import Tx
from emulators.task_hub.worker_stream import Work

_log = logging.getLogger("task_hub.clients")

_ANSWER_BEFORE_DEADLINE = 0.1
_MOST_CLEANED = 200


class ClientService:
    """The client part of `TaskHubSidecarService`; each method answers when its change is on disk."""

    def __init__(self, parts: Parts) -> None:
        """Use the hub's parts."""
        self._parts = parts
        self._journal = parts.journal
        self._db = parts.reader

    async def StartInstance(self, request: pb.CreateInstanceRequest, _context: Any) -> pb.CreateInstanceResponse:
        """Start an orchestration, now or at its time."""
        version = given(request, "version")
        start = Start(
            request.instanceId or uuid.uuid4().hex,
            request.name,
            given(request, "input"),
            self._parts.options.default_version if version is None else version,
            dict(request.tags) or None,
            at=request.scheduledStartTimestamp.ToMicroseconds()
            if request.HasField("scheduledStartTimestamp")
            else None,
            trace=request.parentTraceContext if request.HasField("parentTraceContext") else None,
            by_client=True,
        )
        existing = self._parts.existing
        replaceable = [int(status) for status in request.orchestrationIdReusePolicy.replaceableStatus]
        started = await self._send(lambda tx: starting.start_by_client(tx, start, existing, replaceable))
        return pb.CreateInstanceResponse(instanceId=started)

    async def GetInstance(self, request: pb.GetInstanceRequest, _context: Any) -> pb.GetInstanceResponse:
        """Return the state of an instance."""
        state = instance_queries.instance(self._db, request.instanceId, payloads=request.getInputsAndOutputs)
        return pb.GetInstanceResponse(exists=state is not None, orchestrationState=state)

    async def WaitForInstanceStart(self, request: pb.GetInstanceRequest, context: Any) -> pb.GetInstanceResponse:
        """Answer when the instance runs or has ended."""
        return await self._wait(request, context, lambda status: status != PENDING, "start")

    async def WaitForInstanceCompletion(self, request: pb.GetInstanceRequest, context: Any) -> pb.GetInstanceResponse:
        """Answer when the instance has ended."""
        return await self._wait(request, context, lambda status: status in TERMINAL, "complete")

    async def _wait(
        self, request: pb.GetInstanceRequest, context: Any, reached: Callable[[int], bool], what: str
    ) -> pb.GetInstanceResponse:
        """An instance that is unknown may still be started: only at the deadline is it reported as missing."""
        left = context.time_remaining()
        until = None if left is None else time.monotonic() + max(left - _ANSWER_BEFORE_DEADLINE, left * 0.8)
        while True:
            state = instance_queries.instance(self._db, request.instanceId, payloads=request.getInputsAndOutputs)
            if state is not None and reached(state.orchestrationStatus):
                return pb.GetInstanceResponse(exists=True, orchestrationState=state)
            seconds = None if until is None else until - time.monotonic()
            if not await self._parts.waiting.change(request.instanceId, seconds):
                break
        if state is None:
            return pb.GetInstanceResponse(exists=False)
        text = f"Timed out waiting for instance '{request.instanceId}' to {what}"
        raise HubError(grpc.StatusCode.DEADLINE_EXCEEDED, text)

    async def RaiseEvent(self, request: pb.RaiseEventRequest, _context: Any) -> pb.RaiseEventResponse:
        """Deliver an event."""
        name, data = request.name, given(request, "input")
        await self._send(lambda tx: control.raise_event(tx, request.instanceId, name, data, self._early))
        return pb.RaiseEventResponse()

    async def TerminateInstance(self, request: pb.TerminateRequest, _context: Any) -> pb.TerminateResponse:
        """Terminate an instance, never its children."""
        output = given(request, "output")
        await self._send(lambda tx: control.terminate(tx, request.instanceId, output, self._early))
        return pb.TerminateResponse()

    async def SkipGracefulOrchestrationTerminations(
        self, _request: pb.SkipGracefulOrchestrationTerminationsRequest, _context: Any
    ) -> pb.SkipGracefulOrchestrationTerminationsResponse:
        """The extension has no such call."""
        raise HubError(grpc.StatusCode.UNIMPLEMENTED, "")

    async def SuspendInstance(self, request: pb.SuspendRequest, _context: Any) -> pb.SuspendResponse:
        """Suspend an instance."""
        reason = given(request, "reason")
        await self._send(lambda tx: control.suspend(tx, request.instanceId, reason, self._early))
        return pb.SuspendResponse()

    async def ResumeInstance(self, request: pb.ResumeRequest, _context: Any) -> pb.ResumeResponse:
        """Resume a suspended instance."""
        reason = given(request, "reason")
        await self._send(lambda tx: control.resume(tx, request.instanceId, reason))
        return pb.ResumeResponse()

    def _early(self, tx: Tx, instance: Instance) -> bool:
        """Return whether a message is lost: its instance was started by a client, and no turn of it has begun."""
        if not self._parts.options.lose_early_events or not instance.by_client or instance.events:
            return False
        row = tx.db.execute("SELECT 1 FROM inbox WHERE n=? AND kind=?", (instance.n, int(Kind.START))).fetchone()
        if row is None or instance.execution > 1 or self._parts.dispatcher.is_out(Work.ORCHESTRATION, instance.n):
            return False
        _log.warning("%s: Discarding 1 dequeued history event(s): No such instance", instance.id)
        return True

    def _send[T](self, step: Callable[[Tx], T]) -> asyncio.Future[T]:
        """Run a transition that sends messages to queues; those of a remote client are received at the next poll."""
        look = self._parts.polling.next_poll if self._parts.options.remote_clients else None

        def taken(tx: Tx) -> T:
            tx.next_poll = look
            return step(tx)

        return self._journal.submit(taken)

    async def RewindInstance(self, request: pb.RewindInstanceRequest, _context: Any) -> pb.RewindInstanceResponse:
        """Let a failed instance run again from its last good state."""
        reason = given(request, "reason")
        await self._journal.submit(lambda tx: rewinding.rewind(tx, request.instanceId, reason))
        return pb.RewindInstanceResponse()

    async def RestartInstance(self, request: pb.RestartInstanceRequest, _context: Any) -> pb.RestartInstanceResponse:
        """Restart a finished instance."""
        new_id = request.restartWithNewInstanceId
        fresh = await self._send(lambda tx: control.restart(tx, request.instanceId, new_id=new_id))
        return pb.RestartInstanceResponse(instanceId=fresh)

    async def QueryInstances(self, request: pb.QueryInstancesRequest, _context: Any) -> pb.QueryInstancesResponse:
        """Return a page of instances."""
        return instance_queries.page(self._db, request.query)

    async def ListInstanceIds(self, _request: pb.ListInstanceIdsRequest, _context: Any) -> pb.ListInstanceIdsResponse:
        """The extension has no such call."""
        raise HubError(grpc.StatusCode.UNIMPLEMENTED, "")

    async def StreamInstanceHistory(
        self, request: pb.StreamInstanceHistoryRequest, _context: Any
    ) -> AsyncIterator[bytes]:
        """Return the history of an instance."""
        for chunk in instance_queries.history(self._db, request.instanceId, given(request, "executionId")):
            yield chunk

    async def PurgeInstances(self, request: pb.PurgeInstancesRequest, _context: Any) -> pb.PurgeInstancesResponse:
        """Delete finished instances: one, or by filter in several transactions, within the filter's time."""
        if request.HasField("instanceBatch"):
            raise HubError(grpc.StatusCode.INVALID_ARGUMENT, "Unknown purge request type 'InstanceBatch'.")
        if request.HasField("purgeInstanceFilter"):
            deleted = await self._purge_by_filter(request.purgeInstanceFilter)
        else:
            purge = purging.purge_entity if request.instanceId.startswith("@") else purging.purge_one
            deleted = await self._journal.submit(lambda tx: purge(tx, request.instanceId))
        return pb.PurgeInstancesResponse(deletedInstanceCount=deleted)

    async def _purge_by_filter(self, wanted: pb.PurgeInstanceFilter) -> int:
        limit = wanted.timeout.ToTimedelta().total_seconds() if wanted.HasField("timeout") else None
        until = None if limit is None else time.monotonic() + limit
        deleted, more = 0, True
        while more and (until is None or time.monotonic() < until):
            count, more = await self._journal.submit(lambda tx: purging.purge_some(tx, wanted))
            deleted += count
        return deleted

    async def SignalEntity(self, request: pb.SignalEntityRequest, _context: Any) -> pb.SignalEntityResponse:
        """Queue an operation on an entity, now or at its time."""
        signal = pb.EntityOperationSignaledEvent(requestId=request.requestId, operation=request.name)
        signal.targetInstanceId.value = request.instanceId
        if request.HasField("input"):
            signal.input.CopyFrom(request.input)
        if request.HasField("scheduledTime"):
            signal.scheduledTime.CopyFrom(request.scheduledTime)
        await self._send(lambda tx: entities.signal(tx, signal))
        return pb.SignalEntityResponse()

    async def GetEntity(self, request: pb.GetEntityRequest, _context: Any) -> pb.GetEntityResponse:
        """Return an entity."""
        found = entity_queries.entity(self._db, request.instanceId, state=request.includeState)
        return pb.GetEntityResponse(exists=found is not None, entity=found)

    async def QueryEntities(self, request: pb.QueryEntitiesRequest, _context: Any) -> pb.QueryEntitiesResponse:
        """Return a page of entities."""
        return entity_queries.page(self._db, request.query)

    async def CleanEntityStorage(
        self, request: pb.CleanEntityStorageRequest, _context: Any
    ) -> pb.CleanEntityStorageResponse:
        """Delete empty entities and release locks whose holder has ended; all of them, in several transactions."""
        empty, orphaned = request.removeEmptyEntities, request.releaseOrphanedLocks
        removed = released = 0
        while True:
            found = await self._journal.submit(
                lambda tx: entities.clean(tx, empty=empty, orphaned=orphaned, most=_MOST_CLEANED)
            )
            removed, released = removed + found[0], released + found[1]
            if not any(found):
                return pb.CleanEntityStorageResponse(emptyEntitiesRemoved=removed, orphanedLocksReleased=released)
