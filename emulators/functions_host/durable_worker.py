"""The durabletask worker: streams work items from the engine, runs them, and completes or abandons them."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.functions_host.durable_options import DurableOptions
from emulators.functions_host.durable_tasks import DurableTasks
from emulators.functions_host.engine_connection import EngineConnection
from emulators.functions_host.worker_exits import WorkerProcessExitException

_log = logging.getLogger("functions_host.durable")
_RECONNECT_SECONDS = 0.5
# Measured: the real host ended 1.1 s after SIGTERM, with a running activity.
_LAST_SECONDS = 1.0
_UNLIMITED = [("task-hub-max-message-bytes", "-1")]  # as this connection accepts them; other engines do not read it


class DurableWorker:
    """One stream of work items."""

    def __init__(self, address: str, tasks: DurableTasks, options: DurableOptions) -> None:
        """Uses the engine's "host:port"; connects in `start`."""
        self._engine = EngineConnection(address)
        self._tasks = tasks
        self._options = options
        self._slots = {
            "orchestratorRequest": asyncio.Semaphore(options.max_concurrent_orchestrators),
            "activityRequest": asyncio.Semaphore(options.max_concurrent_activities),
            "entityRequest": asyncio.Semaphore(options.max_concurrent_entities),
        }
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = threading.Event()
        self._stream: Any = None
        self._reader: threading.Thread | None = None

    async def start(self) -> None:
        """Begins to receive work items."""
        loop = asyncio.get_running_loop()
        self._reader = threading.Thread(target=self._read, args=(loop,), name="work-items", daemon=True)
        self._reader.start()

    async def stop(self, limit: float) -> None:
        """Receives no more work items, waits a second (`limit` at most) for running ones, and disconnects.

        As Azure's host does: a longer activity is not awaited, and nothing is abandoned. The engine sends it
        again after its visibility timeout.
        """
        self._stopping.set()
        if self._stream is not None:
            self._stream.cancel()
        if self._running:
            _, left = await asyncio.wait(set(self._running), timeout=min(limit, _LAST_SECONDS))
            if left:
                _log.warning(
                    "%s durable functions still run and are not awaited; the engine sends them again", len(left)
                )
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        if self._reader is not None:
            await asyncio.to_thread(self._reader.join, 5.0)
        await self._engine.close()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        request = pb.GetWorkItemsRequest(
            maxConcurrentOrchestrationWorkItems=self._options.max_concurrent_orchestrators,
            maxConcurrentActivityWorkItems=self._options.max_concurrent_activities,
            maxConcurrentEntityWorkItems=self._options.max_concurrent_entities,
        )
        while not self._stopping.is_set():
            try:
                self._stream = self._engine.stub.GetWorkItems(request, metadata=_UNLIMITED)
                if self._stopping.is_set():
                    # `stop` may have been called just before there was a stream.
                    self._stream.cancel()
                for item in self._stream:
                    loop.call_soon_threadsafe(self._accept, item)
            except grpc.RpcError as error:
                if not self._stopping.is_set():
                    _log.warning("the engine's stream of work items broke (%s); connecting again", error.code())  # pyright: ignore
            except RuntimeError:
                return  # the host's loop is closed: nothing can run
            self._stopping.wait(_RECONNECT_SECONDS)

    def _accept(self, item: pb.WorkItem) -> None:
        if self._stopping.is_set():
            return  # as if it had been sent to a host that has ended
        task = asyncio.create_task(self._handle(item))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _handle(self, item: pb.WorkItem) -> None:
        kind = item.WhichOneof("request")
        run = self._runners.get(kind or "")
        if run is None:
            if kind != "healthPing":
                _log.warning("the engine sent a work item that this host does not know: %s", kind)
            return
        try:
            async with self._slots[(kind or "").removesuffix("V2")]:
                await run(item)
        except asyncio.CancelledError:
            raise
        except WorkerProcessExitException as error:
            _log.warning("%s; it is abandoned, and the engine sends it again", error)
            await self._abandon(item)
        except Exception:
            _log.exception(
                "a work item (%s) could not be completed; it is abandoned, and the engine sends it again", kind
            )
            await self._abandon(item)

    @property
    def _runners(self) -> dict[str, Callable[[pb.WorkItem], Awaitable[None]]]:
        return {
            "orchestratorRequest": self._orchestrate,
            "activityRequest": self._act,
            "entityRequest": self._operate,
            "entityRequestV2": self._operate,
        }

    async def _orchestrate(self, item: pb.WorkItem) -> None:
        response = await self._tasks.orchestrate(item.orchestratorRequest)
        response.completionToken = item.completionToken
        await self._engine.call("CompleteOrchestratorTask", response)

    async def _act(self, item: pb.WorkItem) -> None:
        response = await self._tasks.act(item.activityRequest)
        response.completionToken = item.completionToken
        await self._engine.call("CompleteActivityTask", response)

    async def _operate(self, item: pb.WorkItem) -> None:
        request = item.entityRequestV2 if item.HasField("entityRequestV2") else item.entityRequest
        response = await self._tasks.operate(request)
        response.completionToken = item.completionToken
        await self._engine.call("CompleteEntityTask", response)

    async def _abandon(self, item: pb.WorkItem) -> None:
        token = item.completionToken
        kind = item.WhichOneof("request")
        try:
            if kind == "orchestratorRequest":
                await self._engine.call(
                    "AbandonTaskOrchestratorWorkItem",
                    pb.AbandonOrchestrationTaskRequest(completionToken=token),
                )
            elif kind == "activityRequest":
                await self._engine.call(
                    "AbandonTaskActivityWorkItem", pb.AbandonActivityTaskRequest(completionToken=token)
                )
            elif kind in ("entityRequest", "entityRequestV2"):
                await self._engine.call("AbandonTaskEntityWorkItem", pb.AbandonEntityTaskRequest(completionToken=token))
        except grpc.RpcError:
            _log.debug("a work item could not be abandoned; the engine sends it again after its timeout", exc_info=True)
