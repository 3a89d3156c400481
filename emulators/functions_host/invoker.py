"""Runs one function: gathers its inputs, calls the worker, writes its output bindings, logs both ends."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.function_catalog import Binding, Function
from emulators.functions_host.invocation_log import in_invocation
from emulators.functions_host.python_worker import Invocation, PythonWorker
from emulators.functions_host.worker_exits import WorkerExits, WorkerProcessExitException
from emulators.functions_host.worker_protocol import InvocationResponse, RpcException, StatusResult, TypedData

_log = logging.getLogger("functions_host")

type InputSource = Callable[[Binding], TypedData]
"""Returns the value of an input binding that is not the trigger."""

type OutputWriter = Callable[[Binding, TypedData], Awaitable[None]]
"""Delivers the value of one output binding."""


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended; `failure` is None when it succeeded, `worker_exited` when the worker's process ended."""

    invocation_id: str
    value: TypedData | None = None
    failure: RpcException | None = None
    worker_exited: bool = False


class FunctionTimeoutException(Exception):
    """A function ran longer than host.json's functionTimeout; named as .NET's, since logs and callers show its name."""


@dataclass(frozen=True)
class _Call:
    """One call that a listener requests."""

    function: Function
    value: TypedData
    metadata: Mapping[str, TypedData]
    reason: str
    trace_parent: str


class Invoker:
    """All listeners call functions through this one, so that running calls can be waited for."""

    def __init__(
        self,
        worker: PythonWorker,
        inputs: Mapping[str, InputSource],
        outputs: Mapping[str, OutputWriter],
        timeout: timedelta | None = None,
    ) -> None:
        """Uses sources and writers by binding kind ("durableClient", "queue"), and the time limit of a run."""
        self._worker = worker
        self._inputs = inputs
        self._outputs = outputs
        self._timeout = timeout
        self._running: set[asyncio.Task[Outcome]] = set()
        self._left_at_stop: set[asyncio.Task[Outcome]] = set()
        self.worker_exits = WorkerExits()

    async def run(
        self,
        function: Function,
        value: TypedData,
        *,
        metadata: Mapping[str, TypedData] | None = None,
        reason: str,
        trace_parent: str = "",
        waited_for: bool = True,
    ) -> Outcome:
        """Runs `function` with the trigger's `value`; failures of the app or of an output are in the outcome.

        A caller that is cancelled (a closed HTTP connection) does not cancel the function. `waited_for`: a host that
        stops lets it end.
        """
        call = _Call(function, value, metadata or {}, reason, trace_parent)
        work = self._run(str(uuid.uuid4()), call)
        task = asyncio.create_task(work, name=f"invoke {function.name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if not waited_for:
            self._left_at_stop.add(task)
            task.add_done_callback(self._left_at_stop.discard)
        return await asyncio.shield(task)

    async def drain(self, limit: float) -> int:
        """Waits up to `limit` seconds for running functions, not for durable ones; returns how many still run then."""
        if waited := self._running - self._left_at_stop:
            await asyncio.wait(waited, timeout=limit)
        return len(self._running)

    async def _run(self, invocation_id: str, call: _Call) -> Outcome:
        function = call.function
        with in_invocation(invocation_id, function.name):
            started = time.perf_counter()
            _log.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", function.name, call.reason, invocation_id)
            try:
                outcome = await self._finish(function, await self._invoke(self._invocation(invocation_id, call)))
            except Exception as error:
                # An output that cannot be written fails this call, not the host.
                _log.debug("invocation %s failed in the host", invocation_id, exc_info=True)
                failure = RpcException(f"{type(error).__name__}: {error}")
                exited = isinstance(error, WorkerProcessExitException)
                outcome = Outcome(invocation_id, failure=failure, worker_exited=exited)
            _log_end(function, outcome, time.perf_counter() - started)
        return outcome

    async def _invoke(self, invocation: Invocation) -> InvocationResponse:
        """Ends the call at its time limit: a coroutine is cancelled, a thread continues without effect."""

        def call() -> Coroutine[Any, Any, InvocationResponse]:
            return self._worker.invoke(invocation)

        limit = None if self._timeout is None else self._timeout.total_seconds()
        try:
            async with asyncio.timeout(limit):
                return await self.worker_exits.run(invocation.function_name, call)
        except TimeoutError:
            raise FunctionTimeoutException(
                f"Timeout value of {self._timeout} was exceeded by function: Functions.{invocation.function_name}"
            ) from None

    def _invocation(self, invocation_id: str, call: _Call) -> Invocation:
        function = call.function
        assert function.trigger is not None
        inputs = {function.trigger.name: call.value}
        for binding in function.inputs():
            source = self._inputs.get(binding.kind)
            if source is None:
                raise ConfigurationError(f"this host has no {binding.kind} input (parameter {binding.name})")
            inputs[binding.name] = source(binding)
        return Invocation(
            invocation_id,
            function.function_id,
            function.name,
            inputs,
            call.metadata,
            call.trace_parent,
        )

    async def _finish(self, function: Function, answer: InvocationResponse) -> Outcome:
        if answer.result.status != StatusResult.Success:
            failure = answer.result.exception or RpcException("the worker reported no reason")
            return Outcome(answer.invocation_id, failure=failure)
        values = {item.name: item.data for item in answer.output_data}
        values["$return"] = answer.return_value
        value = answer.return_value
        for binding in function.outputs():
            data = values.get(binding.name)
            # An "http" output, whatever its name, is the answer of the trigger that called.
            if binding.kind == "http":
                value = data
            elif data is not None:
                await self._write(binding, data)
        return Outcome(answer.invocation_id, value=value)

    async def _write(self, binding: Binding, data: TypedData) -> None:
        writer = self._outputs.get(binding.kind)
        if writer is None:
            raise ConfigurationError(f"this host has no {binding.kind} output (parameter {binding.name})")
        await writer(binding, data)


def _log_end(function: Function, outcome: Outcome, seconds: float) -> None:
    took = f"Id={outcome.invocation_id}, Duration={seconds * 1000:.0f}ms"
    if outcome.failure is None:
        _log.info("Executed 'Functions.%s' (Succeeded, %s)", function.name, took)
        return
    _log.error(
        "Executed 'Functions.%s' (Failed, %s): %s\n%s",
        *(function.name, took, outcome.failure.message, outcome.failure.stack_trace),
    )
